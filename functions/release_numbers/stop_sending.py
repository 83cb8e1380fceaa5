"""Release of numbers: stops sending from the numbers before they are released."""

from bandwidth_messaging.domain.releases import Removal
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    """`setupOrderId` is the set-up that added the numbers, None if the input listed the numbers."""

    setup_order_id: str | None
    disconnect: list[str]
    remove: list[Removal]


@step("Stop Sending", Request)
def handler(request: Request) -> StepResult:
    """Record every number (E.164) as releasing; it stays with the order that added it."""
    count = wiring.number_release().stop_sending(request.setup_order_id, request.disconnect, request.remove)
    return StepResult(detail=f"{count} numbers")
