"""V1 callbacks: one object by POST, or the same fields as a query by GET."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.bandwidth.callbacks import parse_v1, parse_v1_query
from bandwidth_messaging.domain.messages import Message, MessageState, Receipt, Unreadable

CallbackEvent = Message | Receipt | Unreadable

OURS, THEIRS = "+14352154439", "+13233326955"
OUT = "out_0f8fad5bd9cb469fa16570867728950e"
APPLICATION = "a-yr3jpxasdfh5xh5e35saoi"
RECEIVED: dict[str, Any] = {
    "eventType": "sms",
    "direction": "in",
    "messageId": "m-asdf",
    "messageUri": "https://api.catapult.inetwork.com/v1/users/u-123/messages/m-asdf",
    "from": THEIRS,
    "to": OURS,
    "text": "Example",
    "applicationId": APPLICATION,
    "time": "2012-11-14T16:13:06.076Z",
    "state": "received",
}
# As published: an outbound event has no applicationId.
SENT: dict[str, Any] = {
    "eventType": "sms",
    "direction": "out",
    "messageId": "m-asdf",
    "messageUri": "https://api.catapult.inetwork.com/v1/users/u-123/messages/m-asdf",
    "from": OURS,
    "to": THEIRS,
    "text": "a private word",
    "time": "2012-11-14T16:13:06.076Z",
    "state": "sent",
    "deliveryState": "delivered",
    "deliveryCode": "0",
    "deliveryDescription": "Message delivered to carrier.",
    "segmentCount": 2,
    "tag": OUT,
}
MEDIA = ["https://api.catapult.inetwork.com/v1/users/u-123/media/0.smil", "https://x.example/b.png?c=1&d=%5B"]


def by_post(event: dict[str, Any]) -> CallbackEvent:
    return parse_v1(json.dumps(event))


def by_get(event: dict[str, Any]) -> CallbackEvent:
    """Parse an event as a query, in which None is an empty value."""
    query = urlencode({name: "" if value is None else value for name, value in event.items()})
    return parse_v1_query(parse_qs(query, keep_blank_values=True))


every_way = pytest.mark.parametrize("read", [by_post, by_get])
Read = Callable[[dict[str, Any]], CallbackEvent]


def message(parsed: CallbackEvent) -> Message:
    assert isinstance(parsed, Message), parsed
    return parsed


def receipt(parsed: CallbackEvent) -> Receipt:
    assert isinstance(parsed, Receipt), parsed
    return parsed


def unreadable(parsed: CallbackEvent) -> Unreadable:
    assert isinstance(parsed, Unreadable), parsed
    return parsed


def without(event: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in names}


# Inbound messages


@every_way
@pytest.mark.parametrize("kind", ["sms", "mms"])
def test_every_field_of_an_inbound_message_is_parsed(read: Read, kind: str) -> None:
    assert message(read(RECEIVED | {"eventType": kind, "tag": "theirs", "segmentCount": 1})) == Message(
        message_id="m-asdf",
        direction="in",
        api="v1",
        owner=OURS,
        sender=THEIRS,
        recipients=(OURS,),
        text="Example",
        state=MessageState.RECEIVED,
        time="2012-11-14T16:13:06.076Z",
        application_id=APPLICATION,
        tag="theirs",
        segment_count=1,
    )


@every_way
def test_an_inbound_message_may_have_neither_text_nor_application(read: Read) -> None:
    parsed = message(read(without(RECEIVED, "text", "applicationId", "state", "messageUri")))
    assert (parsed.text, parsed.application_id, parsed.media, parsed.segment_count) == ("", None, (), None)


@every_way
@pytest.mark.parametrize("name", ["text", "segmentCount", "tag", "media"])
def test_an_empty_value_is_a_missing_field(read: Read, name: str) -> None:
    parsed = message(read(RECEIVED | {name: None}))
    assert parsed == replace(message(read(without(RECEIVED, name))), tag=parsed.tag)
    assert not parsed.tag


@every_way
@pytest.mark.parametrize(
    ("written", "number"),
    [("13233326955", THEIRS), ("3233326955", THEIRS), ("54321", "54321"), ("ACME", "ACME")],
)
def test_numbers_become_e164_short_codes_and_names_do_not(read: Read, written: str, number: str) -> None:
    assert message(read(RECEIVED | {"from": written})).sender == number


def test_an_unencoded_plus_in_a_query_is_part_of_the_number() -> None:
    rest = urlencode(without(RECEIVED, "from", "to"))
    parsed = message(parse_v1_query(parse_qs(f"from=+13233326955&to=+14352154439&{rest}")))
    assert (parsed.sender, parsed.owner) == (THEIRS, OURS)


# Media


def test_media_of_a_post_are_a_list() -> None:
    assert message(by_post(RECEIVED | {"eventType": "mms", "media": MEDIA})).media == tuple(MEDIA)


@pytest.mark.parametrize(
    ("written", "media"),
    [
        (f"[{MEDIA[0]}, {MEDIA[1]}]", MEDIA),
        (f"[{MEDIA[0]},{MEDIA[1]}]", MEDIA),
        (f"[{MEDIA[0]}]", MEDIA[:1]),
        (MEDIA[0], MEDIA[:1]),
        (
            "[https://x.example/a,b.png, https://x.example/c]",
            ["https://x.example/a,b.png", "https://x.example/c"],
        ),
        ("[]", []),
        ("[ ]", []),
        ("", []),
    ],
)
def test_media_of_a_get_are_one_value_in_brackets(written: str, media: list[str]) -> None:
    assert message(by_get(RECEIVED | {"eventType": "mms", "media": written})).media == tuple(media)


def test_media_may_also_be_several_values() -> None:
    query = urlencode(RECEIVED | {"eventType": "mms", "media": MEDIA}, doseq=True)
    assert message(parse_v1_query(parse_qs(query))).media == tuple(MEDIA)


def test_the_last_of_several_values_counts() -> None:
    query = urlencode(RECEIVED) + "&text=again&text=&text=and%20again"
    assert message(parse_v1_query(parse_qs(query, keep_blank_values=True))).text == "and again"


# Receipts


@every_way
def test_a_receipt_with_our_tag_is_about_our_message(read: Read) -> None:
    assert receipt(read(SENT)) == Receipt(
        message_id=OUT,
        bandwidth_id="m-asdf",
        state=MessageState.DELIVERED,
        time="2012-11-14T16:13:06.076Z",
        api="v1",
        owner=OURS,
        recipient=THEIRS,
        segment_count=2,
    )


@every_way
@pytest.mark.parametrize("tag", ["another system's", None])
def test_a_receipt_with_another_tag_is_about_bandwidths_id(read: Read, tag: str | None) -> None:
    assert receipt(read(SENT | {"tag": tag})).message_id == "m-asdf"
    assert receipt(read(without(SENT, "tag"))).message_id == "m-asdf"


@every_way
def test_a_receipt_may_name_its_application(read: Read) -> None:
    assert receipt(read(SENT | {"applicationId": APPLICATION})).application_id == APPLICATION


@every_way
@pytest.mark.parametrize(
    ("state", "delivery_state", "ours"),
    [
        ("queued", None, "sending"),
        ("sending", None, "sending"),
        ("sent", None, "sent"),
        ("sent", "waiting", "sent"),
        ("sending", "waiting", "sending"),
        ("sent", "delivered", "delivered"),
        ("sent", "not-delivered", "failed"),
        ("error", "not-delivered", "failed"),
        ("error", None, "failed"),
        ("error", "waiting", "failed"),
        (None, "delivered", "delivered"),
        ("a-new-state", "not-delivered", "failed"),
    ],
)
def test_the_delivery_state_takes_precedence_over_the_state(
    read: Read, state: str | None, delivery_state: str | None, ours: str
) -> None:
    event = without(SENT, "deliveryCode") | {"state": state, "deliveryState": delivery_state}
    assert receipt(read(event)).state == ours


def failed(**changes: Any) -> dict[str, Any]:
    return SENT | {"state": "error", "deliveryState": "not-delivered"} | changes


@every_way
def test_a_failure_has_its_code_and_a_reason(read: Read) -> None:
    parsed = receipt(read(failed(deliveryCode="750", deliveryDescription="rejected by carrier")))

    assert (parsed.state, parsed.error_code) == ("failed", 750)
    assert parsed.reason
    assert parsed.bandwidth_reason == "rejected by carrier"


@every_way
def test_an_unknown_code_is_explained_by_its_description(read: Read) -> None:
    parsed = receipt(read(failed(deliveryCode="31", deliveryDescription="a new reason")))
    assert (parsed.state, parsed.error_code, parsed.reason) == ("failed", 31, "a new reason")


@every_way
@pytest.mark.parametrize("code", ["902", "999"])
def test_an_ambiguous_code_leaves_the_delivery_unknown(read: Read, code: str) -> None:
    parsed = receipt(read(failed(deliveryCode=code)))
    assert (parsed.state, parsed.error_code) == ("delivery_unknown", int(code))


@every_way
@pytest.mark.parametrize("code", [None, ...])
def test_a_failure_may_have_neither_code_nor_description(read: Read, code: Any) -> None:
    event = without(failed(), "deliveryCode", "deliveryDescription")
    if code is None:
        event |= {"deliveryCode": None, "deliveryDescription": None}

    parsed = receipt(read(event))

    assert (parsed.state, parsed.error_code, parsed.reason) == ("failed", None, None)


@every_way
def test_a_delivered_receipt_has_neither_code_nor_reason(read: Read) -> None:
    parsed = receipt(read(SENT))
    assert (parsed.error_code, parsed.reason) == (None, None)


@every_way
def test_a_foreign_number_without_plus_becomes_e164(read: Read) -> None:
    assert receipt(read(SENT | {"to": "447700900123"})).recipient == "+447700900123"


def test_a_byte_order_mark_before_the_body_is_ignored() -> None:
    assert parse_v1("\ufeff" + json.dumps(SENT)) == parse_v1(json.dumps(SENT))


# What cannot be read


@every_way
@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (RECEIVED | {"eventType": "call"}, "eventType is unknown"),
        (RECEIVED | {"eventType": "SMS"}, "eventType is unknown"),
        (SENT | {"state": "read", "deliveryState": "seen"}, "state is unknown"),
        (without(SENT, "state", "deliveryState"), "state is unknown"),
        (RECEIVED | {"direction": "sideways"}, "direction is unknown"),
        (without(RECEIVED, "eventType"), "eventType is missing"),
        (without(RECEIVED, "direction"), "direction is missing"),
        (without(RECEIVED, "messageId"), "messageId is missing"),
        (without(RECEIVED, "from"), "from is missing"),
        (without(RECEIVED, "to"), "to is missing"),
        (without(RECEIVED, "time"), "time is missing"),
        (without(SENT, "messageId"), "messageId is missing"),
        (without(SENT, "from"), "from is missing"),
        (without(SENT, "to"), "to is missing"),
        (without(SENT, "time"), "time is missing"),
        (RECEIVED | {"messageId": ""}, "messageId is missing"),
        (RECEIVED | {"time": "yesterday"}, "a field does not have the documented form"),
        (RECEIVED | {"time": ""}, "time is missing"),
        (RECEIVED | {"segmentCount": "two"}, "a field does not have the documented form"),
        (failed(deliveryCode="soon"), "a field does not have the documented form"),
        (failed(deliveryCode="9" * 50), "a field does not have the documented form"),
    ],
)
def test_an_undocumented_form_is_unreadable_with_a_reason(
    read: Read, event: dict[str, Any], reason: str
) -> None:
    assert unreadable(read(event)).reason == reason


@pytest.mark.parametrize("body", ["", "not JSON", "[", "eventType=sms&direction=in", "[" * 100_000])
def test_a_body_that_is_not_json_is_unreadable(body: str) -> None:
    assert parse_v1(body) == Unreadable(reason="the body is not JSON")


@pytest.mark.parametrize("body", [None, 1, "sms", True, [], [RECEIVED], {}])
def test_a_body_that_is_no_event_is_unreadable(body: Any) -> None:
    unreadable(parse_v1(json.dumps(body)))


@pytest.mark.parametrize("query", [{}, {"eventType": []}, {"": [""]}])
def test_an_empty_query_is_unreadable_with_a_reason(query: dict[str, list[str]]) -> None:
    assert unreadable(parse_v1_query(query)).reason == "eventType is missing"


def test_the_reason_contains_no_data_of_the_event() -> None:
    assert "private" not in repr(by_post(SENT | {"state": "a private word", "deliveryState": None}))


values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        [10**40, float("inf"), "\ud83d", "in", "out", "mms", "not-delivered", "902", OURS, OUT]
    ),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
FIELDS = sorted({*RECEIVED, *SENT, "media"})


@given(
    st.sampled_from([RECEIVED, SENT, failed()]), st.dictionaries(st.sampled_from(FIELDS), values, max_size=3)
)
def test_every_parsed_event_can_be_stored(event: dict[str, Any], changes: dict[str, Any]) -> None:
    assert all(storable(found) for found in vars(parse_v1(json.dumps(event | changes))).values())


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(), st.lists(st.text())))
def test_every_parsed_query_can_be_stored(changes: dict[str, list[str]]) -> None:
    query = {name: [str(value)] for name, value in SENT.items()} | changes
    assert all(storable(found) for found in vars(parse_v1_query(query)).values())


def storable(value: Any) -> bool:
    match value:
        case str():
            return bool(value.encode()) or not value
        case tuple():
            return all(storable(inner) for inner in value)
        case dict():
            return all(storable(inner) for inner in value.values())
        case int() | None:
            return abs(value or 0) < 10**38
    return False
