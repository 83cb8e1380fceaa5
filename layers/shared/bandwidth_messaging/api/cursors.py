"""Where the next page of a list starts, as an opaque text."""

import base64
import json
from typing import Final

from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.store.dynamodb import Item

NOT_OF_THIS_LIST: Final = FieldProblem(
    "cursor", "is not a cursor that this list returned. Leave it out to start with the first page."
)


def write(next_key: Item | None, *, of: str) -> str | None:
    """Return the cursor of a page's end, None after the last page. `of` names the list."""
    return base64.urlsafe_b64encode(json.dumps([of, next_key]).encode()).decode() if next_key else None


def read(cursor: str | None, *, of: str) -> Item | None:
    """Return the key that a cursor stands for. Raises InvalidInput if it is none of the list `of`."""
    if cursor is None:
        return None
    try:
        listed, key = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        # Half a surrogate pair cannot be sent to DynamoDB.
        json.dumps(key, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        listed, key = None, None
    if listed != of or not isinstance(key, dict) or not all(isinstance(value, str) for value in key.values()):
        raise InvalidInput([NOT_OF_THIS_LIST])
    return key
