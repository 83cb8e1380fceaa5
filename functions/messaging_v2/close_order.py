"""Messaging 2.0, a backorder at its deadline: closed, so that it ends with what has come."""

from http import HTTPStatus

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step

_NOT_BACKORDERED = "5060"


class Request(StepInput):
    order_id: str


@step("Close Order", Request)
def handler(request: Request) -> StepResult:
    """Close the order, unless it has ended by itself a moment ago."""
    try:
        wiring.dashboard().close_order(request.order_id)
    except BandwidthRejected as error:
        if error.code != _NOT_BACKORDERED or error.status != HTTPStatus.BAD_REQUEST:
            raise
        return StepResult(detail="was not backordered any more")
    return StepResult(detail="closed")
