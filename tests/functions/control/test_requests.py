"""Requests to the ControlApi as API Gateway passes them to Lambda: paths, bodies, media types, parameters."""

import base64
import json
from dataclasses import replace
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bandwidth_messaging.api import cursors
from bandwidth_messaging.domain.messages import Message, MessageState
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.phone_numbers import from_callback
from bandwidth_messaging.runtime import stores
from functions.control import browse, start_setup
from functions.messages import send_message
from tests.functions.conftest import Stack, api_event, call, call_api

HOME = Home(api="v2", customer_order_id="order-1", location_id="500001", site_id="1001")
AT = "2026-01-01T00:00:00.000Z"
OURS, THEIRS = "+19102398766", "+19195551234"
WITH_BODY = [
    (send_message, "/messages"),
    (start_setup, "/setups/messaging-v2"),
    (start_setup, "/setups/hosted-messaging"),
]


def post(
    module: ModuleType, path: str, body: str | bytes | None, content_type: str = "application/json"
) -> tuple[int, Any]:
    """Send a raw body. Bytes are passed as API Gateway passes binary media types."""
    event = api_event("POST", path)
    encoded = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    # REST APIs pass header names as the client wrote them.
    event["headers"] = {name: value for name, value in event["headers"].items() if name != "Content-Type"}
    event["headers"] |= {"content-Type": content_type} if content_type else {}
    answer = call(module, event | {"body": encoded, "isBase64Encoded": isinstance(body, bytes)})
    return answer["statusCode"], json.loads(answer["body"])


def fields(problem: Any) -> list[str]:
    return [error["field"] for error in problem["errors"]]


# Bodies


@pytest.mark.parametrize(("module", "path"), WITH_BODY)
@pytest.mark.parametrize(
    "body",
    [
        '[{"areaCode": "910"}]',
        '[{"from": "+19102398766", "to": "+19195551234", "text": "Hello"}]',
        "[]",
        "[[]]",
        "[{}, {}]",
        "null",
        "true",
        "7",
        '"text"',
        "",
        None,
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"quantity": ' + "9" * 5000 + "}",
        '{"deadlineHours": NaN}',
        '{"deadlineHours": -Infinity}',
        '{"areaCode": "910"} {}',
    ],
    ids=lambda body: str(body)[:20],
)
def test_a_body_that_is_not_a_json_object_is_a_422(
    stack: Stack, module: ModuleType, path: str, body: str | None
) -> None:
    status, problem = post(module, path, body)

    assert (status, fields(problem)) == (422, ["body"])
    assert problem["title"] == "Unprocessable Content"


@pytest.mark.parametrize(("module", "path"), WITH_BODY)
@pytest.mark.parametrize("body", ['{"text": "caf\ufffd"}', b'{"text": "caf\xe9"}', b"\xff\xfe{}"])
def test_a_body_that_is_not_utf_8_is_a_422(
    stack: Stack, module: ModuleType, path: str, body: str | bytes
) -> None:
    status, problem = post(module, path, body)

    assert (status, fields(problem)) == (422, ["body"])
    assert "UTF-8" in problem["errors"][0]["detail"]


@pytest.mark.parametrize("text", ["\ufeff{}", b"\xef\xbb\xbf{}"])
def test_a_byte_order_mark_is_skipped(stack: Stack, text: str | bytes) -> None:
    status, problem = post(send_message, "/messages", text)

    assert (status, fields(problem)) == (422, ["from", "to", "text"])


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/json", "APPLICATION/JSON", "application/json; charset=utf-8", ""],
)
def test_the_media_type_of_json_may_be_written_in_any_case(stack: Stack, content_type: str) -> None:
    status, problem = post(send_message, "/messages", "{}", content_type)

    assert (status, fields(problem)) == (422, ["from", "to", "text"])


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "application/jsonlines",
        "application/json-patch+json",
    ],
)
@pytest.mark.parametrize(("module", "path"), WITH_BODY)
def test_another_media_type_is_a_415(stack: Stack, module: ModuleType, path: str, content_type: str) -> None:
    status, problem = post(module, path, "areaCode=910", content_type)

    assert status == 415
    assert "application/json" in problem["detail"]


@pytest.mark.parametrize("field", ["text", "tag"])
def test_half_a_surrogate_pair_is_an_invalid_field(stack: Stack, field: str) -> None:
    body = json.dumps({"from": OURS, "to": THEIRS, "text": "whole", field: "half \ud83d"})

    status, problem = post(send_message, "/messages", body)

    assert (status, fields(problem)) == (422, [field])


