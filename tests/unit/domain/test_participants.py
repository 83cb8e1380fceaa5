"""The owner number of a request: E.164, or a value that callbacks store unchanged."""

import pytest

from bandwidth_messaging.domain.participants import parse_owner_number, to_number_or_agent


@pytest.mark.parametrize(
    ("written", "owner"),
    [
        ("(919) 555-1212", "+19195551212"),
        ("tel:+19195551212", "+19195551212"),
        ("00447700900123", "00447700900123"),
        ("12345", "12345"),
        ("ExampleAgent", "ExampleAgent"),
    ],
)
def test_an_owner_is_read_in_the_form_that_messages_store(written: str, owner: str) -> None:
    assert parse_owner_number(written) == owner


def test_a_sender_of_texts_is_a_number_or_an_agent() -> None:
    assert to_number_or_agent("tel:+1-919-555-1212") == "+19195551212"
    assert to_number_or_agent("ExampleAgent") == "ExampleAgent"
    with pytest.raises(ValueError, match="is not a phone number"):
        to_number_or_agent("12345")


@pytest.mark.parametrize("written", ["+1919", "my home", ""])
def test_a_mistyped_owner_is_rejected(written: str) -> None:
    with pytest.raises(ValueError, match="is not a phone number"):
        parse_owner_number(written)
