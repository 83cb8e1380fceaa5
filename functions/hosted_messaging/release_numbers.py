"""Hosted Messaging, removal: releases a batch of numbers from Catapult before the Dashboard removes them."""

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    numbers: list[str]


class Result(StepResult):
    """`waitSeconds` above 0: Catapult's limit was reached, and the other numbers can follow then."""

    wait_seconds: int = 0


@step("Release Number", Request)
def handler(request: Request) -> Result:
    """Release the numbers (E.164) of the batch that Catapult still has."""
    released, wait_seconds = wiring.catapult_release().release_batch(request.numbers)
    return Result(wait_seconds=wait_seconds, detail=f"{released} of a batch of {len(request.numbers)}")
