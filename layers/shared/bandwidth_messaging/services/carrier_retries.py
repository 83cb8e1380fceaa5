"""Sends messages again after a temporary failure of a carrier. The intake of receipts calls it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.failures import retry_delay
from bandwidth_messaging.domain.lanes import MAX_QUEUE_DELAY_SECONDS
from bandwidth_messaging.domain.messages import MessageState, is_message_id
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.store.message_items import is_earlier_attempt

if TYPE_CHECKING:
    from bandwidth_messaging.domain.messages import MessageItem, Receipt
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.queues import SendQueue
    from bandwidth_messaging.store.schedule import Schedule

logger = logging.getLogger(__name__)

_MAX_ROUNDS: Final = 3


@dataclass(frozen=True)
class CarrierRetries:
    """Repeats failed messages with one recipient, each under its own id and as a new message of Bandwidth.

    `max_retries` and `classes` are the parameters CarrierRetries and RetryErrorClasses.
    """

    messages: "Messages"
    schedule: "Schedule"
    find_queue: "Callable[[str | None], SendQueue]"
    """Returns the queue of messages with this priority."""
    max_retries: int
    classes: frozenset[str]

    def retry(self, receipt: "Receipt") -> bool:
        """Accept the message of a receipt again, to be sent later. Return False if the failure is final."""
        if receipt.state != MessageState.FAILED or not is_message_id(receipt.message_id):
            return False
        if retry_delay(receipt.error_code, 1, self.classes) is None:
            return False
        for _ in range(_MAX_ROUNDS):
            message = self.messages.get(receipt.message_id)
            if message is None or (due_at := self._find_due_time(message, receipt)) is None:
                return False
            if self._accept_again(message, receipt, due_at):
                logger.info("retry scheduled", extra={"message_id": receipt.message_id, "due_at": due_at})
                return True
        logger.warning("retry not scheduled", extra={"message_id": receipt.message_id})
        return False

    def _accept_again(self, message: "MessageItem", receipt: "Receipt", due_at: str) -> bool:
        """Accept a message again. Return False if another write changed the message since it was read."""
        left = datetime.fromisoformat(due_at) - datetime.fromisoformat(now())
        is_scheduled = left.total_seconds() > MAX_QUEUE_DELAY_SECONDS
        if not is_scheduled:
            # The record is queued before the write. A record of a message that does not wait is harmless.
            queue: SendQueue = self.find_queue(message.get("priority"))
            queue.add(receipt.message_id, delay_seconds=max(0, int(left.total_seconds())))
        return self.schedule.retry(message, receipt, due_at, is_scheduled=is_scheduled) is not None

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
        is_earlier = is_earlier_attempt(message, receipt.bandwidth_id)
        if not is_sent or not is_current or is_earlier or len(message["to"]) != 1:
            return None
        if attempts >= self.max_retries:
            return None
        delay = retry_delay(receipt.error_code, attempts + 1, self.classes)
        if delay is None:
            return None
        due_at = to_rfc3339((datetime.fromisoformat(now()) + delay).isoformat())
        return None if message.get("expiration", due_at) < due_at else due_at
