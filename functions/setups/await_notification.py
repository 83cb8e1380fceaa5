"""Stores the token of a wait, and subscribes to the order so that a notification ends the wait early.

Without a subscription the wait ends by its timeout. The state machine then checks the order in any case.
"""

from datetime import UTC, datetime
from typing import Final

from bandwidth_messaging.bandwidth.errors import BandwidthError
from bandwidth_messaging.domain.orders import OrderedWhat, is_subscribed
from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step

# A backorder that is closed at the deadline ends shortly after the deadline.
_SECONDS_AFTER_DEADLINE: Final = 3600


class Request(StepInput):
    what: OrderedWhat
    order_id: str
    deadline: datetime
    task_token: str


@step("Wait For Notification", Request)
def handler(request: Request) -> StepResult:
    """Store the token, and subscribe to the order once."""
    orders = stores.orders()
    record = orders.await_notification(
        request.customer_order_id,
        request.task_token,
        request.order_id,
        execution_arn=request.execution_arn,
    )
    if is_subscribed(record, request.order_id):
        return StepResult(detail="subscribed before")
    left = request.deadline - datetime.now(UTC)
    try:
        subscription_id = bandwidth_clients.dashboard().subscribe(
            request.what,
            request.order_id,
            callback_url=settings().notification_url,
            credentials=bandwidth_clients.callback_credentials(),
            seconds=max(int(left.total_seconds()), 0) + _SECONDS_AFTER_DEADLINE,
        )
    except BandwidthError as error:
        logger.warning("subscription failed", extra={"reason": f"{type(error).__name__}: {error}"})
        return StepResult(detail=f"not subscribed ({type(error).__name__})")
    orders.record_subscription(request.customer_order_id, subscription_id, request.order_id)
    return StepResult(detail="subscribed")
