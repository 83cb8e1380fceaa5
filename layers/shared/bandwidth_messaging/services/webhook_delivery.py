"""Sends events to webhook endpoints. Called by send_webhook."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.times import now
from bandwidth_messaging.domain.webhooks import (
    WebhookItem,
    WebhookState,
    build_body,
    derive_secret,
    find_retry_delay,
    list_secret_ids,
    sign,
    wants,
)

if TYPE_CHECKING:
    from bandwidth_messaging.network.webhook_client import WebhookClient
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
        enabled = self.webhooks.list_by_state(WebhookState.ENABLED)
        names = [webhook["webhookName"] for webhook in enabled if wants(webhook, detail_type)]
        if names:
            self.queue().add(body, names)

    def deliver(self, body: str, name: str, attempts: int) -> int | None:
        """Send an event to an endpoint. Return None if done, or the seconds until the next attempt.

        `attempts` counts the attempts with this one. After the last one the result is 0, and the queue moves
        the record to its dead-letter queue. A delivery to a deleted or disabled endpoint is dropped.
        """
        webhook = self.webhooks.get(name)
        if webhook is None or webhook["state"] != WebhookState.ENABLED:
            logger.info("webhook dropped", extra={"webhook": name})
            return None
        event = json.loads(body)
        at, content = now(), build_body(event, webhook["format"])
        master = self.read_master_secret()
        secrets = [derive_secret(master, secret_id) for secret_id in list_secret_ids(webhook, at)]
        headers = sign(event["detail"]["eventId"], at, content, secrets)
        response = self.client().post(webhook["url"], content, headers)
        if response.is_success:
            return None
        outcome = {"status": response.status, "failure": response.failure}
        logger.warning("webhook not delivered", extra={"webhook": name, "attempt": attempts, **outcome})
        if response.status == HTTPStatus.GONE:
            self._disable(webhook)
            return None
        self.count("WebhookAttemptFailed")
        delay = find_retry_delay(attempts, response.retry_after)
        return 0 if delay is None else delay

    def _disable(self, webhook: WebhookItem) -> None:
        """Disable an endpoint, unless it was changed meanwhile: the new URL may be another one."""
        changed: WebhookItem = {
            **webhook,
            "state": WebhookState.DISABLED,
            "disabledAt": now(),
            "reason": _GONE,
        }
        if self.webhooks.replace(webhook["webhookName"], webhook, changed):
            self.count("WebhookDisabled")
