"""Hosted Messaging with the current API: prepares the location and application of imported numbers."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    """`locationId` is an existing location. Without it the location of that name is found or created."""

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
    """Find or create what "Messaging 2.0 API Setup" needs before an order, and switch on what is off.

    The import continues if the subscription to lost numbers fails.
    """
    provisioning, site_id = wiring.provisioning(), request.site_id
    application = provisioning.find_or_create_application(
        request.application_name, callback_url=settings().callback_url_v2
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
