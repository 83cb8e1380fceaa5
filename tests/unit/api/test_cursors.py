"""Cursors: a list accepts only cursors that it returned."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwidth_messaging.api import cursors
from bandwidth_messaging.domain.problems import InvalidInput

LIST = "numbers active"
keys = st.dictionaries(st.text(), st.text(), min_size=1)


def wrong_fields(cursor: str, of: str = LIST) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        cursors.decode_cursor(cursor, list_name=of)
    return [problem.field for problem in raised.value.problems]


def encoded(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


@given(keys, st.text())
def test_a_cursor_decodes_to_its_key(key: dict[str, Any], of: str) -> None:
    assert cursors.decode_cursor(cursors.encode_cursor(key, list_name=of), list_name=of) == key


@given(keys, st.text())
def test_a_cursor_needs_no_encoding_in_a_query(key: dict[str, Any], of: str) -> None:
    written = cursors.encode_cursor(key, list_name=of)
    assert written is not None
    assert all(sign.isascii() and (sign.isalnum() or sign in "-_=") for sign in written)


def test_the_last_page_has_no_cursor_and_no_cursor_is_the_first_page() -> None:
    assert cursors.encode_cursor(None, list_name=LIST) is None
    assert cursors.decode_cursor(None, list_name=LIST) is None


@given(keys, st.text(), st.text())
def test_a_cursor_of_another_list_is_invalid(key: dict[str, Any], of: str, other: str) -> None:
    written = cursors.encode_cursor(key, list_name=of)
    assert written is not None
    if of != other:
        assert wrong_fields(written, other) == ["cursor"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "not a cursor", "eyJwayI6", "W10=", "e30x", "eyJwayI6IDF9", "bnVsbA==", "é", "=" * 8]
)
def test_a_text_that_no_list_returned_is_invalid(cursor: str) -> None:
    assert wrong_fields(cursor) == ["cursor"]


@pytest.mark.parametrize(
    "content",
    [
        {"pk": "NUMBER#+1"},
        [LIST],
        [LIST, None],
        [LIST, []],
        [LIST, "NUMBER#+1"],
        [LIST, {"pk": 1}],
        [LIST, {"pk": {"S": "NUMBER#+1"}}],
        [LIST, {"pk": "NUMBER#+1"}, 2],
        [[LIST], {"pk": "NUMBER#+1"}],
        LIST,
        12,
    ],
)
def test_content_with_another_form_is_invalid(content: Any) -> None:
    assert wrong_fields(encoded(content)) == ["cursor"]


def test_a_cursor_without_a_list_is_invalid() -> None:
    assert wrong_fields(encoded({"pk": "NUMBER#+19199918388", "state": "active"})) == ["cursor"]


@given(st.text() | st.binary().map(lambda content: base64.urlsafe_b64encode(content).decode()))
def test_any_text_is_a_key_or_an_invalid_field(cursor: str) -> None:
    try:
        key = cursors.decode_cursor(cursor, list_name=LIST)
    except InvalidInput:
        return
    assert isinstance(key, dict)
