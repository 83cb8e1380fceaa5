"""Messaging 2.0, "Enable MMS on Location (sippeer)"; SMS must come first."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.workflow import StepInput, StepResult, step


class Request(StepInput):
    site_id: str
    location_id: str


@step("Enable MMS on Location", Request)
def handler(request: Request) -> StepResult:
    """Enable MMS unless it is on."""
    dashboard = wiring.dashboard()
    if dashboard.has_feature(request.site_id, request.location_id, "mms"):
        return StepResult(detail="was on")
    dashboard.enable_mms(request.site_id, request.location_id)
    return StepResult(detail="enabled")
