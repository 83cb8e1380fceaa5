"""Messaging 2.0, "Enable MMS on Location (sippeer)"; SMS must come first."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import provisioning


class Request(StepInput):
    site_id: str
    location_id: str


@step("Enable MMS on Location", Request)
def handler(request: Request) -> StepResult:
    """Enable MMS unless it is on."""
    return StepResult(detail=provisioning.mms(wiring.dashboard(), request.site_id, request.location_id))
