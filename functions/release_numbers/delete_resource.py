"""Release of everything: deletes one resource that a set-up created."""

from dataclasses import replace

from bandwidth_messaging.bandwidth.errors import mask_numbers
from bandwidth_messaging.domain.release_texts import describe_keep_reason
from bandwidth_messaging.domain.releases import Resource
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    resource: Resource


class Result(StepResult):
    resource: Resource


@step("Delete Resource", Request, of=lambda request: request.resource.what)
def handler(request: Request) -> Result:
    """Delete the resource if it exists and nothing has started to use it since the plan."""
    outcome, kept = wiring.resource_deletion().delete(request.resource)
    reason = describe_keep_reason(kept) if kept else None
    resource = request.resource.model_copy(update={"outcome": outcome, "reason": reason})
    if kept is None:
        return Result(resource=resource, detail=outcome)
    # Bandwidth's description may contain a number, and the detail is logged.
    logged = replace(kept, error=mask_numbers(kept.error) if kept.error else None)
    return Result(resource=resource, detail=f"{outcome}: {describe_keep_reason(logged)}")