@pytest.mark.parametrize(("module", "path"), WITH_BODY)
@pytest.mark.parametrize("key", ["", " ", " \t "])
def test_a_blank_idempotency_key_is_a_422_that_names_the_header(
    stack: Stack, module: ModuleType, path: str, key: str
) -> None:
    body = {"from": OURS, "to": THEIRS, "text": "Hello"} if path == "/messages" else {"areaCode": "910"}
    event = api_event("POST", path, body=body, headers={"Idempotency-Key": key})

    answer = call(module, event)

    problem = json.loads(answer["body"])
    assert (answer["statusCode"], problem["errors"][0]["field"].lower()) == (422, "idempotency-key")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
NAMES = st.sampled_from(["from", "to", "text", "media", "tag", "priority", "expiration", "surprise"])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, JSON))
def test_no_body_is_a_500(stack: Stack, body: dict[str, Any]) -> None:
    assert post(send_message, "/messages", json.dumps(body))[0] == 422


# Paths


@pytest.fixture
def stored(stack: Stack) -> Stack:
    """Store a number with an opt-out and conversations, and an order with a space in its id."""
    stores.numbers().activate(OURS, HOME, AT)
    stores.opt_outs().record(OURS, THEIRS, opted_out=True, keyword="stop", at=AT)
    stores.orders().open(
        "Order 7", kind="messaging_v2", requested=1, execution_arn="arn", at=AT, digest="a digest"
    )
    conversations = {
        "in 1/ä": (THEIRS, OURS),
        "in-2": ("12345", OURS),
        "in-3": ("My Shop", OURS),
        "in-4": (THEIRS, OURS, "+442079460958"),
    }
    for message_id, (sender, *recipients) in conversations.items():
        stores.messages().add(received(message_id, sender, *recipients))
    return stack


@pytest.mark.parametrize("number", [quote(OURS, safe=""), OURS, "9102398766", "%28910%29%20239-8766"])
def test_a_number_in_a_path_is_decoded(stored: Stack, number: str) -> None:
    assert call_api(browse, "GET", f"/numbers/{number}")[1]["number"] == OURS
    (opt_out,) = call_api(browse, "GET", f"/numbers/{number}/opt-outs")[1]["items"]
    assert opt_out["number"] == THEIRS


@pytest.mark.parametrize(
    ("participants", "message_id"),
    [
        ("%2B19195551234", "in 1/ä"),
        ("+19195551234", "in 1/ä"),
        ("12345", "in-2"),
        ("My%20Shop", "in-3"),
        ("%2B19195551234%2C%2B442079460958", "in-4"),
        ("+442079460958,+19195551234", "in-4"),
        ("%2B44%2020%207946%200958%2c9195551234", "in-4"),
    ],
)
def test_participants_in_a_path_are_decoded(stored: Stack, participants: str, message_id: str) -> None:
    status, page = call_api(browse, "GET", f"/conversations/%2B19102398766/{participants}")

    assert (status, [item["messageId"] for item in page["items"]]) == (200, [message_id])


def test_ids_in_a_path_are_decoded_after_the_route_is_matched(stored: Stack) -> None:
    assert call_api(browse, "GET", "/orders/Order%207")[1]["customerOrderId"] == "Order 7"
    assert call_api(browse, "GET", "/messages/in%201%2F%C3%A4")[1]["messageId"] == "in 1/ä"


def test_a_percent_sign_is_decoded_once(stored: Stack) -> None:
    assert call_api(browse, "GET", "/orders/Order%25207")[0] == 422


STORED_AS_SENT = [
    "00447700900123",
    "1234567890",
    "12",
    "ACME",
    "Shop, Inc",
    "Shop,Inc",
    "a, b and c, d",
    "tel:+19195551234",
    "+4402079460958",
    "1-234-567-890",
]


@pytest.mark.parametrize("limit", ["25", "1"])
@pytest.mark.parametrize("sender", STORED_AS_SENT)
def test_a_conversation_is_found_by_the_participant_that_a_message_shows(
    stored: Stack, sender: str, limit: str
) -> None:
    for message_id in ("in-5", "in-6"):
        message = received(message_id, from_callback(sender))
        assert message.sender == sender
        stores.messages().add(message)
    path, found, query = f"/conversations/%2B19102398766/{quote(sender, safe='')}", [], {"limit": limit}
    while query:
        status, page = call_api(browse, "GET", path, query=query)
        assert status == 200
        found += [(item["messageId"], item["from"]) for item in page["items"]]
        query = query | {"cursor": page["cursor"]} if page["cursor"] else {}

    assert found == [("in-6", sender), ("in-5", sender)]


def test_a_group_conversation_with_a_comma_in_a_name_is_found(stored: Stack) -> None:
    stores.messages().add(received("in-5", "Shop, Inc", OURS, THEIRS))

    status, page = call_api(browse, "GET", f"/conversations/{OURS}/{quote(f'Shop, Inc,{THEIRS}', safe='')}")

    assert (status, [item["messageId"] for item in page["items"]]) == (200, ["in-5"])


