"""Messaging 2.0, "Enable MMS on Location (sippeer)". SMS must be enabled first."""

from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    site_id: str
    location_id: str


@step("Enable MMS on Location", Request)
def handler(request: Request) -> StepResult:
    """Enable MMS unless it is enabled."""
    outcome = wiring.provisioning().enable_mms(request.site_id, request.location_id)
    return StepResult(outcome=outcome, detail=describe_outcome(outcome))
