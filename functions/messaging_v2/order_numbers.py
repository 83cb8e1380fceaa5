"""Messaging 2.0, "Order Available Numbers": the step that spends money, so it orders at most once.

The CustomerOrderId is in our record before the order goes out. A run that finds an earlier attempt without
an answer asks Bandwidth for it, and orders again only when Bandwidth, a minute later, knows of none.
"""

from datetime import datetime, timedelta

from bandwidth_messaging.bandwidth.errors import (
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.workflow import StepInput, StepResult, step

# Longer than a request can be under way: 20 seconds for the answer, and some for Bandwidth to file it.
_SETTLED = timedelta(seconds=60)


class Request(StepInput):
    area_code: str
    quantity: int
    site_id: str
    location_id: str


class Result(StepResult):
    order_id: str


@step("Order Available Numbers", Request)
def handler(request: Request) -> Result:
    """Return the order's id: from the record, found at Bandwidth, or newly ordered."""
    orders, dashboard, at = wiring.orders(), wiring.dashboard(), now()
    order = orders.begin_ordering(request.customer_order_id, at)
    if "orderId" in order:
        return Result(order_id=order["orderId"], detail="recorded before")
    if (attempted_at := order["orderAttemptedAt"]) == at:
        order_id, detail = _order(request, at), "ordered"
    else:
        found, detail = dashboard.find_order(request.customer_order_id), "found"
        if found is None:
            _give_up_if_settled(request, attempted_at, at)
            message = "an earlier order got no answer and Bandwidth does not list it yet"
            raise BandwidthOutcomeUnknown(message)
        order_id = found
    orders.record_ordered(request.customer_order_id, order_id, now())
    return Result(order_id=order_id, detail=detail)


def _order(request: Request, attempted_at: str) -> str:
    try:
        return wiring.dashboard().order_numbers(
            area_code=request.area_code,
            quantity=request.quantity,
            site_id=request.site_id,
            location_id=request.location_id,
            customer_order_id=request.customer_order_id,
        )
    except (BandwidthUnavailable, BandwidthUnauthorized, BandwidthRejected):
        # Nothing was ordered, so the next run may order at once.
        wiring.orders().give_up_ordering(request.customer_order_id, attempted_at)
        raise


def _give_up_if_settled(request: Request, attempted_at: str, at: str) -> None:
    """The run after this one may order again once Bandwidth has had a minute to file what it took."""
    if datetime.fromisoformat(at) - datetime.fromisoformat(attempted_at) > _SETTLED:
        wiring.orders().give_up_ordering(request.customer_order_id, attempted_at)
