"""Working off a queue: what is not done yet comes again, later each time."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from bandwidth_messaging.store.queues import WorkQueue

_LONGEST_INVISIBLE_SECONDS: Final = 43_200


class QueueRecord(NamedTuple):
    """A record of a queue, as Lambda hands it to a worker."""

    body: str
    attributes: Mapping[str, str]

    @property
    def receives(self) -> int:
        """Return how often the record has been delivered, this time included."""
        return int(self.attributes["ApproximateReceiveCount"])

    @property
    def sent_at(self) -> datetime:
        """Return when the record was put into the queue."""
        return datetime.fromtimestamp(int(self.attributes["SentTimestamp"]) / 1000, UTC)


def process_records(
    event: dict[str, Any], work: Callable[[QueueRecord], int | None], queue: Callable[[], "WorkQueue"]
) -> dict[str, Any]:
    """Do the work of each record of a queue; return the records that come again, as Lambda asks for them.

    `work` returns None once there is no more to do, else after how many seconds to look at the record again.
    `queue` is asked for only then.
    """
    again = []
    for record in event["Records"]:
        seconds = work(QueueRecord(record["body"], record["attributes"]))
        if seconds is not None:
            queue().delay(record["receiptHandle"], min(seconds, _LONGEST_INVISIBLE_SECONDS))
            again.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": again}
