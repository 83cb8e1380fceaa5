"""Hosted Messaging, step 1, "Create Import Request": the order that imports or removes numbers."""

from functools import partial

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.imports import Authority
from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.numbers import Home, NumberState
from bandwidth_messaging.domain.orders import Action, Failure
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services.order_placement import place_order_once
from bandwidth_messaging.services.parallel import for_each


class Request(Authority, StepInput):
    """`api` is what the numbers will text through; the authority is for today's API only."""

    action: Action
    site_id: str
    sip_peer_id: str | None
    batches: list[list[str]]
    api: Api


class Result(StepResult):
    order_id: str


@step("Create Import Request", Request)
def handler(request: Request) -> Result:
    """Return the order's id: from the record, found at Bandwidth, or newly placed.

    Numbers to be imported are recorded as pending before, so that none is at Bandwidth without a record. Once
    the order may be there they have been: one that was given back since then stays so. If it surely is not,
    for Bandwidth refused it, none is on its way.
    """
    numbers = [number for batch in request.batches for number in batch]
    home = Home(
        api=request.api,
        customer_order_id=request.customer_order_id,
        site_id=request.site_id,
        location_id=request.sip_peer_id,
    )
    if request.action == "IMPORT" and not _may_be_there(request):
        for_each(numbers, partial(wiring.numbers().expect, home=home, at=now()))
    try:
        order_id, how = _placed(request, numbers)
    except BandwidthRejected as error:
        # What was refused may have been the look-up of an order that is there.
        if request.action == "IMPORT" and not _may_be_there(request):
            _expect_no_more(numbers, home, error)
        raise
    return Result(order_id=order_id, detail=how)


def _may_be_there(request: Request) -> bool:
    return wiring.orders().was_attempted(request.customer_order_id)


def _placed(request: Request, numbers: list[str]) -> tuple[str, str]:
    dashboard = wiring.dashboard()
    return place_order_once(
        request.customer_order_id,
        place=lambda: dashboard.create_import_request(
            customer_order_id=request.customer_order_id,
            site_id=request.site_id,
            sip_peer_id=request.sip_peer_id,
            action=request.action,
            numbers=numbers,
            authority=request,
        ),
        find=lambda: dashboard.find_import_request(request.customer_order_id, request.action),
    )


def _expect_no_more(numbers: list[str], home: Home, error: BandwidthRejected) -> None:
    failures: list[Failure] = [
        {"number": item["number"], "code": error.code, "reason": error.words}
        for item in wiring.numbers().get_all(numbers, consistent=True)
        if item["state"] == NumberState.PENDING and home.owns(item)
    ]
    for_each(failures, partial(wiring.numbers().fail, home=home, at=now()))
