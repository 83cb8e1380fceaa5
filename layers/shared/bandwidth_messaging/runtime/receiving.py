"""Callbacks, from wherever they come: what is read is stored, what is not is said."""

import base64
from typing import Any

from botocore.exceptions import ClientError

from bandwidth_messaging.bandwidth.callbacks import Told, read_v1, read_v1_query, read_v2
from bandwidth_messaging.domain import failures, opt_outs
from bandwidth_messaging.domain.messages import Message, Receipt, Unreadable
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import compare_segments, logger
from bandwidth_messaging.store.dynamodb import cannot_be_stored


def receive(callback: dict[str, Any]) -> list[str]:
    """Store every event of a callback, API Gateway's proxy event; return why some could not be, if any.

    What came before is stored again without harm. A write that failed is raised.
    """
    reasons = []
    for told in _read(callback):
        if isinstance(told, Unreadable):
            reasons.append(told.reason)
            continue
        try:
            _store(told)
        except ClientError as error:
            if not cannot_be_stored(error):
                raise
            reasons.append("it is too large for the table")
    return reasons


def _read(callback: dict[str, Any]) -> list[Told]:
    if callback["httpMethod"] == "GET":
        return [read_v1_query(callback.get("multiValueQueryStringParameters") or {})]
    body = callback.get("body") or ""
    if callback.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body).decode()
        except ValueError:
            return [Unreadable(reason="the body is not UTF-8")]
    return [read_v1(body)] if callback["resource"].endswith("/v1") else read_v2(body)


def _store(told: Message | Receipt) -> None:
    if isinstance(told, Message):
        new = wiring.messages().add(told) is not None
        logger.info("message received", message_id=told.message_id, new=new)
        _heed(told)
    else:
        moved = wiring.messages().record(told)
        logger.info("receipt", message_id=told.message_id, state=told.state, moved=moved is not None)
        compare_segments(moved)
        _heed_carrier(told)


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
