"""Callbacks ("Incoming Messages"): inbound messages and receipts, each stored by one conditional write.

Bandwidth waits ten seconds. V2 repeats for a day what was not answered 2xx; no retry of V1 is documented. So
the callback is stored in the quarantine, and answered 2xx, if it can never be read, if not all of its events
were stored in time, or if a write of V1 failed. Only a failed write of V2, or of the quarantine, is a 5xx.
"""

from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.services.callback_intake import WRITE_FAILED, receive
from bandwidth_messaging.services.parallel import deadline_in

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Leaves the quarantine two of the function's nine seconds.
_STORE_SECONDS: Final = 7
_NO_CONTENT = {"statusCode": 204}
# A V1 application that calls by GET expects BXML, what to do next: nothing.
_EMPTY_BXML = {
    "statusCode": 200,
    "headers": {"Content-Type": "application/xml"},
    "body": '<?xml version="1.0" encoding="UTF-8"?><Response/>',
}


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Store every event of the callback; `event` is API Gateway's proxy event."""
    if reasons := _receive(event, deadline=deadline_in(_STORE_SECONDS)):
        wiring.quarantine().keep(event, reasons, now())
        logger.warning("quarantined", extra={"reason": reasons[0], "reasons": len(reasons)})
        count("CallbacksQuarantined")
    return _EMPTY_BXML if event["httpMethod"] == "GET" else _NO_CONTENT


def _receive(event: dict[str, Any], deadline: float) -> list[str]:
    """Return why the callback is to be quarantined, if at all."""
    try:
        return receive(event, deadline=deadline)
    except Exception as error:
        if not event["resource"].endswith("/v1"):
            raise
        logger.error("callback not stored", extra={"error": type(error).__name__})
        return [WRITE_FAILED]
