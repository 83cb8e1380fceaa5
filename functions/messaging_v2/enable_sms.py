"""Messaging 2.0, "Enable SMS on Location (sippeer)"."""

from typing import Final

from bandwidth_messaging.domain.orders import Campaign
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import provisioning

_CAMPAIGN_SECONDS: Final = 20


class Request(StepInput):
    site_id: str
    location_id: str
    toll_free: bool
    short_code: bool
    campaign_id: str | None
    message_class: str


@step("Enable SMS on Location", Request)
def handler(request: Request) -> StepResult:
    """Enable SMS, or add what it lacks where it is on; with a campaign, let numbers be put on it."""
    campaign = Campaign(request.campaign_id, request.message_class) if request.campaign_id else None
    if campaign is not None:
        registrations = wiring.registrations(seconds=_CAMPAIGN_SECONDS)
        provisioning.check_campaign(registrations, campaign.campaign_id)
    how = provisioning.sms(
        wiring.dashboard(),
        request.site_id,
        request.location_id,
        toll_free=request.toll_free,
        short_code=request.short_code,
        campaign=campaign,
    )
    return StepResult(detail=how)
