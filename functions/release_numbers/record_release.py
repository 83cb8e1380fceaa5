"""Last state of every release: records what was released and deleted, and what remains."""

from bandwidth_messaging.domain.orders import Ended, Failure
from bandwidth_messaging.domain.releases import Resource
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import MAX_FAILURES, StepInput, StepResult, shown, step


class Request(StepInput):
    """`taken` are the resources to delete, with their outcomes, and `leave` the ones that are kept.

    `refusal` is the text of why the numbers were not released.
    """

    setup_order_id: str | None
    everything: bool
    numbers: list[str]
    taken: list[Resource]
    leave: list[Resource]
    refusal: str | None


class Result(StepResult):
    state: Ended
    completed: int
    failed: int
    failures: list[Failure]
    resources: list[Resource]
    reason: str | None


@step("Record Release", Request)
def handler(request: Request) -> Result:
    """Record how the release ended. If nothing of the set-up remains, the set-up is undone."""
    result = wiring.number_release().finish(
        request.customer_order_id,
        request.setup_order_id,
        execution_arn=request.execution_arn,
        everything=request.everything,
        numbers=request.numbers,
        deleted=request.taken,
        kept=request.leave,
        rejection=request.refusal,
        failures_stored=MAX_FAILURES,
    )
    return Result(
        state=result.state,
        completed=result.completed,
        failed=len(result.failures),
        failures=list(shown(result.failures)),
        resources=result.resources,
        reason=result.reason,
        detail=result.state,
    )
