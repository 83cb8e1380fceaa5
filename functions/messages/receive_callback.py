"""Callbacks ("Incoming Messages"): inbound messages and receipts, each stored by one conditional write.

Bandwidth waits ten seconds and repeats what was not answered 2xx for a day. So what is stored, what was
stored before, and what will never be readable are all answered 2xx; only a failed write is a 5xx.
"""

import base64
import binascii
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.bandwidth.callbacks import read_v1, read_v1_query, read_v2
from bandwidth_messaging.domain.messages import Message, Receipt, Unreadable
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger

_NO_CONTENT = {"statusCode": 204}
# A V1 application that calls by GET expects BXML, what to do next: nothing.
_EMPTY_BXML = {
    "statusCode": 200,
    "headers": {"Content-Type": "application/xml"},
    "body": '<?xml version="1.0" encoding="UTF-8"?><Response/>',
}


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Store every event of the callback; `event` is API Gateway's proxy event."""
    for told in _read(event):
        match told:
            case Message():
                new = wiring.messages().add(told) is not None
                logger.info("message received", message_id=told.message_id, new=new)
            case Receipt():
                moved = wiring.messages().record(told)
                logger.info("receipt", message_id=told.message_id, state=told.state, moved=moved)
            case Unreadable():
                wiring.quarantine().keep(told)
                logger.warning("quarantined", reason=told.reason)
    return _EMPTY_BXML if event["httpMethod"] == "GET" else _NO_CONTENT


def _read(event: dict[str, Any]) -> list[Message | Receipt | Unreadable]:
    if event["httpMethod"] == "GET":
        return [read_v1_query(event.get("queryStringParameters") or {})]
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body).decode()
        except (binascii.Error, UnicodeDecodeError):
            return [Unreadable(reason="the body is not UTF-8", body=body)]
    return [read_v1(body)] if event["resource"].endswith("/v1") else read_v2(body)
