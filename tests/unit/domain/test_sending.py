"""The body of POST /messages."""

from typing import Any

import pytest

from bandwidth_messaging.domain.errors import InvalidInput
from bandwidth_messaging.domain.sending import NewMessage
from bandwidth_messaging.domain.validation import parse

GIVEN = {"from": "(919) 555-1212", "to": "919-555-1213", "text": "Good morning!"}


def wrong_fields(**changes: Any) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        parse(NewMessage, {name: value for name, value in (GIVEN | changes).items() if value is not ...})
    return [problem.field for problem in raised.value.problems]


def test_numbers_leave_as_e164() -> None:
    new = parse(NewMessage, GIVEN)
    assert (new.sender, new.to, new.text, new.tag) == (
        "+19195551212",
        ["+19195551213"],
        "Good morning!",
        None,
    )


def test_the_recipient_may_be_a_list_of_one() -> None:
    assert parse(NewMessage, GIVEN | {"to": ["9195551213"]}).to == ["+19195551213"]


@pytest.mark.parametrize("text", ["x", "x" * 2048, "👋" * 2048, " "])
def test_a_text_has_up_to_2048_characters(text: str) -> None:
    assert parse(NewMessage, GIVEN | {"text": text}).text == text


@pytest.mark.parametrize("text", ["", "x" * 2049, None, 7, ...])
def test_a_text_that_is_none_is_named(text: Any) -> None:
    assert wrong_fields(text=text) == ["text"]


@pytest.mark.parametrize("sender", ["", "12345", None, 9195551212, ...])
def test_a_sender_that_is_no_number_is_named_as_the_caller_did(sender: Any) -> None:
    assert wrong_fields(**{"from": sender}) == ["from"]


@pytest.mark.parametrize("to", [[], ["9195551213", "9195551214"], None, 9195551213, {}, ...])
def test_not_exactly_one_recipient_is_named(to: Any) -> None:
    assert wrong_fields(to=to) == ["to"]


def test_the_recipient_that_is_no_number_is_named_by_its_place() -> None:
    assert wrong_fields(to=["12345"]) == ["to.0"]


def test_a_tag_has_up_to_1024_characters() -> None:
    assert parse(NewMessage, GIVEN | {"tag": "x" * 1024}).tag == "x" * 1024
    assert wrong_fields(tag="x" * 1025) == ["tag"]


def test_every_wrong_field_is_named_and_unknown_ones_too() -> None:
    assert wrong_fields(**{"from": "me", "to": [], "text": "", "media": ["https://example.com/a.png"]}) == [
        "from",
        "to",
        "text",
        "media",
    ]
