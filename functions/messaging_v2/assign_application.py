"""Messaging 2.0, "Assign Application to Location (sippeer)", read back."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import provisioning


class Request(StepInput):
    site_id: str
    location_id: str
    application_id: str
    replace_application: bool


@step("Assign Application to Location", Request)
def handler(request: Request) -> StepResult:
    """Assign the application and make sure that the location says so too."""
    how = provisioning.assignment(
        wiring.dashboard(),
        request.site_id,
        request.location_id,
        request.application_id,
        replace=request.replace_application,
    )
    return StepResult(detail=how)
