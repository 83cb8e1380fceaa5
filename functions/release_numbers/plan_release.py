"""Release of numbers: plans what is released and deleted, and what is kept. It changes nothing."""

from collections import Counter
from typing import Any, Final

from bandwidth_messaging.domain.release_texts import to_resource
from bandwidth_messaging.domain.releases import ReleaseAction, Removal, Resource
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services.release_plan import ReleasePlan

_NUMBERS_SHOWN: Final = 100


class Request(StepInput):
    setup_order_id: str | None
    telephone_numbers: list[str] | None
    everything: bool


class Result(StepResult):
    """`plan` is for people. The state machine processes the rest.

    `disconnect` are the account's own numbers and `remove` the hosted ones. `delete` is in the order of
    deletion, and `leave` are the resources that are kept.
    """

    setup_order_id: str | None
    requested: int
    disconnect: list[str]
    remove: list[Removal]
    delete: list[Resource]
    leave: list[Resource]
    plan: dict[str, Any]


@step("Plan Release", Request)
def handler(request: Request) -> Result:
    """Plan the release from the records of this stack and from what uses each resource at Bandwidth."""
    plan = wiring.release_planner().plan(
        request.customer_order_id,
        setup_order_id=request.setup_order_id,
        telephone_numbers=request.telephone_numbers or [],
        everything=request.everything,
    )
    delete, leave = [to_resource(each) for each in plan.delete], [to_resource(each) for each in plan.keep]
    return Result(
        setup_order_id=request.setup_order_id,
        requested=len(plan.leaving),
        disconnect=plan.disconnect,
        remove=plan.removals,
        delete=delete,
        leave=leave,
        plan=_summarize(request.setup_order_id, plan, delete, leave),
        detail=f"{len(plan.leaving)} numbers, {len(delete)} resources to delete, {len(leave)} to keep",
    )


def _summarize(
    setup_order_id: str | None, plan: ReleasePlan, delete: list[Resource], leave: list[Resource]
) -> dict[str, Any]:
    counts = Counter(action for _, action in plan.actions)
    return {
        "setupOrderId": setup_order_id,
        "numbers": {action: counts[action] for action in ReleaseAction},
        "firstNumbers": [
            {"number": item["number"], "state": item["state"], "then": action}
            for item, action in plan.actions[:_NUMBERS_SHOWN]
        ],
        "delete": [each.model_dump(by_alias=True, exclude_none=True) for each in delete],
        "leave": [each.model_dump(by_alias=True, exclude_none=True) for each in leave],
    }
