"""Publishes changes of the tables as events on the bus, and counts usage."""

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from bandwidth_messaging.runtime import wiring

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.event_publishing import EventPublishing

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from bandwidth_messaging.services.usage_counting import UsageCounting


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Publish the events of a batch of stream records. Lambda retries the batch from the returned record.

    `event` is a batch of a stream, or a message of the dead-letter queue: `{"Records": [record]}`, or
    `{"object": key}` for a record too large for the queue.
    """
    publishing: EventPublishing = wiring.event_publishing()
    records = publishing.read_records(event)
    failed = publishing.publish(records)
    counting: UsageCounting | None = wiring.usage_counting()
    if counting:
        # Lambda delivers the failed record and those after it again.
        counting.count(takewhile(lambda record: record is not failed, records))
    return {"batchItemFailures": [{"itemIdentifier": failed["dynamodb"]["SequenceNumber"]}] if failed else []}
