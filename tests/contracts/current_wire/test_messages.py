"""Requests that send and search messages, in the current messaging API."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from bandwidth_messaging.bandwidth.messaging import AcceptedMessage, FoundMessage
from bandwidth_messaging.bandwidth.messaging_current import MessagingCurrent
from bandwidth_messaging.domain.messages import MessageState
from tests.contracts.current_wire.wire import ACCOUNT, OTHER_NUMBER, OWN_NUMBER
from tests.http_server import Response, Server


@pytest.mark.parametrize("to", [(OTHER_NUMBER,), (OTHER_NUMBER, "+19195550102")])
def test_recipients_are_always_a_list(
    bandwidth: Server, messaging: MessagingCurrent, to: tuple[str, ...]
) -> None:
    bandwidth.respond_with(Response(202, json.dumps({"id": "message-1", "segmentCount": 1})))

    accepted = messaging.prepare_send(
        sender=OWN_NUMBER, to=to, text="Hi", application_id="app-1", tag="out_1"
    )()

    assert accepted == AcceptedMessage("message-1", 1)
    assert bandwidth.only_request.path == f"/api/v2/users/{ACCOUNT}/messages"
    assert json.loads(bandwidth.only_request.body) == {
        "from": OWN_NUMBER,
        "to": list(to),
        "text": "Hi",
        "applicationId": "app-1",
        "tag": "out_1",
    }


def find_sent(messaging: MessagingCurrent) -> list[FoundMessage]:
    return messaging.find_sent(
        OWN_NUMBER, OTHER_NUMBER, since="2026-11-22T10:00:00.000Z", until="2026-11-22T10:03:00.000Z"
    )


def test_the_search_names_the_two_numbers_and_a_period(
    bandwidth: Server, messaging: MessagingCurrent
) -> None:
    bandwidth.respond_with(Response(200, json.dumps({"totalCount": 0, "pageInfo": {}, "messages": []})))

    assert find_sent(messaging) == []
    url = urlsplit(bandwidth.only_request.path)
    assert (bandwidth.only_request.method, url.path) == ("GET", f"/api/v2/users/{ACCOUNT}/messages")
    assert parse_qs(url.query) == {
        "sourceTn": [OWN_NUMBER],
        "destinationTn": [OTHER_NUMBER],
        "messageDirection": ["OUTBOUND"],
        "fromDateTime": ["2026-11-22T10:00:00.000Z"],
        "toDateTime": ["2026-11-22T10:03:00.000Z"],
    }


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        ("ACCEPTED", None, "sent"),
        ("QUEUED", None, "sent"),
        ("SENDING", None, "sent"),
        ("SENT", None, "sent"),
        ("A-NEW-WORD", None, "sent"),
        ("DELIVERED", None, "delivered"),
        ("FAILED", 4720, "failed"),
        ("UNDELIVERED", 4750, "failed"),
        ("UNDELIVERED", 9902, "delivery_unknown"),
        ("FAILED", None, "failed"),
    ],
)
def test_the_state_of_a_found_message_is_that_of_its_status(
    bandwidth: Server, messaging: MessagingCurrent, status: str, code: int | None, state: str
) -> None:
    item = {"messageId": "message-1", "messageStatus": status, "segmentCount": 2, "recipientCount": 1}
    error = {"errorCode": code} if code else {}
    bandwidth.respond_with(Response(200, json.dumps({"totalCount": 1, "messages": [item | error]})))
    assert find_sent(messaging) == [FoundMessage("message-1", MessageState(state), code, 2, 1)]
