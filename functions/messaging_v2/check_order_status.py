"""Messaging 2.0, "Check Order Status": how far the order is, and once it has ended, its numbers recorded."""

from functools import partial
from typing import Literal

from bandwidth_messaging.domain.next_steps import next_steps
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.orders import Ended, Failure, OrderState, OrderStatus
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, incomplete_since, reason_of, shown, step
from bandwidth_messaging.services import preflight
from bandwidth_messaging.services.parallel import for_each


class Request(StepInput):
    """`incompleteSince` is what the last check returned."""

    order_id: str
    quantity: int
    application_id: str
    location_id: str
    site_id: str
    incomplete_since: str | None = None


class Result(StepResult):
    """`state` is pending until the order has ended; `status` is Bandwidth's own word.

    `failed` counts the numbers that were asked for and did not come; `failures` tells of the first hundred.
    `incompleteSince` is when the order had first ended without listing all its numbers.
    """

    state: Literal["pending"] | Ended
    status: str
    numbers: tuple[str, ...] = ()
    failed: int = 0
    failures: tuple[Failure, ...] = ()
    reason: str | None = None
    incomplete_since: str | None = None
    next_steps: str | None = None


@step("Check Order Status", Request)
def handler(request: Request) -> Result:
    """Ask once; an unknown status, BACKORDERED, and an end without all its numbers mean "not yet".

    Raises BandwidthGarbled if the numbers do not come within 15 minutes after the end.
    """
    order = wiring.dashboard().order_status(request.order_id)
    if order.ended_as is None:
        since = incomplete_since(request.order_id, order, request.incomplete_since)
        return Result(state="pending", status=order.status, incomplete_since=since, detail=order.status)
    return _record(request, order, order.ended_as)


def _record(request: Request, order: OrderStatus, state: Ended) -> Result:
    numbers, at = wiring.numbers(), now()
    # An order by area code that comes up short names no failed numbers: they never had any.
    failed = max(request.quantity - len(order.completed), 0)
    home = Home(
        api="v2",
        customer_order_id=request.customer_order_id,
        order_id=request.order_id,
        application_id=request.application_id,
        location_id=request.location_id,
        site_id=request.site_id,
    )
    failed_numbers = [failure for failure in order.failures if failure["number"]]
    # All of them share location and application, so one look is enough.
    found = preflight.attempt(
        lambda: preflight.of_location(
            request.site_id,
            request.location_id,
            request.application_id,
            callback_url=settings().callback_url,
        )
    )
    registrations = wiring.registration_check().look_up_new(order.completed)
    for_each(
        order.completed,
        lambda number: numbers.activate(
            number, home, at, preflight=found, registration=registrations.get(number)
        ),
    )
    for_each(failed_numbers, partial(numbers.fail, home=home, at=at))
    reason = reason_of(request.order_id, order) if state == OrderState.FAILED else None
    record = wiring.orders().finish(
        request.customer_order_id,
        state,
        at=at,
        completed=len(order.completed),
        failed=failed,
        failures=[failure for failure in order.failures if not failure["number"]],
        reason=reason,
    )
    return Result(
        state=state,
        status=order.status,
        detail=order.status,
        numbers=order.completed,
        failed=failed,
        failures=shown(order.failures),
        reason=reason,
        next_steps=next_steps(request.customer_order_id, record or {}),
    )
