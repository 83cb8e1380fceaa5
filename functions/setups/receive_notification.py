"""Notifications: a changed order ends the wait for it, a hosted number that was taken away is released.

Bandwidth never repeats a notification. One that cannot be read or applied is stored in the quarantine, from
where it is replayed; only if that fails too, the response is a 5xx.
"""

from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.services import notifications
from bandwidth_messaging.services.parallel import deadline_in

# Leaves the quarantine two of the function's nine seconds.
_APPLY_SECONDS: Final = 7
_NO_CONTENT: Final = {"statusCode": 204}


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Apply a notification; `event` is API Gateway's proxy event."""
    deadline, at = deadline_in(_APPLY_SECONDS), now()
    try:
        reasons = notifications.apply(event, at=at, deadline=deadline)
    except Exception as error:
        logger.error("notification not applied", extra={"error": type(error).__name__})
        reasons = [type(error).__name__]
    if reasons:
        wiring.quarantine().keep(event, reasons, at)
        logger.warning("quarantined", extra={"reason": reasons[0], "reasons": len(reasons)})
        count("CallbacksQuarantined")
    return _NO_CONTENT
