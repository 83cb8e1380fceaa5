"""Messaging 2.0, "Enable SMS on Location (sippeer)"."""

from bandwidth_messaging.domain.orders import Campaign
from bandwidth_messaging.runtime import provisioning, wiring
from bandwidth_messaging.runtime.workflow import StepInput, StepResult, step


class Request(StepInput):
    site_id: str
    location_id: str
    toll_free: bool
    short_code: bool
    campaign_id: str | None
    message_class: str


@step("Enable SMS on Location", Request)
def handler(request: Request) -> StepResult:
    """Enable SMS, or add what it lacks where it is on; with a campaign, let numbers be put into it."""
    campaign = Campaign(request.campaign_id, request.message_class) if request.campaign_id else None
    how = provisioning.sms(
        wiring.dashboard(),
        request.site_id,
        request.location_id,
        toll_free=request.toll_free,
        short_code=request.short_code,
        campaign=campaign,
    )
    return StepResult(detail=how)
