"""The EventBridge bus. services/event_publishing publishes through it."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

logger = logging.getLogger(__name__)

type Record = dict[str, Any]
type RecordEntry = tuple[Record, "Entry"]
"""A stream record and its entry for PutEvents."""
type GiveUp = Callable[[Record, str], None]
"""Called with a record that can never be published, and the error code."""

# PutEvents accepts 1 MB since January 2026. Every region accepts 256 KB.
_MAX_REQUEST_BYTES: Final = 256_000
# Error codes that a retry cannot change. Other errors, such as throttles and missing permissions, concern
# every record: their shard waits.
_PERMANENT_REQUEST_ERRORS: Final = frozenset({"ValidationException", "RequestEntityTooLargeException", "413"})
_PERMANENT_ENTRY_ERRORS: Final = frozenset({"InvalidArgument", "MalformedDetail", "RedactionFailure"})


class EventBus:
    """Publishes entries on the bus that the entries name."""

    def __init__(self, client: "EventBridgeClient") -> None:
        self._client = client

    def publish(self, entries: Sequence[RecordEntry], *, give_up: GiveUp) -> Record | None:
        """Publish entries in order. Return the record of the first entry that needs a retry, if any.

        Raises errors of whole requests that a retry may overcome.
        """
        return next((failed for batch in _batches(entries) if (failed := self._put(batch, give_up))), None)

    def _put(self, batch: Sequence[RecordEntry], give_up: GiveUp) -> Record | None:
        try:
            response = self._client.put_events(Entries=[entry for _, entry in batch])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _PERMANENT_REQUEST_ERRORS:
                raise
            if len(batch) == 1:
                give_up(batch[0][0], code)
                return None
            # EventBridge does not name the rejected entry, so each entry is published on its own.
            return next((failed for single in batch if (failed := self._put([single], give_up))), None)
        for (record, entry), result in zip(batch, response["Entries"], strict=True):
            error_code = result.get("ErrorCode")
            if error_code in _PERMANENT_ENTRY_ERRORS:
                give_up(record, error_code)
            elif error_code:
                logger.warning(
                    "event not published", extra={"detail_type": entry["DetailType"], "error": error_code}
                )
                return record
        return None


def _batches(entries: Sequence[RecordEntry]) -> Iterator[list[RecordEntry]]:
    """Yield the entries in order, in batches that fit one request."""
    batch: list[RecordEntry] = []
    size = 0
    for record, entry in entries:
        entry_size = sum(len(str(text).encode()) for text in entry.values())
        if batch and size + entry_size > _MAX_REQUEST_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((record, entry))
        size += entry_size
    if batch:
        yield batch
