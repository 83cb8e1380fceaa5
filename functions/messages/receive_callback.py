"""Callbacks ("Incoming Messages"): inbound messages and receipts, each stored by one conditional write.

Bandwidth waits ten seconds and repeats what was not answered 2xx for a day. So what is stored, what was
stored before, and what will never be readable are all answered 2xx; only a failed write is a 5xx.
"""

import base64
import binascii
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.bandwidth.callbacks import read_v1, read_v1_query, read_v2
from bandwidth_messaging.domain import failures, opt_outs
from bandwidth_messaging.domain.messages import Message, Receipt, Unreadable
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import compare_segments, logger

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
                _heed(told)
            case Receipt():
                moved = wiring.messages().record(told)
                logger.info("receipt", message_id=told.message_id, state=told.state, moved=moved is not None)
                compare_segments(moved)
                _heed_carrier(told)
            case Unreadable():
                wiring.quarantine().keep(told)
                logger.warning("quarantined", reason=told.reason)
    return _EMPTY_BXML if event["httpMethod"] == "GET" else _NO_CONTENT


def _heed(message: Message) -> None:
    """Record what a stop or start word asks for; also if the message came before, as that may have failed."""
    asked = opt_outs.keyword(message.keyword) if message.keyword else None
    if asked and asked.kind != opt_outs.HELP:
        wiring.opt_outs().record(
            message.owner,
            message.sender,
            opted_out=asked.kind == opt_outs.OPT_OUT,
            keyword=asked.word,
            at=message.time,
        )


def _heed_carrier(receipt: Receipt) -> None:
    """Record an opt-out that a carrier knows of and we do not."""
    if failures.is_opt_out(receipt.error_code) and receipt.owner and receipt.recipient:
        wiring.opt_outs().record(
            receipt.owner,
            receipt.recipient,
            opted_out=True,
            keyword=str(receipt.error_code),
            at=receipt.time,
        )


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
