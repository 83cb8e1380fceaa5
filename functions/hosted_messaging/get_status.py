"""Hosted Messaging, step 2, "Get Status": how far the order is, and at its end, what failed."""

from collections.abc import Collection
from functools import partial
from typing import Literal

from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.orders import Action, Ended, Failure, OrderState, OrderStatus
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, incomplete_since, reason_of, shown, step
from bandwidth_messaging.services.parallel import for_each


class Request(StepInput):
    """`incompleteSince` is what the last check returned."""

    order_id: str
    action: Action
    site_id: str
    sip_peer_id: str | None
    batches: list[list[str]]
    api: Api
    incomplete_since: str | None = None


class Result(StepResult):
    """`state` is pending until the order has ended; `status` is Bandwidth's own word.

    `batches` are the numbers that go on, `failed` counts the others, `failures` tells of the first hundred.
    `incompleteSince` is when the order had first ended without listing all its numbers.
    """

    state: Literal["pending"] | Ended
    status: str
    batches: list[list[str]] = []  # noqa: RUF012 - a model's default is copied
    completed: int = 0
    failed: int = 0
    failures: tuple[Failure, ...] = ()
    reason: str | None = None
    incomplete_since: str | None = None


@step("Get Status", Request)
def handler(request: Request) -> Result:
    """Ask once; an unknown status, and an end without all its numbers, mean "not yet".

    Raises BandwidthGarbled if the numbers do not come within 15 minutes after the end.
    """
    requested = [number for batch in request.batches for number in batch]
    order = wiring.dashboard().import_status(request.order_id, requested, request.action)
    if order.ended_as is None:
        since = incomplete_since(request.order_id, order, request.incomplete_since)
        return Result(state="pending", status=order.status, incomplete_since=since, detail=order.status)
    if request.action == "IMPORT" and order.ended_as == OrderState.PARTIAL:
        order = _told_apart(request, order)
    numbers, at = wiring.numbers(), now()
    failures = [failure for failure in order.failures if failure["number"]]
    if request.action == "IMPORT":
        home = Home(
            api=request.api,
            customer_order_id=request.customer_order_id,
            site_id=request.site_id,
            order_id=request.order_id,
            location_id=request.sip_peer_id,
        )
        for_each(failures, partial(numbers.fail, home=home, at=at))
    else:
        for_each(order.completed, partial(numbers.release, at=at))
        for_each(failures, numbers.keep_releasing)
    failed = {failure["number"] for failure in failures}
    batches = [[number for number in batch if number not in failed] for batch in request.batches]
    return Result(
        state=order.ended_as,
        status=order.status,
        detail=order.status,
        batches=[batch for batch in batches if batch],
        completed=len(order.completed),
        failed=len(failures),
        failures=shown(order.failures),
        reason=reason_of(request.order_id, order) if order.ended_as == OrderState.FAILED else None,
    )


def _told_apart(request: Request, order: OrderStatus) -> OrderStatus:
    """Return a partial import whose errors name no number with those failed that are not at the location."""
    if any(failure["number"] for failure in order.failures):
        return order
    there = _numbers_there(request)
    if there is None:
        return order
    why = order.failures[0] if order.failures else Failure(number=None, code=None, reason="no reason given")
    missing: list[Failure] = [
        {"number": number, "code": why["code"], "reason": why["reason"]}
        for number in order.completed
        if number not in there
    ]
    return OrderStatus(
        order.status,
        completed=tuple(number for number in order.completed if number in there),
        failures=(*(order.failures[1:] if missing else order.failures), *missing),
    )


def _numbers_there(request: Request) -> Collection[str] | None:
    """Return the numbers at the import's location, or at its site's default one, None if there is neither."""
    dashboard, location_id = wiring.dashboard(), request.sip_peer_id
    if location_id is None:
        defaults = (each for each in dashboard.locations(request.site_id) if each.is_default_peer)
        location_id = next((each.location_id for each in defaults), None)
    return None if location_id is None else dashboard.location_numbers(request.site_id, location_id)
