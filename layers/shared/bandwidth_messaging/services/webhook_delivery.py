"""Sends events to webhook endpoints. Called by send_webhook."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.times import now
from bandwidth_messaging.domain.webhooks import (
    Delivery,
    WebhookItem,
    WebhookState,
    build_body,
    derive_secret,
    find_retry_delay,
    list_secret_ids,
    sign,
    to_seconds,
    wants,
)

if TYPE_CHECKING:
    from bandwidth_messaging.network.webhook_client import WebhookClient, WebhookResponse
    from bandwidth_messaging.store.webhook_queue import WebhookQueue
    from bandwidth_messaging.store.webhook_store import Webhooks

logger = logging.getLogger(__name__)

_GONE: Final = "The endpoint responded 410 Gone."


@dataclass(frozen=True)
class WebhookDelivery:
    """Turns an event into one delivery for each endpoint, and attempts deliveries."""

    webhooks: "Webhooks"
    queue: "Callable[[], WebhookQueue]"
    client: "Callable[[], WebhookClient]"
    read_master_secret: Callable[[], str]
    count: Callable[[str], None]

    def queue_deliveries(self, body: str) -> None:
        """Queue one delivery of an event for each endpoint that wants it.

        `body` is the event as EventBridge delivers it. Raises ClientError if not all were queued. Then the
        event is processed again, and an endpoint may get it twice, with the same webhook-id.
        """
        detail_type = json.loads(body)["detail-type"]
        for webhook in self.webhooks.list_by_state(WebhookState.ENABLED):
            if wants(webhook, detail_type):
                self.queue().add(body, Delivery(webhook["webhookName"]))

    def deliver(self, body: str, delivery: Delivery) -> None:
        """Send an event to an endpoint, or queue the delivery again if it is not due.

        A delivery that fails is queued for its next attempt. After the last attempt it becomes a dead letter.
        A delivery to an endpoint that was deleted or disabled, or no longer wants the event, is dropped.
        """
        name = delivery.webhook
        webhook = self.webhooks.get(name)
        if webhook is None or not wants(webhook, json.loads(body)["detail-type"]):
            logger.info("webhook dropped", extra={"webhook": name})
            return
        at = now()
        # Not a longer visibility timeout: SQS permits 120,000 messages in flight, and then delivers none.
        if (left := delivery.due - to_seconds(at)) > 0:
            self.queue().add(body, delivery, delay_seconds=left)
            return
        response = self._post(webhook, body, at)
        if response.is_success:
            return
        attempts = delivery.attempts + 1
        outcome = {"status": response.status, "failure": response.failure}
        logger.warning("webhook not delivered", extra={"webhook": name, "attempt": attempts, **outcome})
        if response.status == HTTPStatus.GONE and self._disable(webhook):
            return
        self.count("WebhookAttemptFailed")
        if (delay := find_retry_delay(attempts, response.retry_after)) is None:
            self.queue().give_up(body, name)
        else:
            due = to_seconds(now()) + delay
            self.queue().add(body, Delivery(name, attempts, due), delay_seconds=delay)

    def _post(self, webhook: WebhookItem, body: str, at: str) -> "WebhookResponse":
        event = json.loads(body)
        content = build_body(event, webhook["format"])
        master = self.read_master_secret()
        secrets = [derive_secret(master, secret_id) for secret_id in list_secret_ids(webhook, at)]
        headers = sign(event["detail"]["eventId"], at, content, secrets)
        return self.client().post(webhook["url"], content, headers)

    def _disable(self, webhook: WebhookItem) -> bool:
        """Disable an endpoint, unless it was changed meanwhile: the new URL may be another one.

        Returns whether this was done.
        """
        changed: WebhookItem = {
            **webhook,
            "state": WebhookState.DISABLED,
            "disabledAt": now(),
            "reason": _GONE,
        }
        if not self.webhooks.replace(webhook["webhookName"], webhook, changed):
            return False
        self.count("WebhookDisabled")
        return True
