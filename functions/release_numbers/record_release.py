"""Last state of every release: what became of each number and thing, and what is left to do."""

from bandwidth_messaging.domain.orders import Ended, Failure, OrderState
from bandwidth_messaging.domain.releases import Resource
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import FAILURES_SHOWN, StepInput, StepResult, shown, step
from bandwidth_messaging.services import number_release


class Request(StepInput):
    """`taken` are the things that were to go, with their outcomes, `leave` those that were not.

    `refusal` is what kept the numbers from leaving, in words.
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
    """Record how the release ended; a set-up of which nothing is left that it made is undone."""
    at = now()
    failures = number_release.not_released(request.numbers, request.refusal)
    stuck = [each for each in request.taken if each.outcome == "left"]
    completed = len(request.numbers) - len(failures)
    ended: Ended = OrderState.COMPLETED
    if failures or stuck:
        ended = OrderState.PARTIAL if completed or len(stuck) < len(request.taken) else OrderState.FAILED
    reason = (
        number_release.what_is_left(failures, stuck, len(request.numbers))
        if ended != OrderState.COMPLETED
        else None
    )
    left = [resource.model_copy(update={"outcome": "left"}) for resource in request.leave]
    resources = [*request.taken, *left]
    orders = wiring.orders()
    orders.finish(
        request.customer_order_id,
        ended,
        at=at,
        completed=completed,
        failed=len(failures),
        failures=failures[:FAILURES_SHOWN],
        reason=reason,
        resources=[each.model_dump(by_alias=True, exclude_none=True) for each in resources],
    )
    if ended == OrderState.COMPLETED and request.everything and request.setup_order_id:
        orders.record_undone(request.setup_order_id, by=request.customer_order_id, at=at)
    return Result(
        state=ended,
        completed=completed,
        failed=len(failures),
        failures=list(shown(failures)),
        resources=resources,
        reason=reason,
        detail=ended,
    )
