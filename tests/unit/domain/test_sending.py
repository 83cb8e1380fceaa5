"""The body of POST /messages."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.domain.sending import NewMessage
from bandwidth_messaging.domain.validation import parse

GIVEN = {"from": "(919) 555-1212", "to": "919-555-1213", "text": "Good morning!"}


def wrong_fields(**changes: Any) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        parse(NewMessage, {name: value for name, value in (GIVEN | changes).items() if value is not ...})
    return [problem.field for problem in raised.value.problems]


def test_numbers_are_converted_to_e164() -> None:
    new = parse(NewMessage, GIVEN)
    assert (new.sender, new.to, new.text, new.tag) == (
        "+19195551212",
        ["+19195551213"],
        "Good morning!",
        None,
    )


def test_recipients_may_be_a_list() -> None:
    assert parse(NewMessage, GIVEN | {"to": ["9195551213"]}).to == ["+19195551213"]
    ten = [f"919-555-12{number:02}" for number in range(10)]
    assert parse(NewMessage, GIVEN | {"to": ten}).to == [f"+191955512{number:02}" for number in range(10)]


def test_a_repeated_recipient_is_kept_once() -> None:
    to = ["+19195551214", "919 555 1213", "(919) 555-1214", "19195551213"]
    assert parse(NewMessage, GIVEN | {"to": to}).to == ["+19195551214", "+19195551213"]


@pytest.mark.parametrize("text", ["x", "x" * 2048, "👋" * 2048, "a\tb\r\nc"])
def test_a_text_has_up_to_2048_characters(text: str) -> None:
    assert parse(NewMessage, GIVEN | {"text": text}).text == text


@pytest.mark.parametrize("text", ["", "x" * 2049, None, 7, "half an emoji: \ud83d", ...])
def test_an_invalid_text_is_named(text: Any) -> None:
    assert wrong_fields(text=text) == ["text"]


@pytest.mark.parametrize("sender", ["", "12345", None, 9195551212, ...])
def test_an_invalid_sender_is_named_from(sender: Any) -> None:
    assert wrong_fields(**{"from": sender}) == ["from"]


@pytest.mark.parametrize("to", [[], [f"919555{n:04}" for n in range(11)], None, 9195551213, {}, ...])
def test_no_recipient_and_more_than_ten_are_named(to: Any) -> None:
    assert wrong_fields(to=to) == ["to"]


def test_an_invalid_recipient_is_named_by_its_index() -> None:
    assert wrong_fields(to=["12345"]) == ["to[0]"]
    assert wrong_fields(to=["9195551213", "12345", "9195551214", None]) == ["to[1]", "to[3]"]


# Text or media


PICTURE = "https://example.com/a.png"


def test_media_need_no_text() -> None:
    for text in ("", ...):
        given = GIVEN | {"text": text, "media": [PICTURE, "http://example.com/b.gif"]}
        new = parse(NewMessage, {name: value for name, value in given.items() if value is not ...})
        assert (new.text, new.media) == ("", [PICTURE, "http://example.com/b.gif"])


def test_media_can_have_a_text() -> None:
    assert parse(NewMessage, GIVEN | {"media": [PICTURE]}).text == "Good morning!"


def test_a_message_needs_text_or_media() -> None:
    assert wrong_fields(text=..., media=[]) == ["text"]
    assert wrong_fields(text="", media=[]) == ["text"]


BLANK = ["\u3164", "\u2800", "\ufe0f", " ", "\t\r\n", "\u00a0\u3000", "\u200b\u2060\ufeff", "\u2028\u2029"]


@pytest.mark.parametrize("text", BLANK)
def test_blank_text_needs_media(text: str) -> None:
    assert wrong_fields(text=text) == ["text"]
    assert parse(NewMessage, GIVEN | {"text": text, "media": [PICTURE]}).text == text


@pytest.mark.parametrize("field", ["text", "tag"])
@pytest.mark.parametrize("character", ["\x00", "\x07", "\x0c", "\x1b", "\x7f", "\x9f"])
def test_control_characters_are_rejected_and_named(field: str, character: str) -> None:
    with pytest.raises(InvalidInput, match=rf"{field}: .*U\+{ord(character):04X}"):
        parse(NewMessage, GIVEN | {field: f"a{character}b"})


@pytest.mark.parametrize("to", ["+19195551212", ["919-555-1213", "(919) 555-1212"]])
def test_the_sender_is_not_a_recipient(to: Any) -> None:
    assert wrong_fields(to=to) == ["to"]


def test_null_equals_an_absent_field() -> None:
    optional = dict.fromkeys(["media", "tag", "priority", "expiration"])
    assert parse(NewMessage, GIVEN | optional) == parse(NewMessage, GIVEN)
    assert parse(NewMessage, GIVEN | optional).digest() == parse(NewMessage, GIVEN).digest()
    new = parse(NewMessage, GIVEN | {"text": None, "media": [PICTURE]})

    assert (new.text, new.model_fields_set) == ("", {"sender", "to", "media"})


def test_an_expiration_of_5000_digits_is_invalid() -> None:
    assert wrong_fields(expiration="1" * 5000) == ["expiration"]


@pytest.mark.parametrize(
    "url",
    [
        "picture.png",
        "ftp://example.com/a",
        "//example.com/a",
        "https://",
        "https:///a",
        "https://a b",
        "https://example.com/\x00",
        "https://\x7f",
        "",
        None,
        7,
    ],
)
def test_an_invalid_media_url_is_named_by_its_index(url: Any) -> None:
    assert wrong_fields(media=[PICTURE, url]) == ["media[1]"]


@pytest.mark.parametrize("media", [PICTURE, {}, [PICTURE] * 11])
def test_media_must_be_a_list_of_up_to_ten(media: Any) -> None:
    assert wrong_fields(media=media) == ["media"]


def test_a_media_url_has_up_to_4096_characters() -> None:
    longest = PICTURE + "?" + "x" * (4095 - len(PICTURE))
    assert parse(NewMessage, GIVEN | {"media": [longest]}).media == [longest]
    assert wrong_fields(media=[longest + "x"]) == ["media[0]"]


def test_invalid_media_is_not_reported_as_a_missing_text() -> None:
    assert wrong_fields(text=..., media=["picture.png"]) == ["media[0]"]


# Priority and expiration


@pytest.mark.parametrize("priority", ["default", "high", None])
def test_a_priority_is_default_or_high(priority: str | None) -> None:
    assert parse(NewMessage, GIVEN | {"priority": priority}).priority == priority


@pytest.mark.parametrize("priority", ["urgent", "", "HIGH", 1])
def test_another_priority_is_named(priority: Any) -> None:
    assert wrong_fields(priority=priority) == ["priority"]


@pytest.mark.parametrize("written", ["2099-12-31T23:59:59Z", "2100-01-01T01:59:59.000+02:00"])
def test_an_expiration_is_a_time_with_an_offset(written: str) -> None:
    new = parse(NewMessage, GIVEN | {"expiration": written})
    assert new.expiration == datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2020-01-01T00:00:00Z",
        "tomorrow",
        "2099-12-31",
        "2099-12-31T23:59:59",
        "",
        True,
        {},
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_a_past_or_invalid_expiration_is_named(written: Any) -> None:
    assert wrong_fields(expiration=written) == ["expiration"]


def test_the_current_time_is_too_late() -> None:
    assert wrong_fields(expiration=datetime.now(UTC).isoformat()) == ["expiration"]


# What the sender's API takes


def test_v2_supports_all_fields() -> None:
    to = ["9195551213", "9195551214"]
    new = parse(NewMessage, GIVEN | {"to": to, "media": [PICTURE], "priority": "high"})
    assert new.find_unsupported("v2") == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, []),
        ({"media": [PICTURE], "tag": "order 7", "expiration": "2099-12-31T23:59:59Z"}, []),
        ({"to": ["9195551213", "(919) 555-1213"]}, []),
        ({"to": ["9195551213", "9195551214"]}, ["to"]),
        ({"priority": "default"}, ["priority"]),
        ({"to": ["9195551213", "9195551214"], "priority": "high"}, ["to", "priority"]),
    ],
)
def test_v1_supports_neither_groups_nor_priority(changes: dict[str, Any], named: list[str]) -> None:
    problems = parse(NewMessage, GIVEN | changes).find_unsupported("v1")
    assert [problem.field for problem in problems] == named
    assert all("V1" in problem.detail for problem in problems)


# The digest of a request


WHOLE: dict[str, Any] = {
    "from": "(919) 555-1212",
    "to": ["919-555-1213", "9195551214"],
    "text": "Good morning!",
    "media": [PICTURE],
    "tag": "order 7",
    "priority": "high",
    "expiration": "2099-12-31T23:59:59Z",
}


def digest(given: dict[str, Any]) -> str:
    return parse(NewMessage, given).digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "+19195551212"},
        {"from": "1 (919) 555.1212"},
        {"to": ["+1 919 555 1213", "+19195551214"]},
        {"to": ["9195551213", "9195551214", "+19195551213"]},
        {"expiration": "2099-12-31T23:59:59.000+00:00"},
        {"expiration": "2100-01-01T00:59:59+01:00"},
    ],
)
def test_another_notation_has_the_same_digest(changes: dict[str, Any]) -> None:
    assert digest(WHOLE | changes) == digest(WHOLE)


def test_absent_fields_and_null_have_the_same_digest() -> None:
    nothing: dict[str, Any] = {"media": [], "tag": None, "priority": None, "expiration": None}
    assert digest(GIVEN | nothing) == digest(GIVEN)
    assert digest(GIVEN | {"to": [GIVEN["to"]]}) == digest(GIVEN)


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "9195551215"},
        {"to": ["9195551213"]},
        {"to": ["9195551213", "9195551215"]},
        {"to": ["9195551213", "9195551214", "9195551215"]},
        {"text": "Good morning."},
        {"text": "Good morning! "},
        {"text": ""},
        {"media": []},
        {"media": [PICTURE, PICTURE]},
        {"media": ["https://example.com/b.png"]},
        {"tag": "order 8"},
        {"tag": ""},
        {"tag": None},
        {"priority": "default"},
        {"priority": None},
        {"expiration": "2099-12-31T23:59:58Z"},
        {"expiration": None},
    ],
)
def test_another_content_has_another_digest(changes: dict[str, Any]) -> None:
    assert digest(WHOLE | changes) != digest(WHOLE)


def test_the_digest_distinguishes_fields() -> None:
    assert digest(GIVEN | {"text": "a", "tag": "b"}) != digest(GIVEN | {"text": "b", "tag": "a"})
    assert digest(GIVEN | {"text": 'a","tag":"b'}) != digest(GIVEN | {"text": "a", "tag": "b"})


def test_a_tag_has_up_to_1024_characters() -> None:
    assert parse(NewMessage, GIVEN | {"tag": "x" * 1024}).tag == "x" * 1024
    assert wrong_fields(tag="x" * 1025) == ["tag"]


def test_every_wrong_field_is_named_and_unknown_ones_too() -> None:
    wrong = {
        "from": "12",
        "to": [],
        "media": ["picture.png"],
        "text": "x" * 2049,
        "tag": 7,
        "priority": "urgent",
        "expiration": "tomorrow",
        "colour": "red",
    }
    assert set(wrong_fields(**wrong)) == {name if name != "media" else "media[0]" for name in wrong}


def test_a_missing_text_is_reported_with_an_invalid_sender() -> None:
    assert wrong_fields(**{"from": "12", "text": ...}) == ["from", "text"]
    assert wrong_fields(**{"from": ..., "to": ..., "text": ...}) == ["from", "to", "text"]


def test_the_digest_of_a_request_without_send_at_is_that_of_earlier_versions() -> None:
    stored = (
        '{"from":"+19195551212","to":["+19195551213"],"media":[],"text":"Good morning!",'
        '"tag":null,"priority":null,"expiration":null}'
    )

    assert parse(NewMessage, GIVEN).digest() == hashlib.sha256(stored.encode()).hexdigest()
    assert parse(NewMessage, GIVEN | {"sendAt": "2099-01-01T00:00:00Z"}).digest() != (
        parse(NewMessage, GIVEN).digest()
    )


def test_the_same_time_with_another_offset_is_the_same_request() -> None:
    one, other = "2099-01-01T00:00:00Z", "2098-12-31T19:00:00-05:00"

    assert parse(NewMessage, GIVEN | {"sendAt": one}).digest() == (
        parse(NewMessage, GIVEN | {"sendAt": other}).digest()
    )


@pytest.mark.parametrize(("days", "is_timely"), [(0, False), (1, True), (35, True), (36, False)])
def test_a_message_is_scheduled_at_most_35_days_ahead(days: int, is_timely: bool) -> None:
    new = parse(NewMessage, GIVEN | {"sendAt": "2099-02-05T00:00:00Z"})
    at = datetime(2099, 2, 5, tzinfo=UTC) - timedelta(days=days)

    assert (new.find_untimely(at) == []) is is_timely


@pytest.mark.parametrize(
    "moment", ["2099-01-01", "2099-01-01T00:00:00", "tomorrow", "9999-12-31T23:59:59-01:00"]
)
def test_an_unreadable_send_time_is_invalid(moment: str) -> None:
    assert wrong_fields(sendAt=moment) == ["sendAt"]
