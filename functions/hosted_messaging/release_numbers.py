"""Hosted Messaging, removal: a batch of numbers leaves Catapult before it leaves the Dashboard."""

from bandwidth_messaging.bandwidth.errors import BandwidthUnavailable
from bandwidth_messaging.domain.numbers import NumberItem, NumberState
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import SHORTEST_WAIT_SECONDS, StepInput, StepResult, step


class Request(StepInput):
    numbers: list[str]


class Result(StepResult):
    """`waitSeconds` above 0: Catapult's limit was reached, and what is left may go on after so long."""

    wait_seconds: int = 0


@step("Release Number", Request)
def handler(request: Request) -> Result:
    """Release the numbers (E.164) of the batch that Catapult still has; one that is gone is fine."""
    numbers, catapult = wiring.numbers(), wiring.catapult()
    left = 0
    try:
        known = {item["number"]: item for item in numbers.get_all(request.numbers)}
        for number in request.numbers:
            # A number that was recorded a moment ago may not be among them yet.
            item = known.get(number, NumberItem(number=number, state=NumberState.RELEASING))
            if "detachedAt" not in item:
                number_id = item.get("numberId") or next(iter(catapult.find_number(number) or ()), None)
                if number_id:
                    catapult.release_number(number_id)
                numbers.record_detached(number, now())
            left += 1
    except BandwidthUnavailable as error:
        if error.wait_seconds is None:
            raise
        return Result(
            wait_seconds=max(error.wait_seconds, SHORTEST_WAIT_SECONDS),
            detail=f"{left} of a batch of {len(request.numbers)}",
        )
    return Result(detail=f"{left} of a batch of {len(request.numbers)}")
