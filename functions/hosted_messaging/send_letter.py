"""Hosted Messaging with the current API: sends the letter of authorization to the order once."""

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.imports import Letter
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.runtime.steps import StepInput, StepResult, shown, step


class Request(StepInput):
    order_id: str
    letter_of_authorization: Letter


class Result(StepResult):
    """`failures` says why Bandwidth rejected the letter. The order continues without it."""

    sent: bool = True
    failures: tuple[Failure, ...] = ()


@step("Send Letter", Request)
def handler(request: Request) -> Result:
    """Send the letter unless the order has one; an earlier run may have sent it."""
    dashboard, letter = bandwidth_clients.dashboard_current(), request.letter_of_authorization
    try:
        if dashboard.has_letter(request.order_id):
            return Result(detail="was there")
        dashboard.send_letter(request.order_id, stores.letters().read(letter.key), letter.content_type)
    except BandwidthRejected as error:
        reason = f"the letter of authorization was not taken: {error.words}"
        failure: Failure = {"number": None, "code": error.code, "reason": reason}
        return Result(failures=shown([failure]), detail="not taken")
    return Result(detail="sent")
