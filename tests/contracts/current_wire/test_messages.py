"""Requests that send and search messages, in the current messaging API."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bandwidth_messaging.bandwidth.errors import (
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
)
from bandwidth_messaging.bandwidth.messaging import AcceptedMessage, FoundMessage
from bandwidth_messaging.bandwidth.messaging_current import MessagingCurrent
from bandwidth_messaging.domain.messages import MessageState
from simulator.messaging.multi_channel import MultiChannelRequest, parse_request
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


AGENT = "ExampleAgent"
SUGGESTIONS = [{"type": "REPLY", "text": "Thanks", "postbackData": "dGhhbmtz"}]
ACCEPTED = {"links": [], "data": {"id": "message-1", "channelList": []}, "errors": []}
CARD = {"orientation": "VERTICAL", "cardContent": {"title": "Your parcel"}}
CAROUSEL = {"cardWidth": "SMALL", "cardContents": [{"title": "One"}, {"title": "Two"}]}
FILES = [{"fileUrl": "https://example.com/a.png"}]


def send_rcs(
    messaging: MessagingCurrent,
    content: dict[str, Any],
    *,
    text: str = "Hi",
    media: tuple[str, ...] = (),
    **fields: Any,
) -> AcceptedMessage:
    return messaging.prepare_send(
        sender=OWN_NUMBER,
        to=(OTHER_NUMBER,),
        text=text,
        media=media,
        application_id="app-1",
        tag="out_1",
        rcs={"from": AGENT, **content},
        **fields,
    )()


@pytest.mark.parametrize(
    ("content", "wire"),
    [
        ({"text": "Hello"}, {"text": "Hello"}),
        ({"media": FILES}, {"media": FILES}),
        ({"card": CARD}, CARD),
        ({"carousel": CAROUSEL}, CAROUSEL),
    ],
)
def test_rcs_is_the_first_channel_and_the_text_its_fallback(
    bandwidth: Server, messaging: MessagingCurrent, content: dict[str, Any], wire: dict[str, Any]
) -> None:
    bandwidth.respond_with(Response(202, json.dumps(ACCEPTED)))

    accepted = send_rcs(messaging, {**content, "suggestions": SUGGESTIONS}, priority="high")

    assert accepted == AcceptedMessage("message-1", None)
    assert bandwidth.only_request.path == f"/api/v2/users/{ACCOUNT}/messages/multiChannel"
    body = json.loads(bandwidth.only_request.body)
    assert body == {
        "to": OTHER_NUMBER,
        "channelList": [
            {
                "channel": "RBM",
                "from": AGENT,
                "applicationId": "app-1",
                "content": {**wire, "suggestions": SUGGESTIONS},
            },
            {"channel": "SMS", "from": OWN_NUMBER, "applicationId": "app-1", "content": {"text": "Hi"}},
        ],
        "tag": "out_1",
        "priority": "high",
    }
    # The simulator has its own model of the specification.
    assert isinstance(parse_request(body), MultiChannelRequest)


@pytest.mark.parametrize("text", ["Hi", ""])
def test_media_make_the_fallback_an_mms(bandwidth: Server, messaging: MessagingCurrent, text: str) -> None:
    bandwidth.respond_with(Response(202, json.dumps(ACCEPTED)))

    send_rcs(messaging, {"text": "Hello"}, text=text, media=("https://example.com/a.png",))

    fallback = json.loads(bandwidth.only_request.body)["channelList"][1]
    assert fallback == {
        "channel": "MMS",
        "from": OWN_NUMBER,
        "applicationId": "app-1",
        "content": ({"text": text} if text else {}) | {"media": FILES},
    }


@pytest.mark.parametrize(
    "body", ["", "[]", "null", '{"data": null, "errors": []}', '{"data": {"id": ""}}', '{"id": "message-1"}']
)
def test_a_202_of_multi_channel_without_an_id_is_garbled(
    bandwidth: Server, messaging: MessagingCurrent, body: str
) -> None:
    bandwidth.respond_with(Response(202, body))
    with pytest.raises(BandwidthGarbled, match=r"has no (valid )?id"):
        send_rcs(messaging, {"text": "Hello"})


def test_a_rejection_of_multi_channel_names_every_field(
    bandwidth: Server, messaging: MessagingCurrent
) -> None:
    errors = [
        {"type": "request-validation", "description": "is too long", "source": {"field": "channelList[0]"}},
        {"type": "request-validation", "description": "is missing", "source": {}},
        "not an object",
    ]
    bandwidth.respond_with(Response(400, json.dumps({"links": [], "data": None, "errors": errors})))

    with pytest.raises(BandwidthRejected) as rejected:
        send_rcs(messaging, {"text": "Hello"})

    assert (rejected.value.code, rejected.value.words) == (
        "request-validation",
        "channelList[0]: is too long; request-validation is missing; no description",
    )


def test_a_server_error_of_multi_channel_leaves_the_outcome_unknown(
    bandwidth: Server, messaging: MessagingCurrent
) -> None:
    errors = [{"type": "internal-server-error", "description": "Try again.", "source": {}}]
    bandwidth.respond_with(Response(500, json.dumps({"links": [], "data": None, "errors": errors})))
    with pytest.raises(BandwidthOutcomeUnknown):
        send_rcs(messaging, {"text": "Hello"})


def test_the_search_of_rcs_finds_the_messages_of_the_agent_and_the_number(
    bandwidth: Server, messaging: MessagingCurrent
) -> None:
    listed = [
        {
            "messageId": name,
            "messageStatus": "SENT",
            "sourceTn": name,
            "recipientCount": 1,
            "messageType": kind,
        }
        for name, kind in (
            (AGENT, "rcs"),
            (OWN_NUMBER, "sms"),
            ("+19195550199", "sms"),
            ("OtherAgent", "rcs"),
        )
    ]
    bandwidth.respond_with(Response(200, json.dumps({"totalCount": 4, "messages": listed})))

    found = messaging.find_sent(
        OWN_NUMBER,
        OTHER_NUMBER,
        since="2026-11-22T10:00:00.000Z",
        until="2026-11-22T10:03:00.000Z",
        agent=AGENT,
    )

    assert [(each.bandwidth_id, each.is_rcs) for each in found] == [(AGENT, True), (OWN_NUMBER, False)]
    query = parse_qs(urlsplit(bandwidth.only_request.path).query)
    assert (query["destinationTn"], "sourceTn" in query) == ([OTHER_NUMBER], False)
