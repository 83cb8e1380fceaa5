"""A card by RCS with an SMS as its fallback, through the whole stack."""

import uuid
from typing import Any
from urllib.parse import quote

import pytest

from local.stack import Stack
from tests.generations import only_current
from tests.machines import TEXT, control, get, wait_until

pytestmark = only_current

AGENT = "ExampleAgent"
CARD = {
    "orientation": "VERTICAL",
    "cardContent": {
        "title": "Your parcel arrives today",
        "suggestions": [
            {"type": "OPEN_URL", "text": "Track it", "postbackData": "dHJhY2s=", "url": "https://example.com"}
        ],
    },
}
REPLY = {"type": "REPLY", "text": "Thanks", "postbackData": "dGhhbmtz"}
RCS = {"from": AGENT, "card": CARD, "suggestions": [REPLY]}


def unused_number() -> str:
    return f"+1919555{uuid.uuid4().int % 10_000:04}"


def send(cloud: Stack, owner_number: str, to: str) -> str:
    message = {"from": owner_number, "to": to, "text": TEXT, "rcs": RCS}
    message_id: str = cloud.api().call("sendMessage", message)["messageId"]
    return message_id


def wait_for(cloud: Stack, message_id: str, *times: str) -> dict[str, Any]:
    """Return the message when it has these times."""

    def read() -> dict[str, Any] | None:
        message: dict[str, Any] = get(cloud, f"/messages/{message_id}")
        return message if message["times"].keys() >= set(times) else None

    return wait_until(read)


def test_a_phone_with_rcs_gets_the_card_and_answers_it(cloud: Stack, owner_number: str) -> None:
    to = unused_number()

    message_id = send(cloud, owner_number, to)

    message = wait_for(cloud, message_id, "delivered")
    assert (message["state"], message["channel"], message["rcs"]) == ("delivered", "RBM", RCS)
    (shown,) = control(cloud, "GET", f"/messages?to={quote(to)}")["messages"]
    assert (shown["from"], shown["tag"]) == (AGENT, message_id)
    assert shown["content"]["cardContent"]["title"] == "Your parcel arrives today"

    control(cloud, "POST", "/events", {"type": "message-read", "message_id": message["bandwidthId"]})
    wait_for(cloud, message_id, "read")

    answer = {"type": "suggestion-response", "from": to, "to": AGENT, "text": "Thanks"}
    control(cloud, "POST", "/events", answer | {"postback_data": REPLY["postbackData"]})
    path = f"/conversations/{AGENT}/{quote(to)}"
    (received,) = wait_until(lambda: get(cloud, path)["items"])
    assert (received["text"], received["suggestionResponse"]["postbackData"]) == ("Thanks", "dGhhbmtz")


@pytest.mark.parametrize("reported", [False, True])
def test_a_phone_without_rcs_gets_the_sms(cloud: Stack, owner_number: str, reported: bool) -> None:
    to = unused_number()
    control(cloud, "PUT", f"/handsets/{quote(to)}", {"rcs": False, "report_failure": reported})

    message_id = send(cloud, owner_number, to)

    message = wait_for(cloud, message_id, "delivered")
    assert (message["state"], message["channel"]) == ("delivered", "SMS")
    (shown,) = control(cloud, "GET", f"/messages?to={quote(to)}")["messages"]
    assert (shown["from"], shown["text"], shown["tag"]) == (owner_number, TEXT, message_id)
    if reported:
        failure = wait_until(lambda: get(cloud, f"/messages/{message_id}").get("rcsFailure"))
        assert failure["errorCode"] == 4754
