"""Hosted Messaging, step 4, "Import Number": a batch of numbers, one request each, as Catapult wants it."""

from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnavailable
from bandwidth_messaging.domain.numbers import Home, NumberState
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import SHORTEST_WAIT_SECONDS, StepInput, StepResult, shown, step
from bandwidth_messaging.services import preflight

# Fifty batches of what a batch may show stay far below what a state may carry.
_FAILURES_SHOWN = 5


class Request(StepInput):
    numbers: list[str]
    order_id: str
    application_id: str
    site_id: str
    sip_peer_id: str | None


class Result(StepResult):
    """`waitSeconds` above 0: Catapult's limit was reached, and what is left may go on after so long."""

    completed: int
    failed: int
    failures: tuple[Failure, ...] = ()
    wait_seconds: int = 0


@step("Import Number", Request)
def handler(request: Request) -> Result:
    """Import the numbers (E.164) of the batch that were not imported, refused, or given back before."""
    numbers, catapult, dashboard = wiring.numbers(), wiring.catapult(), wiring.dashboard_credentials()
    home = Home(
        api="v1",
        customer_order_id=request.customer_order_id,
        site_id=request.site_id,
        order_id=request.order_id,
        application_id=request.application_id,
        location_id=request.sip_peer_id,
    )
    ended = {
        item["number"]: item
        for item in numbers.get_all(request.numbers)
        if item["state"] != NumberState.PENDING and home.owns(item)
    }
    failures: list[Failure] = [
        {"number": number, "code": item.get("errorCode"), "reason": item["reason"]}
        for number, item in ended.items()
        if item["state"] == NumberState.FAILED
    ]
    completed = len(ended) - len(failures)
    found = preflight.attempt(
        lambda: preflight.of_catapult_application(
            request.application_id, callback_url=settings().callback_url
        )
    )
    wait_seconds = 0
    for number in request.numbers:
        if number in ended:
            continue
        try:
            number_id = catapult.import_number(
                number,
                request.application_id,
                account_id=settings().bandwidth_account_id,
                dashboard=dashboard,
            )
        except BandwidthRejected as error:
            failure: Failure = {"number": number, "code": error.code, "reason": error.words}
            numbers.fail(failure, home, now())
            failures.append(failure)
        except BandwidthUnavailable as error:
            if error.wait_seconds is None:
                raise
            wait_seconds = max(error.wait_seconds, SHORTEST_WAIT_SECONDS)
            break
        else:
            numbers.activate(number, home, now(), number_id=number_id, preflight=found)
            completed += 1
    return Result(
        completed=completed,
        failed=len(failures),
        failures=shown(failures[:_FAILURES_SHOWN]),
        wait_seconds=wait_seconds,
        detail=f"{completed} of a batch of {len(request.numbers)}",
    )
