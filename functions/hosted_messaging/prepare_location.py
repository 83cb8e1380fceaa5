"""Hosted Messaging today: imported numbers text through V2, from a location with an application."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


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
    provisioning, site_id = wiring.provisioning(), request.site_id
    application = provisioning.find_or_create_application(
        request.application_name, callback_url=settings().callback_url
    )
    location = provisioning.find_or_create_location(
        site_id, location_id=request.location_id, name=request.location_name
    )
    provisioning.enable_sms(site_id, location.id, toll_free=True, short_code=True)
    provisioning.enable_mms(site_id, location.id)
    assignment = provisioning.assign_application(
        site_id, location.id, application.id, replace=request.replace_application
    )
    subscription = provisioning.subscribe_to_lost_numbers(callback_url=settings().notification_url)
    return Result(
        application_id=application.id,
        location_id=location.id,
        outcome=location.outcome,
        replaced_application_id=assignment.replaced_application_id,
        detail=f"location {location.outcome}, subscription to lost numbers {subscription}",
    )
