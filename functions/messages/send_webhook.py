"""Sends events to the webhook endpoints."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.domain.webhooks import WEBHOOK
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.runtime.queue_worker import QueueRecord, process_records

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.webhook_delivery import WebhookDelivery

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Queue the deliveries of an event, or attempt one delivery: an event with the name of an endpoint."""
    return process_records(event, _process, stores.webhook_queue)


def _process(record: QueueRecord) -> int | None:
    """Return None if the record is done, or the seconds until the next attempt."""
    delivery: WebhookDelivery = wiring.webhook_delivery()
    if name := record.find_text(WEBHOOK):
        return delivery.deliver(record.body, name, record.receives)
    delivery.queue_deliveries(record.body)
    return None
