"""Messaging 2.0, "Create application": the application that messages are called back through."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import provisioning


class Request(StepInput):
    application_name: str


class Result(StepResult):
    application_id: str


@step("Create application", Request)
def handler(request: Request) -> Result:
    """Find the application by name, or create it with our callback URL and credentials."""
    application_id, how = provisioning.application(
        wiring.dashboard(), request.application_name, callback_url=settings().callback_url_v2
    )
    return Result(application_id=application_id, detail=how)
