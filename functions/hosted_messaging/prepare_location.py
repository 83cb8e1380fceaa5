"""Hosted Messaging today: imported numbers text through V2, from a location with an application."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import provisioning


class Request(StepInput):
    """`locationId` is a location that is there; without it the one of that name is found, or made."""

    site_id: str
    location_id: str | None
    location_name: str
    application_name: str
    replace_application: bool


class Result(StepResult):
    application_id: str
    location_id: str


@step("Prepare Location", Request)
def handler(request: Request) -> Result:
    """Do what "Messaging 2.0 API Setup" does before it orders: find it, mend it, or make it.

    That Bandwidth tells of numbers that are taken away is asked for beside, and the import goes on without.
    """
    account, site_id = wiring.dashboard(), request.site_id
    application_id, _ = provisioning.application(
        account, request.application_name, callback_url=settings().callback_url_v2
    )
    location_id, how = provisioning.location(
        account, site_id, location_id=request.location_id, name=request.location_name
    )
    provisioning.sms(account, site_id, location_id, toll_free=True, short_code=True)
    provisioning.mms(account, site_id, location_id)
    provisioning.assignment(
        account, site_id, location_id, application_id, replace=request.replace_application
    )
    told = provisioning.news_of_lost_numbers(account, callback_url=settings().notification_url)
    return Result(
        application_id=application_id,
        location_id=location_id,
        detail=f"location {how}, news of lost numbers {told}",
    )
