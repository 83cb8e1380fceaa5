"""Callbacks of V2: every event on its own, and what cannot be read kept whole."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandwidth_messaging.bandwidth.callbacks import read_v1, read_v2
from bandwidth_messaging.domain.failures import failure
from bandwidth_messaging.domain.messages import Message, Receipt, Unreadable

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
    (told,) = read_v2(json.dumps([event]))
    return told


def read_receipt(event: dict[str, Any]) -> Receipt:
    told = read_one(event)
    assert isinstance(told, Receipt)
    return told


def read_message(event: dict[str, Any]) -> Message:
    told = read_one(event)
    assert isinstance(told, Message)
    return told


def read_unreadable(event: Any) -> Unreadable:
    told = read_one(event)
    assert isinstance(told, Unreadable)
    assert json.loads(told.body) == event
    return told


# The envelope


def test_every_element_of_an_array_is_read_in_its_order() -> None:
    told = read_v2(json.dumps([RECEIVED, receipt("message-delivered"), receipt("message-sending")]))
    assert [type(event) for event in told] == [Message, Receipt, Receipt]


def test_a_bare_object_is_read_like_an_array_of_one() -> None:
    assert read_v2(json.dumps(RECEIVED)) == read_v2(json.dumps([RECEIVED]))


def test_an_empty_array_tells_nothing() -> None:
    assert read_v2("[]") == []


def test_one_bad_event_does_no_harm_to_the_others() -> None:
    told = read_v2(json.dumps([RECEIVED, {"type": "message-delivered"}, receipt("message-delivered")]))
    assert [type(event) for event in told] == [Message, Unreadable, Receipt]


@pytest.mark.parametrize("body", ["", "not JSON", "[", "type=message-received", "[" * 100_000])
def test_what_is_no_json_is_kept_whole(body: str) -> None:
    assert read_v2(body) == [Unreadable(reason="the body is not JSON", body=body)]


@pytest.mark.parametrize("event", [None, 1, "message-received", True, [], [RECEIVED], {}])
def test_what_is_no_event_is_kept_whole(event: Any) -> None:
    read_unreadable(event)


@pytest.mark.parametrize("kind", ["message-read", "suggestion-response", "a-new-type"])
def test_an_unknown_type_is_kept_whole_with_the_reason(kind: str) -> None:
    assert read_unreadable(receipt(kind)).reason == "its type is unknown"


@pytest.mark.parametrize("kind", [None, 7, [], {}])
def test_a_type_that_is_no_word_is_kept_whole(kind: Any) -> None:
    read_unreadable(RECEIVED | {"type": kind})


def test_what_could_not_be_read_is_not_shown_by_its_repr() -> None:
    assert "private" not in repr(read_unreadable({"text": "a private word"}))


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
FIELDS = sorted({*RECEIVED, *RECEIVED["message"], "errorCode"})


@settings(max_examples=200)
@given(
    event=st.sampled_from([RECEIVED, receipt("message-failed", errorCode=4432)]),
    field=st.sampled_from(FIELDS),
    value=json_values,
    inside=st.booleans(),
)
def test_whatever_a_field_holds_what_is_read_of_it_can_be_stored(
    event: dict[str, Any], field: str, value: Any, inside: bool
) -> None:
    changed = {"message": event["message"] | {field: value}} if inside else {field: value}
    (told,) = read_v2(json.dumps([event | changed]))
    assert all(storable(found) for found in vars(told).values())


def storable(value: Any) -> bool:
    match value:
        case str():
            return bool(value.encode()) or not value
        case tuple():
            return all(storable(inner) for inner in value)
        case int() | None:
            return abs(value or 0) < 10**38
    return False


@pytest.mark.parametrize("name", ["text", "tag", "from"])
def test_half_a_character_is_kept_whole(name: str) -> None:
    read_unreadable(RECEIVED | {"message": RECEIVED["message"] | {name: "half an emoji: \ud83d"}})


# Inbound messages


def test_an_inbound_message_is_read_with_all_it_has() -> None:
    assert read_message(RECEIVED) == Message(
        message_id="1661365814859loidf7mcwd4qacn7",
        direction="in",
        api="v2",
        owner=OURS,
        sender=THEIRS,
        recipients=(OURS, "+19195551214"),
        text="Hello back",
        state="received",
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


def test_the_numbers_of_a_message_may_be_one_string() -> None:
    assert read_message(RECEIVED | {"message": RECEIVED["message"] | {"to": OURS}}).recipients == (OURS,)


def test_a_message_without_an_owner_is_owned_by_the_number_it_came_to() -> None:
    assert read_message(without(RECEIVED, "message", "owner")).owner == OURS


def test_a_message_without_a_time_of_its_own_has_its_events() -> None:
    assert read_message(without(RECEIVED, "message", "time")).time == "2026-02-03T04:05:06.789Z"


@pytest.mark.parametrize("sender", ["54321", "BANDWIDTH", "+447911123456"])
def test_short_codes_and_names_and_foreign_numbers_stay_as_they_came(sender: str) -> None:
    assert read_message(RECEIVED | {"message": RECEIVED["message"] | {"from": sender}}).sender == sender


def test_numbers_without_their_plus_become_e164() -> None:
    message = read_message(RECEIVED | {"message": RECEIVED["message"] | {"from": "19195551213"}})
    assert message.sender == THEIRS


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
def test_a_message_without_a_field_it_needs_is_kept_whole_and_the_field_named(name: str) -> None:
    assert name in read_unreadable(without(RECEIVED, "message", name)).reason


def test_an_event_without_its_message_is_kept_whole_and_that_said() -> None:
    assert read_unreadable(without(RECEIVED, "message")).reason == "message is missing"


@pytest.mark.parametrize("bad", ["", None, 0])
def test_an_empty_id_is_no_id(bad: Any) -> None:
    assert (
        "id is missing" in read_unreadable(RECEIVED | {"message": RECEIVED["message"] | {"id": bad}}).reason
    )


@pytest.mark.parametrize(
    "time", ["yesterday", "2026-02-03T14-12-57.840Z", 1763800000, "9999-12-31T23:59:59-01:00"]
)
def test_a_time_that_is_none_is_kept_whole(time: Any) -> None:
    read_unreadable(receipt("message-delivered", time=time))


# Keywords


def inbound(**message: Any) -> dict[str, Any]:
    return RECEIVED | {"message": RECEIVED["message"] | message}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("STOP", "stop"),
        ("Stop.", "stop"),
        ("Opt out", "optout"),
        ("yes", "yes"),
        ("HELP!", "help"),
        ("Stop calling", None),
        ("", None),
        (None, None),
    ],
)
def test_a_text_that_is_a_keyword_carries_it(text: str | None, word: str | None) -> None:
    assert read_message(inbound(text=text)).keyword == word
    by_v1 = {
        "eventType": "sms", "direction": "in", "messageId": "m-asdf", "from": THEIRS, "to": OURS,
        "time": "2026-02-03T04:05:06Z", "state": "received", "text": text,
    }  # fmt: skip
    told = read_v1(json.dumps(by_v1))
    assert isinstance(told, Message)
    assert told.keyword == word


def test_a_message_with_media_may_be_a_keyword_all_the_same() -> None:
    assert read_message(inbound(text="stop", media=["https://example.com/a.png"])).keyword == "stop"


# Receipts


def test_a_receipt_with_our_tag_is_about_our_message() -> None:
    assert read_receipt(receipt("message-delivered")) == Receipt(
        message_id=OUT,
        bandwidth_id="1562",
        state="delivered",
        time="2026-02-03T04:05:07.000Z",
        api="v2",
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
def test_a_failure_has_its_code_and_the_catalogues_class_and_words(
    code: int, state: str, error_class: str
) -> None:
    failed = read_receipt(receipt("message-failed", errorCode=code, description="as-bandwidth-puts-it"))
    known = failure(code)
    assert known is not None
    assert (failed.state, failed.error_code) == (state, code)
    assert (failed.error_class, failed.reason) == (error_class, known.words)


def test_a_code_of_the_catalogues_rules_is_explained_by_them() -> None:
    failed = read_receipt(receipt("message-failed", errorCode=4799, description="as-bandwidth-puts-it"))
    assert (failed.state, failed.error_class) == ("failed", "carrier")
    assert failed.reason != "as-bandwidth-puts-it"


def test_a_code_that_the_catalogue_does_not_know_is_explained_by_bandwidths_description() -> None:
    failed = read_receipt(receipt("message-failed", errorCode=31, description="something new"))
    assert (failed.state, failed.error_code) == ("failed", 31)
    assert (failed.error_class, failed.reason) == (None, "something new")


def test_a_code_may_come_as_text() -> None:
    assert read_receipt(receipt("message-failed", errorCode="4432")).error_code == 4432
    assert read_receipt(receipt("message-failed", errorCode="9902")).state == "delivery_unknown"


def test_a_failure_without_code_or_words_is_still_one() -> None:
    failed = read_receipt(receipt("message-failed", description=""))
    assert (failed.state, failed.error_code, failed.error_class, failed.reason) == (
        "failed",
        None,
        None,
        None,
    )


@pytest.mark.parametrize("code", [None, 4432])
def test_what_has_not_failed_has_neither_class_nor_reason_though_it_has_a_description(
    code: int | None,
) -> None:
    delivered = read_receipt(receipt("message-delivered", description="delivered to carrier", errorCode=code))
    assert (delivered.error_class, delivered.reason) == (None, None)


@pytest.mark.parametrize(("code", "today"), [("775", 4775), ("902", 9902), ("650", 5650)])
def test_a_failure_of_v1_has_the_same_class_and_words_as_todays_code(code: str, today: int) -> None:
    event = {
        "eventType": "sms", "direction": "out", "messageId": "m-asdf", "from": OURS, "to": THEIRS,
        "time": "2026-02-03T04:05:06Z", "state": "error", "deliveryState": "not-delivered",
        "deliveryCode": code, "deliveryDescription": "as-bandwidth-puts-it", "tag": OUT,
    }  # fmt: skip
    failed, known = read_v1(json.dumps(event)), failure(today)
    assert isinstance(failed, Receipt)
    assert known is not None
    assert (failed.error_class, failed.reason) == (known.error_class, known.words)


def test_a_receipt_is_about_the_outer_recipient() -> None:
    event = receipt("message-delivered", to="9195551214", message={"to": [THEIRS, "9195551214"]})
    told = read_receipt(event)
    assert (told.recipient, told.recipients) == ("+19195551214", (THEIRS, "+19195551214"))


def test_a_receipt_may_tell_nothing_of_all_the_recipients() -> None:
    assert read_receipt(without(receipt("message-delivered"), "message", "to")).recipients == ()
    assert read_receipt(receipt("message-delivered", message={"to": THEIRS})).recipients == (THEIRS,)


def test_a_receipt_may_name_no_recipient() -> None:
    assert read_receipt(without(receipt("message-delivered"), "to")).recipient is None


def test_a_receipt_is_owned_by_its_sender_whatever_its_owner_says() -> None:
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
def test_a_receipt_that_cannot_be_read_is_kept_whole(event: dict[str, Any]) -> None:
    read_unreadable(event)
