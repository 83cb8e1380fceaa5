"""Hosted Messaging, removal: stops sending from numbers before they are removed."""

from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step


class Request(StepInput):
    """`api` is the API of numbers that the stack has no record of."""

    site_id: str
    batches: list[list[str]]
    api: Api

    def home(self) -> Home:
        """Return the order, site and API of the removal."""
        return Home(api=self.api, customer_order_id=self.customer_order_id, site_id=self.site_id)


class Result(StepResult):
    """`atCatapult` lists the numbers that Catapult may have: all but those of V2."""

    at_catapult: list[list[str]]


@step("Stop Sending", Request)
def handler(request: Request) -> Result:
    """Record every number (E.164) as releasing.

    Raises InvalidInput, before any record, for numbers that are not hosted: Bandwidth would reject them.
    """
    at_catapult = wiring.hosted_removal().stop_sending(request.batches, request.home())
    count = sum(len(batch) for batch in request.batches)
    return Result(at_catapult=at_catapult, detail=f"{count} numbers")
