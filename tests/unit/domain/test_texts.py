"""One form of a text for what is sent to Bandwidth and what Bandwidth lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain.texts import is_same_text, normalize


@pytest.mark.parametrize(
    ("text", "expected"),
    [("sp 1 ", "sp 1"), ("\tsp \n 1", "sp 1"), ("\u00a0sp\u20031", "sp 1"), ("  ", ""), ("", "")],
)
def test_a_text_is_trimmed_and_its_inner_white_space_collapsed(text: str, expected: str) -> None:
    assert normalize(text) == expected


@given(st.text())
def test_normalizing_twice_changes_nothing(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


def test_texts_that_differ_in_white_space_only_are_the_same() -> None:
    assert is_same_text(" sp  1", "sp 1 ")


@pytest.mark.parametrize(("one", "other"), [("sp 1", "sp1"), ("sp 1", "SP 1"), (None, None), ("", None)])
def test_other_texts_and_no_texts_are_not_the_same(one: str | None, other: str | None) -> None:
    assert not is_same_text(one, other)


def test_a_letter_and_its_combining_accent_are_one_character() -> None:
    assert is_same_text("cafe\u0301", "caf\u00e9")
