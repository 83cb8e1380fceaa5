"""The worker of the send queues ("Send Text Message", "Send Message"): sends each message at most once."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.send_records import TICKETS, read_tickets
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.runtime.logging import append_keys
from bandwidth_messaging.runtime.queue_worker import QueueRecord, process_records
from bandwidth_messaging.runtime.settings import settings

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.message_delivery import MessageDelivery


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send the message of each queue record. SQS redelivers the records in `batchItemFailures`."""
    # All records of an event are of one queue.
    queue_name = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
    is_high = settings().high_send_queue_url.endswith(f"/{queue_name}")
    return process_records(event, _deliver, stores.high_send_queue if is_high else stores.send_queue)


def _deliver(record: QueueRecord) -> int | None:
    append_keys(message_id=record.body)
    delivery: MessageDelivery = wiring.message_delivery()
    return delivery.deliver(
        record.body,
        read_tickets(record.find_text(TICKETS)),
        receives=record.receives,
        queued_at=record.sent_at,
    )
