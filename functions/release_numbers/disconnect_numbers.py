"""Release of numbers: the order that gives our own numbers back to Bandwidth, placed once."""

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import number_release
from bandwidth_messaging.services.order_placement import place_order_once


class Request(StepInput):
    numbers: list[str]


class Result(StepResult):
    """`orderId` is None if the numbers are gone already, all of them."""

    order_id: str | None


@step("Disconnect Numbers", Request)
def handler(request: Request) -> Result:
    """Return the order's id: from the record, found at Bandwidth, or newly placed."""
    try:
        return _placed(request.customer_order_id, request.numbers)
    except BandwidthRejected as error:
        left = number_release.not_gone(request.numbers, error.code, wiring.dashboard())
        if len(left) == len(request.numbers):
            raise
    number_release.record_gone([number for number in request.numbers if number not in left])
    if left:
        return _placed(request.customer_order_id, [number for number in request.numbers if number in left])
    return Result(order_id=None, detail="gone before")


def _placed(release_id: str, numbers: list[str]) -> Result:
    dashboard = wiring.dashboard()
    order_id, how = place_order_once(
        release_id,
        place=lambda: dashboard.disconnect(customer_order_id=release_id, numbers=numbers),
        find=lambda: dashboard.find_disconnect(release_id),
    )
    return Result(order_id=order_id, detail=how)
