"""Hosted Messaging with the current API: sends the letter of authorization to the order once."""

from bandwidth_messaging.domain.imports import Letter
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.domain.step_texts import describe_outcome
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, shown, step


class Request(StepInput):
    order_id: str
    letter_of_authorization: Letter


class Result(StepResult):
    """`sent` ends the step also if Bandwidth rejected the letter: the order continues without the letter.

    `failures` says why Bandwidth rejected the letter.
    """

    sent: bool = True
    failures: tuple[Failure, ...] = ()


@step("Send Letter", Request)
def handler(request: Request) -> Result:
    """Send the letter unless the order has one."""
    letter = wiring.letter_sending().send_once(request.order_id, request.letter_of_authorization)
    return Result(
        failures=shown([letter.failure] if letter.failure else []),
        outcome=letter.outcome,
        detail=describe_outcome(letter.outcome),
    )
