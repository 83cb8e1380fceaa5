"""Records the end of an execution that did not record it itself. A rule on status changes invokes it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import aws_errors


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Record the end of an execution, on its order if it has one.

    `event` is a "Step Functions Execution Status Change". Raises AwsUnavailable, so that Lambda retries it.
    """
    with aws_errors():
        wiring.execution_endings().record(event["detail"]["executionArn"])
