"""Queues scheduled messages that are due soon. A schedule runs it each minute."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import wiring


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Return how many messages were queued."""
    return {"queued": wiring.message_schedule().queue_due()}
