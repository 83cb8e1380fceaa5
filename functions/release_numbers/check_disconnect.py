"""Release of numbers: how far the disconnect order is, and once it has ended, its numbers recorded."""

from typing import Literal

from bandwidth_messaging.domain.orders import Ended
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import number_release
from bandwidth_messaging.services.parallel import for_each


class Request(StepInput):
    order_id: str
    numbers: list[str]


class Result(StepResult):
    """`state` is pending until the order has ended; `status` is Bandwidth's own word."""

    state: Literal["pending"] | Ended
    status: str


@step("Check Disconnect", Request)
def handler(request: Request) -> Result:
    """Ask once; an unknown status means "not yet". A number that is not ours any more is gone."""
    account = wiring.dashboard()
    order = account.disconnect_status(request.order_id, request.numbers)
    if order.ended_as is None:
        return Result(state="pending", status=order.status, detail=order.status)
    refused = [
        str(failure["number"]) for failure in order.failures if number_release.may_be_gone(failure["code"])
    ]
    left = number_release.still_there(refused, account) if refused else set()
    gone = [number for number in refused if number not in left]
    number_release.record_gone([*order.completed, *gone])
    for_each(
        [failure for failure in order.failures if failure["number"] not in gone],
        wiring.numbers().keep_releasing,
    )
    return Result(state=order.ended_as, status=order.status, detail=order.status)
