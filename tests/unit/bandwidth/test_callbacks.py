"""V2 callbacks: each event is parsed on its own, or is unreadable with a reason."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandwidth_messaging.bandwidth.callbacks import parse_v1, parse_v2
from bandwidth_messaging.domain.failures import find_failure
from bandwidth_messaging.domain.messages import Message, MessageState, Receipt, Unreadable

OURS, THEIRS = "+19195551212", "+19195551213"
OUT = "out_0f8fad5bd9cb469fa16570867728950e"

RECEIVED: dict[str, Any] = {
    "type": "message-received",
    "time": "2026-02-03T04:05:06.789Z",
    "description": "Incoming message received",
    "to": OURS,
    "message": {
        "id": "1661365814859loidf7mcwd4qacn7",
        "owner": OURS,
        "applicationId": "93de2206-9669-4e07-948d-329f4b722ee2",
        "time": "2026-02-03T04:05:06.123456Z",
        "segmentCount": 1,
        "direction": "in",
        "to": [OURS, "+19195551214"],
        "from": THEIRS,
        "text": "Hello back",
        "media": ["https://messaging.bandwidth.com/api/v2/users/9/media/a/b.png"],
        "tag": "theirs",
    },
}


def receipt(kind: str, **changes: Any) -> dict[str, Any]:
    event = {
        "type": kind,
        "time": "2026-02-03T04:05:07Z",
        "description": "ok",
        "to": THEIRS,
        "message": {
            "id": "1562",
            "owner": OURS,
            "applicationId": "93de2206",
            "time": "2026-02-03T04:05:06Z",
            "segmentCount": 2,
            "direction": "out",
            "to": [THEIRS],
            "from": OURS,
            "text": "",
            "tag": OUT,
        },
    }
    event["message"].update(changes.pop("message", {}))  # type: ignore[attr-defined]
    return event | changes


def without(event: dict[str, Any], *path: str) -> dict[str, Any]:
    *outer, last = path
    copy = json.loads(json.dumps(event))
    inner = copy
    for name in outer:
        inner = inner[name]
    del inner[last]
    return dict(copy)


def read_one(event: Any) -> Message | Receipt | Unreadable:
    (parsed,) = parse_v2(json.dumps([event]))
    return parsed


def read_receipt(event: dict[str, Any]) -> Receipt:
    parsed = read_one(event)
    assert isinstance(parsed, Receipt)
    return parsed


def read_message(event: dict[str, Any]) -> Message:
    parsed = read_one(event)
    assert isinstance(parsed, Message)
    return parsed


def read_unreadable(event: Any) -> Unreadable:
    parsed = read_one(event)
    assert isinstance(parsed, Unreadable)
    return parsed


# The envelope


def test_every_element_of_an_array_is_parsed_in_order() -> None:
    parsed = parse_v2(json.dumps([RECEIVED, receipt("message-delivered"), receipt("message-sending")]))
    assert [type(event) for event in parsed] == [Message, Receipt, Receipt]


def test_a_single_object_is_parsed_as_an_array_of_one() -> None:
    assert parse_v2(json.dumps(RECEIVED)) == parse_v2(json.dumps([RECEIVED]))


def test_an_empty_array_has_no_events() -> None:
    assert parse_v2("[]") == []


def test_an_unreadable_event_does_not_affect_the_others() -> None:
    parsed = parse_v2(json.dumps([RECEIVED, {"type": "message-delivered"}, receipt("message-delivered")]))
    assert [type(event) for event in parsed] == [Message, Unreadable, Receipt]
    assert parsed[1] == Unreadable(reason="event 2 of 3: message is missing")


BRACKETS = "[" * 100_000
BEYOND_JSON = [
    "",
    " ",
    "not JSON",
    "[",
    "type=message-received",
    BRACKETS,
    "[" + "9" * 5000 + "]",
    "\ufeff",
    "[]\ufeff",
]


@pytest.mark.parametrize("body", BEYOND_JSON)
def test_a_body_that_is_not_json_is_unreadable(body: str) -> None:
    assert parse_v2(body) == [Unreadable(reason="the body is not JSON")]


@pytest.mark.parametrize("event", [None, 1, "message-received", True, [], [RECEIVED], {}])
def test_a_value_that_is_no_event_is_unreadable(event: Any) -> None:
    read_unreadable(event)


def test_an_unknown_type_is_unreadable_with_a_reason() -> None:
    assert read_unreadable(receipt("a-new-type")).reason == "type is unknown"


@pytest.mark.parametrize("kind", [None, 7, [], {}, ["message-received"]])
def test_a_type_that_is_no_text_is_unreadable(kind: Any) -> None:
    read_unreadable(RECEIVED | {"type": kind})


def test_the_reason_contains_no_data_of_the_event() -> None:
    assert "private" not in repr(read_unreadable({"type": "a private word"}))
    assert "private" not in repr(read_unreadable(inbound(text=["a private word"])))


def test_unknown_fields_are_ignored() -> None:
    extra = (
        json.dumps(RECEIVED)[:-1]
        + ', "carrierName": {"deep": [NaN, 1e999, null]}, "time": "2026-02-03T04:05:06Z"}'
    )
    assert isinstance(parse_v2(extra)[0], Message)


def test_the_last_value_of_a_repeated_field_counts() -> None:
    (parsed,) = parse_v2(json.dumps(RECEIVED).replace('"text": "Hello back"', '"text": "x", "text": "y"'))
    assert isinstance(parsed, Message)
    assert parsed.text == "y"


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([10**40, float("inf"), "\ud83d"])
    | st.sampled_from(
        ["message-received", "message-failed", "message-delivered", OURS, "9999-12-31T23:59:59-01:00"]
    ),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
OTHERS = {"errorCode", "eventTime", "suggestionResponse", "locationResponse", "content"}
FIELDS = sorted({*RECEIVED, *RECEIVED["message"], *OTHERS})


@settings(max_examples=200)
@given(
    event=st.sampled_from([RECEIVED, receipt("message-failed", errorCode=4432)]),
    field=st.sampled_from(FIELDS),
    value=json_values,
    inside=st.booleans(),
)
def test_every_parsed_event_can_be_stored(
    event: dict[str, Any], field: str, value: Any, inside: bool
) -> None:
    changed = {"message": event["message"] | {field: value}} if inside else {field: value}
    (parsed,) = parse_v2(json.dumps([event | changed]))
    assert all(storable(found) for found in vars(parsed).values())


def storable(value: Any) -> bool:
    match value:
        case str():
            return bool(value.encode()) or not value
        case tuple():
            return all(storable(inner) for inner in value)
        case dict():
            return all(storable(inner) for pair in value.items() for inner in pair)
        case int() | None:
            return abs(value or 0) < 10**38
    return False


@pytest.mark.parametrize("name", ["text", "tag", "from"])
def test_half_of_a_surrogate_pair_is_unreadable(name: str) -> None:
    half = inbound(**{name: "half an emoji: \ud83d"})

    assert read_unreadable(half).reason == "the event contains half of a surrogate pair"
    assert [type(parsed) for parsed in parse_v2(json.dumps([half, RECEIVED]))] == [Unreadable, Message]
    assert parse_v2(json.dumps(half, ensure_ascii=False)) == [
        Unreadable(reason="the event contains half of a surrogate pair")
    ]


def test_a_surrogate_pair_and_a_noncharacter_are_text() -> None:
    assert read_message(inbound(text="\U0001f44d \x00")).text == "\U0001f44d \x00"


# Inbound messages


def test_every_field_of_an_inbound_message_is_parsed() -> None:
    assert read_message(RECEIVED) == Message(
        message_id="1661365814859loidf7mcwd4qacn7",
        direction="in",
        api="v2",
        owner=OURS,
        sender=THEIRS,
        recipients=(OURS, "+19195551214"),
        text="Hello back",
        state=MessageState.RECEIVED,
        time="2026-02-03T04:05:06.123Z",
        application_id="93de2206-9669-4e07-948d-329f4b722ee2",
        media=("https://messaging.bandwidth.com/api/v2/users/9/media/a/b.png",),
        tag="theirs",
        segment_count=1,
    )


def test_an_inbound_message_may_have_neither_text_nor_media_nor_a_count() -> None:
    event = RECEIVED
    for name in ("text", "media", "tag", "segmentCount", "applicationId"):
        event = without(event, "message", name)

    message = read_message(event)

    assert (message.text, message.media, message.tag, message.segment_count) == ("", (), None, None)


def test_the_recipients_may_be_one_string() -> None:
    assert read_message(RECEIVED | {"message": RECEIVED["message"] | {"to": OURS}}).recipients == (OURS,)


def test_a_message_without_owner_is_owned_by_the_receiving_number() -> None:
    assert read_message(without(RECEIVED, "message", "owner")).owner == OURS


@pytest.mark.parametrize("owner", [THEIRS, "1 919 555 1213"])
def test_a_message_whose_owner_is_the_sender_is_owned_by_the_receiving_number(owner: str) -> None:
    assert read_message(inbound(owner=owner)).owner == OURS


def test_a_message_that_a_number_sent_to_itself_is_owned_by_it() -> None:
    event = inbound(owner=OURS, **{"from": OURS})
    assert read_message(event).owner == OURS


def test_channel_priority_and_carrier_are_parsed() -> None:
    event = inbound(channel="RBM", priority="high") | {"carrierName": "Acme"}
    message = read_message(event)
    assert (message.channel, message.priority, message.carrier_name) == ("RBM", "high", "Acme")
    delivered = read_receipt(receipt("message-delivered", carrierName="Acme", message={"channel": "RBM"}))

    assert (delivered.channel, delivered.carrier_name) == ("RBM", "Acme")


@pytest.mark.parametrize("value", [None, "", 7, ["SMS"], {"deep": [1]}])
def test_a_channel_priority_or_carrier_of_another_form_is_left_out(value: Any) -> None:
    message = read_message(inbound(channel=value, priority=value) | {"carrierName": value})
    assert (message.channel, message.priority, message.carrier_name) == (None, None, None)


def test_every_field_that_events_carry_is_bounded() -> None:
    long = "\x01" * 350_000
    fields = {"tag": long, "applicationId": long, "channel": long, "priority": long}
    message = read_message(inbound(**fields) | {"carrierName": long})
    assert (message.tag, message.application_id) == (long[:1024], long[:1024])
    assert {message.channel, message.priority, message.carrier_name} == {long[:100]}
    failed = read_receipt(receipt("message-failed", description=long, carrierName=long, message=fields))

    assert (failed.application_id, failed.bandwidth_reason) == (long[:1024], long[:500])
    assert {failed.channel, failed.carrier_name} == {long[:100]}


def test_a_byte_order_mark_before_the_body_is_ignored() -> None:
    assert parse_v2("\ufeff" + json.dumps([RECEIVED])) == parse_v2(json.dumps([RECEIVED]))


def test_a_message_without_time_has_the_events_time() -> None:
    assert read_message(without(RECEIVED, "message", "time")).time == "2026-02-03T04:05:06.789Z"


@pytest.mark.parametrize(
    "sender",
    ["54321", "12345678", "BANDWIDTH", "1800FLOWERS", "+447911123456", "0044791112345", "10000000000"],
)
def test_short_codes_names_and_foreign_numbers_are_unchanged(sender: str) -> None:
    assert read_message(RECEIVED | {"message": RECEIVED["message"] | {"from": sender}}).sender == sender


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("19195551213", THEIRS),
        ("9195551213", THEIRS),
        ("(919) 555-1213", THEIRS),
        ("447700900123", "+447700900123"),
        (" 447700900123", "+447700900123"),
        ("+44 7700 900123", "+447700900123"),
        ("4915123456789", "+4915123456789"),
    ],
)
def test_numbers_without_plus_become_e164(written: str, e164: str) -> None:
    assert read_message(inbound(**{"from": written})).sender == e164
    delivered = read_receipt(receipt("message-delivered", to=written))
    assert delivered.recipient == e164


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-02-03T04:05:06Z", "2026-02-03T04:05:06.000Z"),
        ("2026-02-03T04:05:06.789Z", "2026-02-03T04:05:06.789Z"),
        ("2026-02-03T04:05:06.789012Z", "2026-02-03T04:05:06.789Z"),
        ("2026-02-03T04:05:06+01:00", "2026-02-03T03:05:06.000Z"),
    ],
)
def test_times_have_none_three_or_six_fraction_digits(written: str, read: str) -> None:
    assert read_receipt(receipt("message-delivered", time=written)).time == read


@pytest.mark.parametrize("name", ["id", "from", "to"])
def test_a_message_without_a_required_field_is_unreadable_and_the_reason_names_the_field(name: str) -> None:
    assert name in read_unreadable(without(RECEIVED, "message", name)).reason


def test_an_event_without_message_is_unreadable_with_a_reason() -> None:
    assert read_unreadable(without(RECEIVED, "message")).reason == "message is missing"


LONGEST = "n" * 500


@pytest.mark.parametrize(
    "given_id", ["1661365814859loidf7mcwd4qacn7", "m-asdf", 1661365814859, "é/ #", LONGEST]
)
def test_an_id_may_be_of_any_form_that_can_be_a_key(given_id: Any) -> None:
    assert read_message(inbound(id=given_id)).message_id == str(given_id)
    assert read_receipt(receipt("message-delivered", message={"id": given_id})).bandwidth_id == str(given_id)


@pytest.mark.parametrize("name", ["id", "from", "to", "owner"])
@pytest.mark.parametrize("bad", [LONGEST + "n", "é" * 251, True, 1.5, {"a": 1}])
def test_an_id_that_fits_no_key_is_unreadable_and_named(name: str, bad: Any) -> None:
    assert (name if name != "owner" else "owner") in read_unreadable(inbound(**{name: bad})).reason


@pytest.mark.parametrize("bad", ["", None, 0])
def test_an_empty_id_is_no_id(bad: Any) -> None:
    assert (
        "id is missing" in read_unreadable(RECEIVED | {"message": RECEIVED["message"] | {"id": bad}}).reason
    )


@pytest.mark.parametrize(
    "time",
    [
        "yesterday",
        "2026-02-03T14-12-57.840Z",
        1763800000,
        "9999-12-31T23:59:59-01:00",
        "9999-12-31T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
    ],
)
def test_an_invalid_time_is_unreadable(time: Any) -> None:
    read_unreadable(receipt("message-delivered", time=time))


# Keywords


def inbound(**message: Any) -> dict[str, Any]:
    return RECEIVED | {"message": RECEIVED["message"] | message}


# RCS


def test_a_suggestion_response_is_an_inbound_message_with_the_label_as_text() -> None:
    chosen = {"text": "Yes, please", "postbackData": "eWVz", "pairedMessageId": "1562"}
    event = without(RECEIVED | {"type": "suggestion-response"}, "message", "text")
    event["message"] |= {"channel": "RBM", "suggestionResponse": chosen}

    parsed = read_message(event)

    assert (parsed.text, parsed.suggestion_response, parsed.state) == ("Yes, please", chosen, "received")
    assert parsed.location_response is None


def test_the_label_of_a_suggestion_is_the_text_even_without_postback_data() -> None:
    parsed = read_message(
        without(RECEIVED, "message", "text")
        | {"type": "suggestion-response"}
        | {
            "message": without(RECEIVED, "message", "text")["message"]
            | {"suggestionResponse": {"text": "STOP"}}
        }
    )
    assert parsed.text == "STOP"


@pytest.mark.parametrize(("latitude", "longitude"), [("37.7749", "-122.4194"), (37.7749, -122.4194)])
def test_a_location_response_is_an_inbound_message_without_text(latitude: Any, longitude: Any) -> None:
    event = without(RECEIVED | {"type": "requested-location-response"}, "message", "text")
    event["message"]["locationResponse"] = {"latitude": latitude, "longitude": longitude}

    parsed = read_message(event)

    assert (parsed.text, parsed.location_response) == ("", {"latitude": "37.7749", "longitude": "-122.4194"})


def test_an_empty_rcs_response_is_an_inbound_message() -> None:
    for kind in ("suggestion-response", "requested-location-response"):
        parsed = read_message(RECEIVED | {"type": kind})
        assert (parsed.text, parsed.suggestion_response, parsed.location_response) == (
            "Hello back",
            None,
            None,
        )


@pytest.mark.parametrize(
    "message",
    [{"suggestionResponse": ["x"]}, {"suggestionResponse": {"text": ["x"]}}, {"locationResponse": 7}],
)
def test_an_rcs_response_of_another_form_is_unreadable(message: Any) -> None:
    read_unreadable(inbound(**message))


def test_text_and_file_may_be_in_the_content() -> None:
    content = {"text": "Hello", "media": {"fileUrl": "https://example.com/a.png"}}
    event = without(without(RECEIVED, "message", "text"), "message", "media")
    event["message"]["content"] = content

    parsed = read_message(event)

    assert (parsed.text, parsed.media) == ("Hello", ("https://example.com/a.png",))


@pytest.mark.parametrize("event_time", [None, "2026-02-03T04:09:00Z"])
def test_a_read_message_is_delivered(event_time: str | None) -> None:
    parsed = read_receipt(receipt("message-read", eventTime=event_time))
    at = "2026-02-03T04:09:00.000Z" if event_time else "2026-02-03T04:05:07.000Z"
    assert (parsed.state, parsed.time, parsed.read_at) == ("delivered", at, at)


# Receipts


def test_a_receipt_with_our_tag_is_about_our_message() -> None:
    assert read_receipt(receipt("message-delivered")) == Receipt(
        message_id=OUT,
        bandwidth_id="1562",
        state=MessageState.DELIVERED,
        time="2026-02-03T04:05:07.000Z",
        api="v2",
        message_time="2026-02-03T04:05:06.000Z",
        owner=OURS,
        recipient=THEIRS,
        recipients=(THEIRS,),
        application_id="93de2206",
        segment_count=2,
    )


@pytest.mark.parametrize("tag", ["another system's", "", None])
def test_a_receipt_with_a_foreign_tag_is_about_bandwidths_id(tag: str | None) -> None:
    assert read_receipt(receipt("message-delivered", message={"tag": tag})).message_id == "1562"


def test_a_receipt_without_a_tag_is_about_bandwidths_id() -> None:
    assert read_receipt(without(receipt("message-delivered"), "message", "tag")).message_id == "1562"


@pytest.mark.parametrize("tag", ["out_of_office", OUT + "0", OUT[:-1], OUT.upper(), f" {OUT}", f"{OUT}\n"])
def test_a_tag_that_only_starts_like_our_id_is_foreign(tag: str) -> None:
    assert read_receipt(receipt("message-delivered", message={"tag": tag})).message_id == "1562"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("message-sending", "sending"),
        ("message-sent", "sent"),
        ("message-delivered", "delivered"),
        ("message-failed", "failed"),
    ],
)
def test_each_type_of_receipt_is_a_state(kind: str, state: str) -> None:
    assert read_receipt(receipt(kind)).state == state


@pytest.mark.parametrize(
    ("code", "state", "error_class"),
    [
        (4432, "failed", "recipient"),
        (4470, "failed", "spam"),
        (4775, "failed", "opt_out"),
        (5600, "failed", "carrier"),
        (9902, "delivery_unknown", "unknown"),
        (9999, "delivery_unknown", "unknown"),
    ],
)
def test_a_failure_has_its_code_and_the_catalogues_class_and_reason(
    code: int, state: str, error_class: str
) -> None:
    failed = read_receipt(receipt("message-failed", errorCode=code, description="as-bandwidth-puts-it"))

    known = find_failure(code)

    assert known is not None
    assert (failed.state, failed.error_code) == (state, code)
    assert (failed.error_class, failed.reason) == (error_class, known.words)
    assert failed.bandwidth_reason == "as-bandwidth-puts-it"


def test_bandwidths_description_has_no_secrets_of_urls() -> None:
    description = "cannot fetch https://b.s3.amazonaws.com/a.png?X-Amz-Signature=SECRET"

    failed = read_receipt(receipt("message-failed", errorCode=31, description=description))

    assert failed.bandwidth_reason == failed.reason == "cannot fetch https://b.s3.amazonaws.com/a.png?…"


def test_bandwidths_description_is_cut_to_500_characters() -> None:
    failed = read_receipt(receipt("message-failed", errorCode=31, description="x" * 100_000))
    assert failed.reason == failed.bandwidth_reason == "x" * 500


def test_a_code_of_the_catalogues_rules_is_explained_by_them() -> None:
    failed = read_receipt(receipt("message-failed", errorCode=4799, description="as-bandwidth-puts-it"))
    assert (failed.state, failed.error_class) == ("failed", "carrier")
    assert failed.reason != "as-bandwidth-puts-it"


def test_a_code_that_the_catalogue_does_not_know_is_explained_by_bandwidths_description() -> None:
    failed = read_receipt(receipt("message-failed", errorCode=31, description="something new"))

    assert (failed.state, failed.error_code) == ("failed", 31)
    assert (failed.error_class, failed.reason) == (None, "something new")
    assert failed.bandwidth_reason == "something new"


def test_a_code_may_come_as_text() -> None:
    assert read_receipt(receipt("message-failed", errorCode="4432")).error_code == 4432
    assert read_receipt(receipt("message-failed", errorCode="9902")).state == "delivery_unknown"


def test_a_failure_without_code_and_description_is_a_failure() -> None:
    failed = read_receipt(receipt("message-failed", description=""))
    assert (failed.state, failed.error_code, failed.error_class, failed.reason) == (
        "failed",
        None,
        None,
        None,
    )


@pytest.mark.parametrize("code", [None, 4432])
def test_a_successful_receipt_with_a_description_has_no_class_and_no_reason(
    code: int | None,
) -> None:
    delivered = read_receipt(receipt("message-delivered", description="delivered to carrier", errorCode=code))
    assert (delivered.error_code, delivered.error_class, delivered.reason) == (None, None, None)
    assert delivered.bandwidth_reason is None


@pytest.mark.parametrize(("code", "current"), [("775", 4775), ("902", 9902), ("650", 5650)])
def test_a_failure_of_v1_has_the_class_and_reason_of_the_current_code(code: str, current: int) -> None:
    event = {
        "eventType": "sms", "direction": "out", "messageId": "m-asdf", "from": OURS, "to": THEIRS,
        "time": "2026-02-03T04:05:06Z", "state": "error", "deliveryState": "not-delivered",
        "deliveryCode": code, "deliveryDescription": "as-bandwidth-puts-it", "tag": OUT,
    }  # fmt: skip

    failed, known = parse_v1(json.dumps(event)), find_failure(current)

    assert isinstance(failed, Receipt)
    assert known is not None
    assert (failed.error_class, failed.reason) == (known.error_class, known.words)
    assert failed.bandwidth_reason == "as-bandwidth-puts-it"


def test_a_receipt_is_about_the_outer_recipient() -> None:
    event = receipt("message-delivered", to="9195551214", message={"to": [THEIRS, "9195551214"]})
    parsed = read_receipt(event)
    assert (parsed.recipient, parsed.recipients) == ("+19195551214", (THEIRS, "+19195551214"))


def test_a_receipt_may_have_no_list_of_recipients() -> None:
    assert read_receipt(without(receipt("message-delivered"), "message", "to")).recipients == ()
    assert read_receipt(receipt("message-delivered", message={"to": THEIRS})).recipients == (THEIRS,)


def test_a_receipt_may_name_no_recipient() -> None:
    assert read_receipt(without(receipt("message-delivered"), "to")).recipient is None


def test_a_receipt_is_owned_by_its_sender_with_any_owner() -> None:
    assert read_receipt(without(receipt("message-delivered"), "message", "owner")).owner == OURS
    assert read_receipt(receipt("message-delivered", message={"owner": THEIRS})).owner == OURS
    assert read_receipt(without(receipt("message-delivered"), "message", "from")).owner == OURS


@pytest.mark.parametrize(
    "event",
    [
        without(receipt("message-delivered"), "message"),
        without(receipt("message-delivered"), "message", "id"),
        without(receipt("message-delivered"), "time"),
        receipt("message-failed", errorCode="four"),
        receipt("message-failed", errorCode=float("inf")),
        receipt("message-delivered", message={"tag": 7}),
    ],
)
def test_an_invalid_receipt_is_unreadable(event: dict[str, Any]) -> None:
    read_unreadable(event)


def test_a_body_is_parsed_in_linear_time() -> None:
    def seconds(events: int) -> float:
        body = json.dumps([RECEIVED] * events)
        started = time.process_time()
        assert len(parse_v2(body)) == events
        return time.process_time() - started

    # Ten times the events: ten times the time, and a hundred times if each event searched the whole body.
    assert seconds(6000) < 30 * min(seconds(600) for _ in range(3))
