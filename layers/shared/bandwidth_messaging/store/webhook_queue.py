"""The queue of events to send to webhook endpoints, and of their deliveries."""

from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.webhooks import Delivery, write_delivery

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# The longest delay of an SQS message.
_MAX_DELAY_SECONDS: Final = 900


class WebhookQueue:
    """Events as EventBridge delivers them. A delivery is an event with attributes (domain.webhooks)."""

    def __init__(self, client: "SQSClient", url: str, dead_letter_url: str) -> None:
        self._client = client
        self._url = url
        self._dead_letter_url = dead_letter_url

    def add(self, body: str, delivery: Delivery, *, delay_seconds: int = 0) -> None:
        """Queue a delivery. The worker receives it after `delay_seconds`, or after 15 minutes if sooner."""
        self._send(self._url, body, delivery, min(delay_seconds, _MAX_DELAY_SECONDS))

    def give_up(self, body: str, webhook: str) -> None:
        """Store a delivery in the dead-letter queue. If it is moved back, its attempts start again."""
        self._send(self._dead_letter_url, body, Delivery(webhook), 0)

    def _send(self, url: str, body: str, delivery: Delivery, delay_seconds: int) -> None:
        self._client.send_message(
            QueueUrl=url,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in write_delivery(delivery).items()
            },
            DelaySeconds=delay_seconds,
            # Fair queue: the deliveries of a slow endpoint do not delay those of the others.
            MessageGroupId=delivery.webhook,
        )
