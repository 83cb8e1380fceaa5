"""Messaging 2.0, "Create location (sippeer)": the group that the numbers will belong to."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import provisioning


class Request(StepInput):
    site_id: str
    location_id: str | None
    location_name: str
    is_default_peer: bool | None


class Result(StepResult):
    location_id: str


@step("Create location", Request)
def handler(request: Request) -> Result:
    """Take the location that was given, find it by name in its site, or create it."""
    location_id, how = provisioning.location(
        wiring.dashboard(),
        request.site_id,
        location_id=request.location_id,
        name=request.location_name,
        is_default_peer=request.is_default_peer,
    )
    return Result(location_id=location_id, detail=how)
