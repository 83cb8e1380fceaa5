"""Messaging 2.0, "Order Available Numbers": orders the numbers at most once, because orders cost money."""

from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services.order_placement import place_order_once


class Request(StepInput):
    search: NumberSearch
    quantity: int
    partial_allowed: bool
    back_order_requested: bool
    site_id: str
    location_id: str


class Result(StepResult):
    order_id: str


@step("Order Available Numbers", Request)
def handler(request: Request) -> Result:
    """Return the id of the order: recorded by an earlier run, found at Bandwidth, or placed now."""
    dashboard = bandwidth_clients.dashboard()
    order = place_order_once(
        stores.orders(),
        request.customer_order_id,
        place=lambda: dashboard.order_numbers(
            search=request.search,
            quantity=request.quantity,
            partial_allowed=request.partial_allowed,
            back_order_requested=request.back_order_requested,
            site_id=request.site_id,
            location_id=request.location_id,
            customer_order_id=request.customer_order_id,
        ),
        find=lambda placed_after: dashboard.find_order(request.customer_order_id, placed_after=placed_after),
    )
    return Result(order_id=order.order_id, outcome=order.outcome, detail=describe_outcome(order.outcome))
