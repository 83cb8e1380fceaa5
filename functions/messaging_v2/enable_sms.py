"""Messaging 2.0, "Enable SMS on Location (sippeer)"."""

from typing import Final

from bandwidth_messaging.domain.orders import Campaign
from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import bandwidth_clients, wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services.provisioning import check_campaign

_CAMPAIGN_CHECK_SECONDS: Final = 20


class Request(StepInput):
    site_id: str
    location_id: str
    toll_free: bool
    short_code: bool
    campaign_id: str | None
    message_class: str


@step("Enable SMS on Location", Request)
def handler(request: Request) -> StepResult:
    """Enable SMS or add missing settings. With a campaign, its numbers can then be assigned to it."""
    campaign = None
    if request.campaign_id:
        campaign = Campaign(request.campaign_id, request.message_class)
        check_campaign(bandwidth_clients.registrations(seconds=_CAMPAIGN_CHECK_SECONDS), campaign.campaign_id)
    outcome, added = wiring.provisioning().enable_sms(
        request.site_id,
        request.location_id,
        toll_free=request.toll_free,
        short_code=request.short_code,
        campaign=campaign,
    )
    return StepResult(outcome=outcome, detail=describe_outcome(outcome, added=added))
