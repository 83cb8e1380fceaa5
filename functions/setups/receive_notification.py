"""Bandwidth's word that an order has changed wakes the wait for it; what became of it is asked for then.

Its word that a hosted number was taken away is taken: nothing is sent from such a number any more.

Bandwidth never repeats a notification, so whatever it says is answered 2xx.
"""

import base64
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.bandwidth.subscriptions import read_notification
from bandwidth_messaging.domain.orders import is_customer_order_id
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.parallel import for_each

_NO_CONTENT = {"statusCode": 204}


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Wake the set-up that waits for the order, or give up numbers; `event` is API Gateway's proxy event."""
    told = read_notification(_body(event))
    if told is None:
        logger.warning("a notification that is none")
        return _NO_CONTENT
    if told.lost:
        at = now()
        for_each(told.lost, lambda number: wiring.numbers().lose(number, at))
        logger.warning("messaging lost", numbers=len(told.lost))
        return _NO_CONTENT
    woken = _wake(told.customer_order_id, told.order_id)
    logger.info("notification", order_id=told.order_id, status=told.status, woken=woken)
    return _NO_CONTENT


def _body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    try:
        return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    except ValueError:
        return b""


def _wake(customer_order_id: str | None, order_id: str | None) -> bool:
    """Tell whether there was a wait to be ended."""
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
        # The wait was over already.
        return False
    return True
