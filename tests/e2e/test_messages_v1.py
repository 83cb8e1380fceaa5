"""Messages of hosted numbers through the whole stack: V1 requests, and callbacks by POST and by GET."""

import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
import requests

from local.stack import Stack
from tests.e2e.test_messages import conversation, send, unused_number, wait_for_end
from tests.generations import only_classic
from tests.machines import TEXT, control, run, unique, wait_until
from tests.workflows.test_hosted_messaging import some_numbers

pytestmark = only_classic


def import_number(cloud: Stack, method: str) -> str:
    name, (number,) = unique("v1"), some_numbers(1)
    machine_input = {
        "applicationName": name,
        "customerOrderId": name,
        "telephoneNumbers": [number],
        "callbackHttpMethod": method,
    }
    execution = run(cloud, "hosted_messaging", machine_input)
    assert execution.status == "SUCCEEDED", execution.cause
    return number


@pytest.fixture(scope="session", params=["POST", "GET"])
def hosted(clouds: dict[str, Stack], request: pytest.FixtureRequest) -> str:
    """Return a hosted number whose application receives callbacks by POST or by GET."""
    return import_number(clouds["classic"], request.param)


def test_a_text_is_sent_through_v1_and_its_receipt_is_recorded(cloud: Stack, hosted: str) -> None:
    to = unused_number()
    message_id = send(cloud, hosted, to)

    message = wait_for_end(cloud, message_id)

    assert (message["state"], message["api"]) == ("delivered", "v1")
    (received,) = control(cloud, "GET", f"/messages?to={quote(to)}")["messages"]
    assert (received["tag"], received["text"], received["id"]) == (message_id, TEXT, message["bandwidthId"])


def test_a_failed_text_has_the_delivery_code(cloud: Stack, hosted: str) -> None:
    to = unused_number()
    control(cloud, "PUT", f"/outcomes/{quote(to)}", {"types": ["message-failed"], "errorCode": 720})

    message = wait_for_end(cloud, send(cloud, hosted, to))

    assert (message["state"], message["errorCode"]) == ("failed", 720)


def test_a_v1_throttle_with_status_403_is_retried(cloud: Stack, hosted: str) -> None:
    to = unused_number()
    body = json.dumps({"category": "limit", "code": "message-rate-limit", "message": "slower"})
    fault = {"method": "POST", "path": "/messages$", "match": to, "answer": {"status": 403, "body": body}}
    control(cloud, "POST", "/faults", fault)

    assert wait_for_end(cloud, send(cloud, hosted, to))["state"] == "delivered"
    assert len(control(cloud, "GET", f"/messages?to={quote(to)}")["messages"]) == 1


def test_an_inbound_reply_is_stored_with_its_media(cloud: Stack, hosted: str) -> None:
    media = ["https://media.example/a.png", "https://media.example/b.smil"]
    reply = {"from": unused_number(), "to": hosted, "text": TEXT, "media": media}
    reply_id = control(cloud, "POST", "/inbound", reply)["id"]

    def stored() -> dict[str, Any] | None:
        stored_messages = [
            message for message in conversation(cloud, hosted) if message["messageId"] == reply_id
        ]
        return stored_messages[0] if stored_messages else None

    message = wait_until(stored)

    assert message is not None
    assert (message["api"], message["text"], message["media"]) == ("v1", TEXT, media)


def test_a_get_callback_receives_an_empty_bxml_response(cloud: Stack, hosted: str) -> None:
    query = {
        "messageId": f"m-{uuid.uuid4().hex}", "from": "+19191231111", "eventType": "sms", "text": TEXT,
        "time": "2016-12-01T16:04:49Z", "to": hosted, "state": "received", "direction": "in",
    }  # fmt: skip

    response = requests.get(
        f"{cloud.callback_api}/callbacks/v1",
        params=query,
        auth=(cloud.callback_user, cloud.callback_password),
        timeout=30,
    )

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/xml")
    assert response.text.endswith("<Response/>")
    assert query["messageId"] in [message["messageId"] for message in conversation(cloud, hosted)]
