"""Applies notifications of orders, lost numbers and verifications. Called by receive_notification.

The quarantine replays them here too.
"""

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.bandwidth.subscriptions import read_notification
from bandwidth_messaging.bandwidth.verifications import VerificationChange, read_verification_change
from bandwidth_messaging.domain.orders import find_awaited_order, is_customer_order_id
from bandwidth_messaging.domain.registration import build_toll_free_registration, is_unchanged
from bandwidth_messaging.services.parallel import for_each
from bandwidth_messaging.services.quarantining import quarantine_callback

if TYPE_CHECKING:
    from bandwidth_messaging.store.executions import Executions
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.order_store import Orders
    from bandwidth_messaging.store.queues import Quarantine

logger = logging.getLogger(__name__)

UNREADABLE: Final = "the notification cannot be read"
NOT_IN_TIME: Final = "not all numbers could be released in time"


@dataclass(frozen=True)
class Notifications:
    """Ends the waits for orders, releases hosted numbers that lost messaging, records verifications."""

    numbers: "Callable[[], Numbers]"
    orders: "Callable[[], Orders]"
    executions: "Callable[[], Executions]"
    quarantine: "Callable[[], Quarantine]"
    count: Callable[[str], None]

    def accept(self, callback: dict[str, Any], *, at: str, deadline: float) -> None:
        """Apply a notification that arrived at a time. Quarantine a notification that cannot be applied.

        Raises errors of the quarantine.
        """
        try:
            reasons = self.apply(callback, at=at, deadline=deadline)
        except Exception as error:
            logger.error("notification not applied", extra={"error": type(error).__name__})
            reasons = [type(error).__name__]
        if reasons:
            quarantine_callback(self.quarantine(), callback, reasons, at=at, count=self.count)

    def apply(self, callback: dict[str, Any], *, at: str, deadline: float) -> list[str]:
        """End the wait for an order, release numbers, or record a verification. Return why not, if not.

        `callback` is API Gateway's proxy event, and `at` its time of arrival. At the `deadline`
        (services.parallel) the remaining numbers are skipped. Applying a notification twice changes nothing.
        Raises errors of AWS.
        """
        body = _body(callback)
        if change := read_verification_change(body):
            self._record_verification(change, at)
            return []
        notification = read_notification(body)
        if notification is None:
            return [UNREADABLE]
        if notification.lost:
            in_time = for_each(
                notification.lost, partial(self.numbers().record_messaging_lost, at=at), deadline=deadline
            )
            logger.warning("messaging lost", extra={"numbers": len(notification.lost), "in_time": in_time})
            return [] if in_time else [NOT_IN_TIME]
        has_ended = self._end_wait(notification.customer_order_id, notification.order_id)
        logger.info(
            "notification applied",
            extra={
                "order_id": notification.order_id,
                "status": notification.status,
                "wait_ended": has_ended,
            },
        )
        return []

    def _record_verification(self, change: VerificationChange, at: str) -> None:
        """Record the verification of a number. A number that is not active in the stack does not change.

        Bandwidth reports all numbers of the account, and its webhooks have no time. A late webhook may
        record an older state, until the scheduled check of registrations reads the current one.
        """
        verification = change.verification
        registration = build_toll_free_registration(verification.status, verification.reason, at)
        item = self.numbers().get(change.number)
        if item is not None and not is_unchanged(item.get("registration"), registration):
            self.numbers().record_registration(change.number, registration)
        logger.info(
            "verification reported", extra={"state": registration["state"], "is_ours": item is not None}
        )

    def _end_wait(self, customer_order_id: str | None, order_id: str | None) -> bool:
        """End the wait for an order. Return False if no execution waits for the order."""
        if customer_order_id is None or not is_customer_order_id(customer_order_id):
            return False
        order = self.orders().get(customer_order_id)
        if order is None or "taskToken" not in order:
            return False
        if order_id not in {find_awaited_order(order), None}:
            return False
        return self.executions().end_wait(order["taskToken"])


def _body(callback: dict[str, Any]) -> bytes:
    body = callback.get("body") or ""
    try:
        return base64.b64decode(body) if callback.get("isBase64Encoded") else body.encode()
    except ValueError:
        return b""
