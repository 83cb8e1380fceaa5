"""The worker of the send queue ("Send Text Message", "Send Message"): sends each message at most once."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.runtime.logging import append_keys
from bandwidth_messaging.runtime.queue_worker import QueueRecord, process_records

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.message_delivery import MessageDelivery


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send the message of each queue record. SQS redelivers the records in `batchItemFailures`."""
    return process_records(event, _deliver, stores.send_queue)


def _deliver(record: QueueRecord) -> int | None:
    append_keys(message_id=record.body)
    delivery: MessageDelivery = wiring.message_delivery()
    return delivery.deliver(record.body, receives=record.receives, queued_at=record.sent_at)
