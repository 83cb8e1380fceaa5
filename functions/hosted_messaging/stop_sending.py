"""Stops sending from numbers before they are removed."""

from functools import partial

from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.phone_numbers import last_four
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.releases import ReleaseAction
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services.parallel import for_each


class Request(StepInput):
    """`api` is the API of numbers that the stack has no record of."""

    site_id: str
    batches: list[list[str]]
    api: Api


class Result(StepResult):
    """`atCatapult` lists the numbers that Catapult may have: all but those of V2."""

    at_catapult: list[list[str]]


@step("Stop Sending", Request)
def handler(request: Request) -> Result:
    """Record every number (E.164) as in release.

    Raises InvalidInput, before any record, for numbers that are not hosted: Bandwidth would reject them.
    """
    numbers = [number for batch in request.batches for number in batch]
    items = stores.numbers().get_all(numbers)
    actions = wiring.hosted_numbers().plan_actions(items)
    if own := [item["number"] for item, action in actions if action == ReleaseAction.DISCONNECT]:
        detail = (
            f"{len(own)} of them, first …{last_four(own[0])}, were ordered and not imported; "
            "give them to the machine release_numbers"
        )
        raise InvalidInput([FieldProblem("telephoneNumbers", detail)])
    home = Home(api=request.api, customer_order_id=request.customer_order_id, site_id=request.site_id)
    for_each(numbers, partial(stores.numbers().start_release, home=home, at=now()))
    known = {item["number"]: item["api"] for item in items}
    batches = [
        [number for number in batch if known.get(number, request.api) == "v1"] for batch in request.batches
    ]
    return Result(at_catapult=[batch for batch in batches if batch], detail=f"{len(numbers)} numbers")
