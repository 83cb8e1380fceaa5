"""Hosted Messaging today: what the order brought texts through V2."""

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import preflight
from bandwidth_messaging.services.parallel import for_each


class Request(StepInput):
    order_id: str
    application_id: str
    location_id: str
    site_id: str
    batches: list[list[str]]


@step("Activate Numbers", Request)
def handler(request: Request) -> StepResult:
    """Record every number (E.164) as one that texts, with what a look at its location found."""
    home = Home(
        api="v2",
        customer_order_id=request.customer_order_id,
        order_id=request.order_id,
        application_id=request.application_id,
        location_id=request.location_id,
        site_id=request.site_id,
    )
    numbers = [number for batch in request.batches for number in batch]
    # All of them share location and application, so one look is enough.
    found = preflight.attempt(
        lambda: preflight.of_location(
            request.site_id,
            request.location_id,
            request.application_id,
            callback_url=settings().callback_url,
        )
    )
    registrations, at = wiring.registration_check().look_up_new(numbers), now()
    for_each(
        numbers,
        lambda number: wiring.numbers().activate(
            number, home, at, preflight=found, registration=registrations.get(number)
        ),
    )
    return StepResult(detail=f"{len(numbers)} numbers")
