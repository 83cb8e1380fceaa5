"""Messaging 2.0, "Create application": the application that messages are called back through."""

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.workflow import StepInput, StepResult, step


class Request(StepInput):
    application_name: str


class Result(StepResult):
    application_id: str


@step("Create application", Request)
def handler(request: Request) -> Result:
    """Find the application by name, or create it with our callback URL and credentials."""
    dashboard, callback_url = wiring.dashboard(), settings().callback_url
    for application in dashboard.applications():
        if application.name == request.application_name:
            if application.callback_url != callback_url:
                raise BandwidthRejected(
                    "Create application",
                    words=f"the account has an application {application.name!r} with another callback URL "
                    f"({application.application_id}); choose another applicationName, or remove that one",
                )
            return Result(application_id=application.application_id, detail="found")
    created = dashboard.create_application(
        request.application_name, callback_url, wiring.callback_credentials()
    )
    return Result(application_id=created, detail="created")
