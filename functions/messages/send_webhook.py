"""Sends events to the webhook endpoints."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.domain.webhooks import read_delivery
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.queue_worker import QueueRecord

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.webhook_delivery import WebhookDelivery

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Queue the deliveries of an event, or attempt one delivery. A batch has one record."""
    service: WebhookDelivery = wiring.webhook_delivery()
    for each in event["Records"]:
        record = QueueRecord(each["body"], each["attributes"], each["messageAttributes"])
        if delivery := read_delivery(record.find_text):
            service.deliver(record.body, delivery)
        else:
            service.queue_deliveries(record.body)
    return {"batchItemFailures": []}
