"""Callbacks ("Incoming Messages"): inbound messages and receipts, each stored by one conditional write.

Bandwidth waits ten seconds and repeats what was not answered 2xx for a day. So what is stored, what was
stored before, and what will never be readable are all answered 2xx; only a failed write is a 5xx.
"""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import count, logger
from bandwidth_messaging.runtime.receiving import receive

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_NO_CONTENT = {"statusCode": 204}
# A V1 application that calls by GET expects BXML, what to do next: nothing.
_EMPTY_BXML = {
    "statusCode": 200,
    "headers": {"Content-Type": "application/xml"},
    "body": '<?xml version="1.0" encoding="UTF-8"?><Response/>',
}


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Store every event of the callback; `event` is API Gateway's proxy event."""
    if reasons := receive(event):
        wiring.quarantine().keep(event, reasons, now())
        logger.warning("quarantined", reason=reasons[0], reasons=len(reasons))
        count("CallbacksQuarantined")
    return _EMPTY_BXML if event["httpMethod"] == "GET" else _NO_CONTENT
