"""Hosted Messaging with the current API: activates the numbers of the import for V2."""

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services.number_import import join_batches


class Request(StepInput):
    order_id: str
    application_id: str
    location_id: str
    site_id: str
    batches: list[list[str]]

    def home(self) -> Home:
        """Return the order, application and location that the numbers belong to."""
        return Home(api="v2", **self.model_dump(exclude={"batches"}))


@step("Activate Numbers", Request)
def handler(request: Request) -> StepResult:
    """Record every number (E.164) as active, with the preflight of its location."""
    numbers = join_batches(request.batches)
    wiring.number_activation().activate(numbers, request.home(), now())
    return StepResult(detail=f"{len(numbers)} numbers")