def test_a_cursor_of_another_conversation_is_a_422(stored: Stack) -> None:
    for message_id in ("in-5", "in-6"):
        stores.messages().add(received(message_id, "Shop, Inc"))
    path = f"/conversations/{OURS}/"
    cursor = call_api(browse, "GET", f"{path}Shop%2C%20Inc", query={"limit": "1"})[1]["cursor"]

    status, problem = call_api(browse, "GET", f"{path}ACME", query={"cursor": cursor})

    assert (status, fields(problem)) == (422, ["cursor"])


@pytest.mark.parametrize("owner", ["12345", "1234567890", "00447700900123"])
def test_messages_of_an_owner_that_is_not_e164_are_listed(stored: Stack, owner: str) -> None:
    stores.messages().add(replace(received("in-5", THEIRS), owner=owner))

    status, page = call_api(browse, "GET", "/messages", query={"number": owner})

    assert (status, [item["owner"] for item in page["items"]]) == (200, [owner])


def received(message_id: str, sender: str, *recipients: str) -> Message:
    return Message(
        message_id=message_id,
        direction="in",
        api="v2",
        owner=OURS,
        sender=sender,
        recipients=recipients or (OURS,),
        text="Hello",
        state=MessageState.RECEIVED,
        time=AT,
    )


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/messages/" + "x" * 3000, "messageId"),
        ("/orders/" + "x" * 3000, "customerOrderId"),
        ("/orders/under_score", "customerOrderId"),
        ("/orders/%FF", "customerOrderId"),
        ("/numbers/" + "9" * 3000, "number"),
        ("/numbers/%FF", "number"),
        ("/numbers/%2B44%20(0)20%207946%200958", "number"),
        ("/conversations/%2B19102398766/+19195551234,12", "participants[1]"),
        ("/conversations/%2B19102398766/+19195551234,", None),
        ("/conversations/%2B19102398766/" + "x" * 3000, "participants[0]"),
    ],
)
def test_an_invalid_path_parameter_is_a_422(stored: Stack, path: str, field: str | None) -> None:
    status, problem = call_api(browse, "GET", path)

    assert (status, fields(problem)) == (422, [field or "participants[1]"])


# Query parameters


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/messages", {"number": OURS, "colour": "red"}, "colour"),
        ("/numbers", {"State": "active"}, "State"),
        (f"/numbers/{OURS}", {"limit": "1"}, "limit"),
        ("/orders/Order%207", {"limit": "1"}, "limit"),
    ],
)
def test_an_unknown_query_parameter_is_a_422(
    stored: Stack, path: str, query: dict[str, str], field: str
) -> None:
    status, problem = call_api(browse, "GET", path, query=query)

    assert (status, fields(problem)) == (422, [field])


def forged(path: str, key: Any) -> str:
    """Return a cursor of this list with a key that the list did not return."""
    of = {"/numbers": "numbers of all states", "/messages": f"messages of {OURS}"}[path]
    return str(cursors.encode_cursor(key, list_name=of))


@pytest.mark.parametrize(
    ("path", "cursor"),
    [
        ("/numbers", base64.urlsafe_b64encode(b"[" * 5000).decode()),
        ("/numbers", base64.urlsafe_b64encode(b"9" * 5000).decode()),
        ("/numbers", forged("/numbers", {"pk": "x"})),
        ("/numbers", forged("/numbers", {"pk": "x", "state": "surprise"})),
        ("/numbers", forged("/numbers", {"pk": "\ud800", "state": "active"})),
        ("/messages", "x" * 5000),
    ],
)
def test_a_forged_cursor_is_a_422(stored: Stack, path: str, cursor: str) -> None:
    query = {"cursor": cursor} | ({"number": OURS} if path == "/messages" else {})

    status, problem = call_api(browse, "GET", path, query=query)

    assert (status, fields(problem)) == (422, ["cursor"])


@pytest.mark.parametrize("path", ["/numbers", "/messages"])
def test_a_start_key_that_dynamodb_rejects_is_a_422(
    stored: Stack, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """moto accepts every start key. DynamoDB returns a ValidationException."""

    def query(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "start key"}}, "Query")

    monkeypatch.setattr(stores._dynamodb(), "query", query)
    parameters = {"cursor": forged(path, {"pk": "x", "state": "active"})}
    parameters |= {"number": OURS} if path == "/messages" else {}

    status, problem = call_api(browse, "GET", path, query=parameters)

    assert (status, fields(problem)) == (422, ["cursor"])
