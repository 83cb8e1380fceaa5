"""Cursors: what a list returned is understood again, and nothing else is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.domain.errors import InvalidInput
from bandwidth_messaging.runtime import cursors


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_a_cursor_leads_back_to_its_key(key: dict[str, Any]) -> None:
    assert cursors.read(cursors.write(key)) == key


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_a_cursor_fits_into_a_query_as_it_is(key: dict[str, Any]) -> None:
    written = cursors.write(key)
    assert written is not None
    assert all(sign.isascii() and (sign.isalnum() or sign in "-_=") for sign in written)


def test_the_last_page_has_no_cursor_and_no_cursor_is_the_first_page() -> None:
    assert cursors.write(None) is None
    assert cursors.read(None) is None


@pytest.mark.parametrize(
    "cursor", ["", "x", "not a cursor", "eyJwayI6", "W10=", "e30x", "eyJwayI6IDF9", "bnVsbA==", "é", "=" * 8]
)
def test_what_no_list_returned_is_a_wrong_cursor(cursor: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        cursors.read(cursor)
    assert [problem.field for problem in raised.value.problems] == ["cursor"]


@given(st.text())
def test_whatever_is_given_as_a_cursor_is_a_key_or_a_wrong_field(cursor: str) -> None:
    try:
        key = cursors.read(cursor)
    except InvalidInput:
        return
    assert isinstance(key, dict)
