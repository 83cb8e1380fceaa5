"""Puts entries on the event bus, in requests that EventBridge takes; called by publish_events."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from bandwidth_messaging.runtime import wiring

logger = logging.getLogger(__name__)


type Record = dict[str, Any]
type Announced = tuple[Record, Any]
"""A stream record and its entry for PutEvents."""
type GiveUp = Callable[[Record, str], None]
"""Called with a record that can never be published, and the error code."""

# PutEvents takes 1 MB in one request since January 2026, but 256 KB is what it takes everywhere.
_LARGEST_REQUEST_BYTES: Final = 256_000
# Errors of a request, and of one of its entries, that no retry changes. Others, as a throttle or a missing
# permission, do not concern one record alone: its shard waits.
_REQUEST_REFUSED: Final = frozenset({"ValidationException", "RequestEntityTooLargeException", "413"})
_ENTRY_REFUSED: Final = frozenset({"InvalidArgument", "MalformedDetail", "RedactionFailure"})


def publish(announced: Sequence[Announced], *, give_up: GiveUp) -> Record | None:
    """Publish entries in their order; return the record of the first that has to be retried, if any.

    Raises errors of whole requests that a retry may overcome.
    """
    return next((failed for each in _requests(announced) if (failed := _put(each, give_up))), None)


def _requests(announced: Sequence[Announced]) -> Iterator[list[Announced]]:
    """Yield the entries in their order, as many at a time as one request takes."""
    request: list[Announced] = []
    size = 0
    for record, entry in announced:
        entry_size = sum(len(text.encode()) for text in entry.values())
        if request and size + entry_size > _LARGEST_REQUEST_BYTES:
            yield request
            request, size = [], 0
        request.append((record, entry))
        size += entry_size
    if request:
        yield request


def _put(request: Sequence[Announced], give_up: GiveUp) -> Record | None:
    try:
        response = wiring.events().put_events(Entries=[entry for _, entry in request])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in _REQUEST_REFUSED:
            raise
        if len(request) == 1:
            give_up(request[0][0], code)
            return None
        # One of them is refused: each is published on its own.
        return next((failed for each in request if (failed := _put([each], give_up))), None)
    for (record, entry), result in zip(request, response["Entries"], strict=True):
        error_code = result.get("ErrorCode")
        if error_code in _ENTRY_REFUSED:
            give_up(record, error_code)
        elif error_code:
            logger.warning(
                "event not published", extra={"detail_type": entry["DetailType"], "error": error_code}
            )
            return record
    return None
