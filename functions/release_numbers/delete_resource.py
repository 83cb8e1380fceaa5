"""Release of everything: one thing that a set-up made is taken away; what is gone already is fine."""

from bandwidth_messaging.bandwidth.errors import BandwidthRejected, mask_numbers
from bandwidth_messaging.domain.releases import Resource
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import number_release


class Request(StepInput):
    resource: Resource


class Result(StepResult):
    resource: Resource


@step("Delete Resource", Request, of=lambda request: request.resource.what)
def handler(request: Request) -> Result:
    """Take it away, unless somebody has come to use it since the plan was made."""
    resource = request.resource
    try:
        if resource.what == "catapultApplication":
            was_there = wiring.catapult().delete_application(resource.id)
        else:
            was_there = number_release.take_away(resource, wiring.dashboard())
    except BandwidthRejected as error:
        code = f"{error.code} " if error.code else ""
        left = resource.model_copy(update={"outcome": "left", "reason": code + error.words})
        # Bandwidth may name a number, and a detail is logged.
        return Result(resource=left, detail=f"left: {code}{mask_numbers(error.words)}")
    outcome = "deleted" if was_there else "gone"
    gone = resource.model_copy(update={"outcome": outcome, "reason": None})
    return Result(resource=gone, detail=outcome)
