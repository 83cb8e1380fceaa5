"""Checks the deployment against the real Bandwidth account. Changes nothing on either side."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.services.diagnosis import Report


def handler(event: dict[str, Any], context: LambdaContext) -> Report:
    """Return `healthy`, a `summary` and the `checks`: the `result`, what was `found`, how to `fix` it.

    Ignores the event.
    """
    return wiring.doctor().examine()
