"""Messaging 2.0 (current API): assigns the order's local numbers to their campaign."""

from typing import Literal

from bandwidth_messaging.domain.orders import Campaign, Ended, Failure
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, shown, step


class Request(StepInput):
    """`optionsOrderId` is null until an order of options is placed. Then the step checks that order."""

    campaign_id: str
    message_class: str
    numbers: list[str]
    options_order_id: str | None


class Result(StepResult):
    """`state` is pending until the order of options has ended. `failures` lists the first hundred."""

    state: Literal["pending"] | Ended
    options_order_id: str | None
    failed: int = 0
    failures: tuple[Failure, ...] = ()


@step("Set Number Options", Request)
def handler(request: Request) -> Result:
    """Order the options, or check once whether they are set, and record each number's registration."""
    assignment = wiring.number_campaigns().assign(
        request.numbers,
        Campaign(request.campaign_id, request.message_class),
        customer_order_id=request.customer_order_id,
        order_id=request.options_order_id,
    )
    return Result(
        state=assignment.state,
        options_order_id=assignment.order_id,
        failed=len({failure["number"] for failure in assignment.failures if failure["number"]}),
        failures=shown(assignment.failures),
        detail=assignment.status or ("ordered" if assignment.order_id else "no local numbers"),
    )
