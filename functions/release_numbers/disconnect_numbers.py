"""Release of numbers: orders the disconnect of the account's own numbers once."""

from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    numbers: list[str]


class Result(StepResult):
    """`orderId` is None if all numbers were released before."""

    order_id: str | None


@step("Disconnect Numbers", Request)
def handler(request: Request) -> Result:
    """Return the id of the order: recorded by an earlier run, found at Bandwidth, or placed now."""
    order = wiring.number_disconnect().order(request.customer_order_id, request.numbers)
    if order is None:
        return Result(order_id=None, detail="all numbers were released before")
    return Result(order_id=order.order_id, outcome=order.outcome, detail=describe_outcome(order.outcome))
