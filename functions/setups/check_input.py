"""First state of every state machine: checks and completes the input, and opens the order's record."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import aws_errors
from bandwidth_messaging.services.setup_check import Execution


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the set-up with its defaults, its `customerOrderId` and its `deadline` (RFC 3339).

    `event` has `kind` (the state machine's name), the person's `input`, `executionName` and `executionArn`.
    The result has the criteria for new numbers in `search`, and the numbers of a hosted set-up in `batches`
    (E.164). A release has its own id in `customerOrderId`, and that of the set-up in `setupOrderId`.
    Raises InvalidInput, which names every invalid field.
    """
    execution = Execution(event["kind"], event["executionName"], event["executionArn"])
    with aws_errors():
        return wiring.setup_check().check(execution, event["input"])
