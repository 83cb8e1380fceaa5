"""Sends messages again that a carrier failed for a passing reason. The intake of receipts calls it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bandwidth_messaging.domain.failures import retry_delay
from bandwidth_messaging.domain.lanes import MAX_QUEUE_DELAY_SECONDS
from bandwidth_messaging.domain.messages import MessageState, is_message_id
from bandwidth_messaging.domain.times import now, to_rfc3339

if TYPE_CHECKING:
    from bandwidth_messaging.domain.messages import MessageItem, Receipt
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.queues import SendQueue

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CarrierRetries:
    """Repeats failed messages with one recipient, each under its own id and as a new message of Bandwidth.

    `max_retries` and `classes` are the parameters CarrierRetries and RetryErrorClasses.
    """

    messages: "Messages"
    send_queue: "Callable[[], SendQueue]"
    high_send_queue: "Callable[[], SendQueue]"
    max_retries: int
    classes: frozenset[str]

    def retry(self, receipt: "Receipt") -> bool:
        """Accept the message of a receipt again, to be sent later. Return False if the failure is final."""
        if receipt.state != MessageState.FAILED or not is_message_id(receipt.message_id):
            return False
        if retry_delay(receipt.error_code, 1, self.classes) is None:
            return False
        message = self.messages.get(receipt.message_id)
        if message is None or (due_at := self._find_due_time(message, receipt)) is None:
            return False
        left = datetime.fromisoformat(due_at) - datetime.fromisoformat(now())
        is_scheduled = left.total_seconds() > MAX_QUEUE_DELAY_SECONDS
        if not is_scheduled:
            # The queue comes first: a record without a message that waits is harmless.
            queue: SendQueue = (
                self.high_send_queue() if message.get("priority") == "high" else self.send_queue()
            )
            queue.add(receipt.message_id, delay_seconds=max(0, int(left.total_seconds())))
        if self.messages.retry(message, receipt, due_at, is_scheduled=is_scheduled) is None:
            # Another receipt came between. It decides with this one, as without retries.
            return False
        logger.info("retry scheduled", extra={"message_id": receipt.message_id, "due_at": due_at})
        return True

    def _find_due_time(self, message: "MessageItem", receipt: "Receipt") -> str | None:
        """Return when the message is sent again, None if it is not."""
        attempts = message.get("attempts", 0)
        is_sent = message["state"] in {
            MessageState.SENDING,
            MessageState.SEND_UNCONFIRMED,
            MessageState.SENT,
            MessageState.DELIVERY_UNKNOWN,
        }
        is_current = message.get("bandwidthId", receipt.bandwidth_id) == receipt.bandwidth_id
        is_repeated = self.messages.has_attempt(message, receipt.bandwidth_id)
        if not is_sent or not is_current or is_repeated or len(message["to"]) != 1:
            return None
        if attempts >= self.max_retries:
            return None
        delay = retry_delay(receipt.error_code, attempts + 1, self.classes)
        if delay is None:
            return None
        due_at = to_rfc3339((datetime.fromisoformat(now()) + delay).isoformat())
        return None if message.get("expiration", due_at) < due_at else due_at
