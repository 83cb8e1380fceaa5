"""Release of numbers: before they go, nothing is sent from them any more."""

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.releases import Removal
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import release_plan
from bandwidth_messaging.services.parallel import for_each


class Request(StepInput):
    """`setupOrderId` is the set-up that brought them, None if they were named one by one."""

    setup_order_id: str | None
    disconnect: list[str]
    remove: list[Removal]


@step("Stop Sending", Request)
def handler(request: Request) -> StepResult:
    """Mark every number (E.164) as on its way out; it stays with the order that brought it."""
    numbers, at = wiring.numbers(), now()
    going = [*request.disconnect, *(number for removal in request.remove for number in removal.numbers)]
    known = {item["number"]: item for item in numbers.get_all(going, consistent=True)}
    setup = (wiring.orders().get(request.setup_order_id) if request.setup_order_id else None) or {}

    def stop(number: str) -> None:
        # A number that came after we had given up has no record yet: its set-up tells where it is.
        item = known.get(number, setup)
        home = Home(
            api=item.get("api", "v2"),
            customer_order_id=item.get("customerOrderId") or str(request.setup_order_id),
            site_id=release_plan.site_of(item),
            location_id=item.get("locationId"),
        )
        numbers.start_release(number, home, at)

    for_each(going, stop)
    return StepResult(detail=f"{len(going)} numbers")
