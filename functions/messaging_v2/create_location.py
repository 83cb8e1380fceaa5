"""Messaging 2.0, "Create location (sippeer)": the location that the numbers belong to."""

from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    site_id: str
    location_id: str | None
    location_name: str
    is_default_peer: bool | None


class Result(StepResult):
    location_id: str


@step("Create location", Request)
def handler(request: Request) -> Result:
    """Use the given location, find it by name in its site, or create it."""
    location = wiring.provisioning().find_or_create_location(
        request.site_id,
        location_id=request.location_id,
        name=request.location_name,
        is_default_peer=request.is_default_peer,
    )
    return Result(
        location_id=location.id, outcome=location.outcome, detail=describe_outcome(location.outcome)
    )
