"""Before numbers are removed: nothing is sent from them any more."""

from functools import partial

from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.parallel import for_each
from bandwidth_messaging.runtime.workflow import StepInput, StepResult, step
from bandwidth_messaging.store.numbers import Home


class Request(StepInput):
    site_id: str
    batches: list[list[str]]


@step("Stop Sending", Request)
def handler(request: Request) -> StepResult:
    """Mark every number (E.164) as on its way out."""
    home = Home(api="v1", customer_order_id=request.customer_order_id, site_id=request.site_id)
    numbers = [number for batch in request.batches for number in batch]
    for_each(numbers, partial(wiring.numbers().start_release, home=home, at=now()))
    return StepResult(detail=f"{len(numbers)} numbers")
