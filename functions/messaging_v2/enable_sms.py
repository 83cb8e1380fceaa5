"""Messaging 2.0, "Enable SMS on Location (sippeer)"."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.workflow import StepInput, StepResult, step


class Request(StepInput):
    site_id: str
    location_id: str
    toll_free: bool
    short_code: bool


@step("Enable SMS on Location", Request)
def handler(request: Request) -> StepResult:
    """Enable SMS unless it is on."""
    dashboard = wiring.dashboard()
    if dashboard.has_feature(request.site_id, request.location_id, "sms"):
        return StepResult(detail="was on")
    dashboard.enable_sms(
        request.site_id, request.location_id, toll_free=request.toll_free, short_code=request.short_code
    )
    return StepResult(detail="enabled")
