"""Messaging 2.0, "Assign Application to Location (sippeer)": assigns the application and reads it back."""

from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    site_id: str
    location_id: str
    application_id: str
    replace_application: bool


@step("Assign Application to Location", Request)
def handler(request: Request) -> StepResult:
    """Assign the application unless it is assigned."""
    outcome, replaced = wiring.provisioning().assign_application(
        request.site_id,
        request.location_id,
        request.application_id,
        replace=request.replace_application,
    )
    return StepResult(
        outcome=outcome,
        replaced_application_id=replaced,
        detail=describe_outcome(outcome, replaced_application_id=replaced),
    )
