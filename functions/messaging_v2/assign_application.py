"""Messaging 2.0, "Assign Application to Location (sippeer)", read back.

Bandwidth takes messages from a location without an application with a 202, and drops them silently.
"""

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.workflow import StepInput, StepResult, step


class Request(StepInput):
    site_id: str
    location_id: str
    application_id: str


@step("Assign Application to Location", Request)
def handler(request: Request) -> StepResult:
    """Assign the application and make sure that the location says so too."""
    dashboard = wiring.dashboard()
    dashboard.assign_application(request.site_id, request.location_id, request.application_id)
    assigned = dashboard.assigned_application(request.site_id, request.location_id)
    if assigned != request.application_id:
        raise BandwidthRejected(
            "Assign Application to Location",
            words=f"location {request.location_id} has application {assigned} after the assignment, "
            f"not {request.application_id}",
        )
    return StepResult(detail="assigned")
