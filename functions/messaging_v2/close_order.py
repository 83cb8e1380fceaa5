"""Messaging 2.0, a backorder at its deadline: closes the order, so that it ends with the numbers it has."""

from http import HTTPStatus
from typing import Final

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.runtime import bandwidth_clients
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step

_NOT_BACKORDERED: Final = "5060"


class Request(StepInput):
    order_id: str


@step("Close Order", Request)
def handler(request: Request) -> StepResult:
    """Close the order unless it has ended by itself."""
    try:
        bandwidth_clients.dashboard().close_order(request.order_id)
    except BandwidthRejected as error:
        if error.code != _NOT_BACKORDERED or error.status != HTTPStatus.BAD_REQUEST:
            raise
        return StepResult(outcome=StepOutcome.FOUND, detail="no longer backordered")
    return StepResult(outcome=StepOutcome.UPDATED, detail="closed")
