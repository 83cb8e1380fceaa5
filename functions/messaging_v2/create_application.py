"""Messaging 2.0, "Create application": the application whose callback URL receives the messages."""

from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    application_name: str


class Result(StepResult):
    application_id: str


@step("Create application", Request)
def handler(request: Request) -> Result:
    """Find the application by name, or create it with the stack's callback URL and credentials."""
    application = wiring.provisioning().find_or_create_application(
        request.application_name, callback_url=settings().callback_url_v2
    )
    return Result(
        application_id=application.id,
        outcome=application.outcome,
        detail=describe_outcome(application.outcome, ignored_duplicates=application.ignored_duplicates),
    )
