"""The message of a rejection masks phone numbers."""

import pytest

from bandwidth_messaging.bandwidth.errors import BandwidthRejected


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("+19199918388 is taken.", "…8388 is taken."),
        ("19199918388 is taken.", "…8388 is taken."),
        ("9199918388 is taken.", "…8388 is taken."),
        ("From +19199918388 to 4158714245", "From …8388 to …4245"),
        ("'9199918388','4158714245'", "'…8388','…4245'"),
        ("9199918388.", "…8388."),
        ("+442071838750", "…8750"),
        ("+1 (919) 991-8388 or 415-871-4245", "…8388 or …4245"),
        ("(919) 991-8388, 1.415.871.4245", "…8388, …4245"),
        ("Site 743, location 303716, account 9500149", "Site 743, location 303716, account 9500149"),
        ("Order 65e03a35-6b97-48a5-8126-f47bad02df2a", "Order 65e03a35-6b97-48a5-8126-f47bad02df2a"),
        ("Order 94444112-2264-47a6-b8f2-57e198719a41", "Order 94444112-2264-47a6-b8f2-57e198719a41"),
        ("Quantity 5000 on 2026-11-22", "Quantity 5000 on 2026-11-22"),
    ],
)
def test_the_message_masks_numbers_and_the_attribute_words_does_not(words: str, shown: str) -> None:
    error = BandwidthRejected("POST /orders", status=400, code="5005", words=words)
    assert str(error) == f"POST /orders was rejected: 5005 {shown}"
    assert (error.status, error.code, error.words) == (400, "5005", words)


@pytest.mark.parametrize("words", [None, ""])
def test_a_rejection_without_code_and_description_has_a_message(words: str | None) -> None:
    error = BandwidthRejected("POST /orders", words=words)
    assert str(error) == "POST /orders was rejected: no reason given"
    assert (error.status, error.code, error.words) == (None, None, "no reason given")
