"""Release of numbers: checks the disconnect order, and records its numbers once it has ended."""

from typing import Literal

from bandwidth_messaging.domain.orders import Ended
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    order_id: str
    numbers: list[str]


class Result(StepResult):
    """`state` is pending until the order has ended; `status` is Bandwidth's own status."""

    state: Literal["pending"] | Ended
    status: str


@step("Check Disconnect", Request)
def handler(request: Request) -> Result:
    """Check once; an unknown status means "not yet"."""
    order = wiring.number_disconnect().check(request.order_id, request.numbers)
    return Result(state=order.ended_as or "pending", status=order.status, detail=order.status)
