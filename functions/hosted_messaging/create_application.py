"""Hosted Messaging, step 3, "Create Application": the Catapult application of the numbers."""

from typing import Literal

from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    application_id: str | None
    application_name: str
    callback_http_method: Literal["GET", "POST"]


class Result(StepResult):
    application_id: str


@step("Create Application", Request)
def handler(request: Request) -> Result:
    """Use the application from the input, find it by name, or create it."""
    application = wiring.catapult_application().resolve(
        request.application_id, request.application_name, http_method=request.callback_http_method
    )
    return Result(
        application_id=application.id,
        outcome=application.outcome,
        detail=describe_outcome(application.outcome, ignored_duplicates=application.ignored_duplicates),
    )
