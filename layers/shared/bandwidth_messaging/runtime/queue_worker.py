"""Processes the records of a queue. Records that are not done are delivered again after a delay."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from bandwidth_messaging.store.queues import WorkQueue

# SQS limits the visibility timeout to 12 hours.
_MAX_DELAY_SECONDS: Final = 43_200


class QueueRecord(NamedTuple):
    """A queue record in the form in which Lambda passes it to a worker."""

    body: str
    attributes: Mapping[str, str]
    message_attributes: Mapping[str, Mapping[str, str]] = MappingProxyType({})

    def find_text(self, name: str) -> str | None:
        """Return the text of an attribute that the sender set, None if the record has no such attribute."""
        return self.message_attributes.get(name, {}).get("stringValue")

    @property
    def receives(self) -> int:
        """Return how often the record has been delivered, including this delivery."""
        return int(self.attributes["ApproximateReceiveCount"])

    @property
    def sent_at(self) -> datetime:
        """Return when the record was sent to the queue."""
        return datetime.fromtimestamp(int(self.attributes["SentTimestamp"]) / 1000, UTC)


def process_records(
    event: dict[str, Any], work: Callable[[QueueRecord], int | None], queue: Callable[[], "WorkQueue"]
) -> dict[str, Any]:
    """Process each record of a queue. Return the records that SQS delivers again, in Lambda's form.

    `work` returns None if a record is done, or the seconds until its next delivery. `queue` is called only to
    delay a record.
    """
    failures = []
    for record in event["Records"]:
        seconds = work(QueueRecord(record["body"], record["attributes"], record.get("messageAttributes", {})))
        if seconds is not None:
            queue().delay(record["receiptHandle"], min(seconds, _MAX_DELAY_SECONDS))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
