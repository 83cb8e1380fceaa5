"""Publishes changes of the tables as events on the bus."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.runtime import wiring

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.event_publishing import EventPublishing

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Publish the events of a batch of stream records. Lambda retries the batch from the returned record.

    `event` is a batch of a stream, or a message of the dead-letter queue: `{"Records": [record]}`, or
    `{"object": key}` for a record too large for the queue.
    """
    publishing: EventPublishing = wiring.event_publishing()
    failed = publishing.publish(publishing.read_records(event))
    return {"batchItemFailures": [{"itemIdentifier": failed["dynamodb"]["SequenceNumber"]}] if failed else []}
