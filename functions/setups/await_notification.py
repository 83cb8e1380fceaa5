"""Before a wait that Bandwidth's notification may end early: its token is kept, and the order subscribed to.

The subscription is a hint. Where it fails the wait ends by itself, and the order is asked for then anyway.
"""

from datetime import UTC, datetime
from typing import Final

from bandwidth_messaging.bandwidth.errors import BandwidthError
from bandwidth_messaging.domain.orders import OrderedWhat
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step

# A backorder that is closed at the deadline ends a moment after it.
_BEYOND_THE_DEADLINE: Final = 3600


class Request(StepInput):
    what: OrderedWhat
    order_id: str
    deadline: datetime
    task_token: str


@step("Wait For Notification", Request)
def handler(request: Request) -> StepResult:
    """Keep the token, and subscribe to the order once."""
    orders = wiring.orders()
    if "subscriptionId" in orders.await_notification(request.customer_order_id, request.task_token):
        return StepResult(detail="subscribed before")
    left = request.deadline - datetime.now(UTC)
    try:
        subscription_id = wiring.dashboard().subscribe(
            request.what,
            request.order_id,
            callback_url=settings().notification_url,
            credentials=wiring.callback_credentials(),
            seconds=max(int(left.total_seconds()), 0) + _BEYOND_THE_DEADLINE,
        )
    except BandwidthError as error:
        logger.warning("not subscribed", extra={"reason": f"{type(error).__name__}: {error}"})
        return StepResult(detail=f"not subscribed ({type(error).__name__})")
    orders.record_subscription(request.customer_order_id, subscription_id)
    return StepResult(detail="subscribed")
