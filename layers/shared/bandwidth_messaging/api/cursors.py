"""Cursors: where the next page of a list starts, as an opaque text."""

import base64
import json
from collections.abc import Callable
from typing import Any, Final, Protocol

from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.store.dynamodb import Item, Page

INVALID_CURSOR: Final = FieldProblem(
    "cursor", "is not a cursor of this list. Leave the cursor out to get the first page."
)


class PageQuery(Protocol):
    """Returns a page of at most `limit` items that starts after the key `start`."""

    def __call__(self, *, limit: int, start: Item | None = None) -> Page: ...


def list_page(
    query: PageQuery, view: Callable[[Item], Any], *, list_name: str, limit: int, cursor: str | None
) -> dict[str, Any]:
    """Return a page of a list as the API shows it: the items' views, and the cursor of the next page.

    Raises InvalidInput if the cursor belongs to another list than `list_name`.
    """
    page = query(limit=limit, start=decode_cursor(cursor, list_name=list_name))
    return {
        "items": [view(item) for item in page.items],
        "cursor": encode_cursor(page.next_key, list_name=list_name),
    }


def encode_cursor(next_key: Item | None, *, list_name: str) -> str | None:
    """Return the cursor of the next page, or None after the last page."""
    if not next_key:
        return None
    return base64.urlsafe_b64encode(json.dumps([list_name, next_key]).encode()).decode()


def decode_cursor(cursor: str | None, *, list_name: str) -> Item | None:
    """Return the key that a cursor contains. Raises InvalidInput if the cursor belongs to another list."""
    if cursor is None:
        return None
    try:
        cursor_list, key = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        # DynamoDB does not accept lone surrogates.
        json.dumps(key, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        raise InvalidInput([INVALID_CURSOR]) from None
    is_key = isinstance(key, dict) and all(isinstance(value, str) for value in key.values())
    if cursor_list != list_name or not is_key:
        raise InvalidInput([INVALID_CURSOR])
    return dict(key)
