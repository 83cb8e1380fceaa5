"""The queue of events to send to webhook endpoints, and of their deliveries."""

from collections.abc import Iterable

from bandwidth_messaging.domain.webhooks import WEBHOOK
from bandwidth_messaging.store.queues import WorkQueue


class WebhookQueue(WorkQueue):
    """Events as EventBridge delivers them. A delivery is an event with the name of one endpoint (WEBHOOK)."""

    def add(self, body: str, names: Iterable[str]) -> None:
        """Queue one delivery of an event for each endpoint."""
        # Single requests, because a batch may have no more bytes than one message.
        for name in names:
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageAttributes={WEBHOOK: {"DataType": "String", "StringValue": name}},
                # Fair queue: the deliveries of a slow endpoint do not delay those of the others.
                MessageGroupId=name,
            )
