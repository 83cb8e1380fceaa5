"""Checks whether Bandwidth's account still matches the stack's records. Publishes new differences."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.drift import count_findings, show_findings
from bandwidth_messaging.runtime import wiring


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the first findings, the `counts` of all, and whether they are `news` and so published.

    Changes nothing at Bandwidth and no number. Raises the errors of Bandwidth's clients.
    """
    result = wiring.drift_check().check()
    return {
        "news": result.is_new,
        "counts": count_findings(result.findings),
        "findings": show_findings(result.findings),
    }
