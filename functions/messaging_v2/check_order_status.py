"""Messaging 2.0, "Check Order Status": checks the order, and records its numbers once it has ended."""

from typing import Literal

from bandwidth_messaging.domain.next_steps import next_steps
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.orders import Ended, Failure, OrderState
from bandwidth_messaging.runtime import bandwidth_clients, wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, incomplete_since, reason_of, shown, step


class Request(StepInput):
    """`incompleteSince` is the value that the last check returned."""

    order_id: str
    quantity: int
    application_id: str
    location_id: str
    site_id: str
    incomplete_since: str | None = None

    def home(self) -> Home:
        """Return the order, application and location that the numbers belong to."""
        return Home(api="v2", **self.model_dump(exclude={"quantity", "incomplete_since"}))


class Result(StepResult):
    """`state` is pending until the order has ended; `status` is Bandwidth's own status.

    `failed` counts the ordered numbers that did not arrive; `failures` lists the first hundred.
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
    """Check once. An unknown status, BACKORDERED, and an end without all its numbers mean "not yet".

    Raises BandwidthGarbled if the order lists too few numbers 15 minutes after its end.
    """
    order = bandwidth_clients.dashboard().order_status(request.order_id)
    if order.ended_as is None:
        since = incomplete_since(request.order_id, order, request.incomplete_since)
        return Result(state="pending", status=order.status, incomplete_since=since, detail=order.status)
    reason = reason_of(request.order_id, order) if order.ended_as == OrderState.FAILED else None
    failed, record = wiring.number_order_completion().complete(
        order,
        order.ended_as,
        request.home(),
        execution_arn=request.execution_arn,
        quantity=request.quantity,
        reason=reason,
    )
    return Result(
        state=order.ended_as,
        status=order.status,
        detail=order.status,
        numbers=order.completed,
        failed=failed,
        failures=shown(order.failures),
        reason=reason,
        next_steps=next_steps(request.customer_order_id, record),
    )
