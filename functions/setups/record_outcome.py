"""Last state of a hosted set-up that imported or removed numbers: records its counts and its state."""

from bandwidth_messaging.domain.next_steps import next_steps
from bandwidth_messaging.domain.orders import Ended, Failure, OrderState
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.steps import StepInput, StepResult, shown, step


class Request(StepInput):
    """`completed` and `failed` count the numbers of all batches; `failures` lists some of them."""

    completed: int
    failed: int
    failures: list[Failure]
    reason: str | None = None


class Result(StepResult):
    state: Ended
    completed: int
    failed: int
    failures: list[Failure]
    reason: str | None
    next_steps: str | None


@step("Record Outcome", Request)
def handler(request: Request) -> Result:
    """Record how the order ended for its numbers."""
    ended = _choose_state(request)
    reason = request.reason or "the order succeeded for no number" if ended == OrderState.FAILED else None
    order = stores.orders().finish(
        request.customer_order_id,
        ended,
        at=now(),
        execution_arn=request.execution_arn,
        completed=request.completed,
        failed=request.failed,
        failures=[failure for failure in request.failures if not failure["number"]],
        reason=reason,
    )
    return Result(
        state=ended,
        completed=request.completed,
        failed=request.failed,
        failures=list(shown(request.failures)),
        reason=reason,
        next_steps=next_steps(request.customer_order_id, order or {}),
        detail=ended,
    )


def _choose_state(request: Request) -> Ended:
    if not request.failed:
        return OrderState.COMPLETED
    return OrderState.PARTIAL if request.completed else OrderState.FAILED
