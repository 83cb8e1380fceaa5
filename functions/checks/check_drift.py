"""Looks whether Bandwidth's account is still as our numbers' records say, and announces where it is not.

It changes nothing at Bandwidth, and no number.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.drift import FIRST, counted
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.services import drift_check


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return how many numbers have appeared, vanished and lost their messaging, and the first findings.

    `news` says whether that is announced, for what was found before is not announced again. Raises what keeps
    Bandwidth from telling.
    """
    findings = drift_check.find()
    news = wiring.drift().record(findings, now())
    counts = counted(findings)
    logger.info("drift looked for", extra={"counts": counts, "news": news})
    return {"news": news, "counts": counts, "findings": findings[:FIRST]}
