"""Applies order and event notifications; called for Bandwidth's requests and for those of the quarantine."""

import base64
import logging
from functools import partial
from typing import Any, Final

from bandwidth_messaging.bandwidth.subscriptions import read_notification
from bandwidth_messaging.domain.orders import is_customer_order_id
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.services.parallel import for_each

logger = logging.getLogger(__name__)

UNREADABLE: Final = "the notification cannot be read"
NOT_IN_TIME: Final = "not all numbers could be released in time"


def apply(callback: dict[str, Any], *, at: str, deadline: float) -> list[str]:
    """End the wait for an order, or release lost numbers; return why that was not done, if so.

    `callback` is API Gateway's proxy event and `at` when it arrived. At the `deadline` (services.parallel)
    the rest is left. Applying a notification again changes nothing. Raises errors of AWS.
    """
    notification = read_notification(_body(callback))
    if notification is None:
        return [UNREADABLE]
    if notification.lost:
        in_time = for_each(
            notification.lost, partial(wiring.numbers().record_messaging_lost, at=at), deadline=deadline
        )
        logger.warning("messaging lost", extra={"numbers": len(notification.lost), "in_time": in_time})
        return [] if in_time else [NOT_IN_TIME]
    woken = _wake(notification.customer_order_id, notification.order_id)
    logger.info(
        "notification",
        extra={"order_id": notification.order_id, "status": notification.status, "woken": woken},
    )
    return []


def _body(callback: dict[str, Any]) -> bytes:
    body = callback.get("body") or ""
    try:
        return base64.b64decode(body) if callback.get("isBase64Encoded") else body.encode()
    except ValueError:
        return b""


def _wake(customer_order_id: str | None, order_id: str | None) -> bool:
    """End the wait for an order; return whether there was one."""
    if customer_order_id is None or not is_customer_order_id(customer_order_id):
        return False
    order = wiring.orders().get(customer_order_id) or {}
    if "taskToken" not in order or order_id not in {order.get("orderId"), None}:
        return False
    client = wiring.step_functions()
    try:
        client.send_task_success(taskToken=order["taskToken"], output="{}")
    except (
        client.exceptions.TaskTimedOut,
        client.exceptions.TaskDoesNotExist,
        client.exceptions.InvalidToken,
    ):
        # The wait had ended before.
        return False
    return True
