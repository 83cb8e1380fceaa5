"""Messaging 2.0 today: the order's local numbers are put into the campaign that they text for."""

from functools import partial
from typing import Literal

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.orders import Campaign, Ended, Failure, OrderStatus
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, shown, step
from bandwidth_messaging.services.parallel import for_each


class Request(StepInput):
    """`optionsOrderId` is null until an order of options is placed; then that order is asked about."""

    campaign_id: str
    message_class: str
    numbers: list[str]
    options_order_id: str | None


class Result(StepResult):
    """`state` is pending until the order of options has ended; `failures` tells of the first hundred."""

    state: Literal["pending"] | Ended
    options_order_id: str | None
    failed: int = 0
    failures: tuple[Failure, ...] = ()


@step("Set Number Options", Request)
def handler(request: Request) -> Result:
    """Order the options, or ask once how far they are; what a number has got is in its registration.

    The order may be placed twice: it asks for the same again.
    """
    # A toll-free number is verified instead, and campaigns are for numbers of the United States.
    numbers = [number for number in request.numbers if registration.classify_number(number) == "10dlc"]
    if not numbers:
        return Result(state="completed", options_order_id=None, detail="no local numbers")
    dashboard, order_id = wiring.dashboard_current(), request.options_order_id
    campaign = Campaign(request.campaign_id, request.message_class)
    try:
        if order_id is None:
            placed = dashboard.set_campaign(numbers, campaign, customer_order_id=request.customer_order_id)
            return Result(state="pending", options_order_id=placed, detail="ordered")
        order = dashboard.options_status(order_id, numbers)
    except BandwidthRejected as error:
        refused = [Failure(number=number, code=error.code, reason=error.words) for number in numbers]
        order = OrderStatus("FAILED", failures=tuple(refused))
    if order.ended_as is None:
        return Result(state="pending", options_order_id=order_id, detail=order.status)
    refusals = {str(each["number"]): _words(each) for each in order.failures if each["number"]}
    for_each(numbers, partial(_record, request.campaign_id, refusals, now()))
    return Result(
        state=order.ended_as,
        options_order_id=order_id,
        failed=len(refusals),
        failures=shown(order.failures),
        detail=order.status,
    )


def _words(failure: Failure) -> str:
    return f"{failure['code'] or ''} {failure['reason']}".strip()


def _record(campaign_id: str, refusals: dict[str, str], at: str, number: str) -> None:
    found = registration.build_assigned_registration(campaign_id, refusals.get(number), at)
    wiring.numbers().record_registration(number, found)
