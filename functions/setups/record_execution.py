"""Records the end of an execution that did not record it itself. A rule on status changes invokes it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import aws_errors


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Record the end of an execution, on its order if it has one.

    `event` is a "Step Functions Execution Status Change". Raises AwsUnavailable and ExecutionOutdated, so
    that Lambda retries it.
    """
    detail = event["detail"]
    # An operator who records an end later gives only the ARN (docs/operations.md, An end was not recorded).
    # Any status that Step Functions returns is at least as late as the start.
    status, redrive_count = detail.get("status", "RUNNING"), detail.get("redriveCount") or 0
    with aws_errors():
        wiring.execution_endings().record(detail["executionArn"], status, redrive_count)
