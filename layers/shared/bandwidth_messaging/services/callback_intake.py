"""Stores what message callbacks report; called for Bandwidth's requests and for those of the quarantine."""

import base64
import logging
from typing import Any, Final

from botocore.exceptions import ClientError

from bandwidth_messaging.bandwidth.callbacks import Told, read_v1, read_v1_query, read_v2
from bandwidth_messaging.domain import failures, opt_outs
from bandwidth_messaging.domain.messages import Message, Receipt, Unreadable
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.services.parallel import for_each
from bandwidth_messaging.services.segment_comparison import compare_segments
from bandwidth_messaging.store.dynamodb import cannot_be_stored

logger = logging.getLogger(__name__)

NOT_IN_TIME: Final = "not all events could be stored in time"
WRITE_FAILED: Final = "a write failed"


def receive(callback: dict[str, Any], *, deadline: float) -> list[str]:
    """Store every event of a callback, API Gateway's proxy event; return why some were not stored, if any.

    Events are stored several at a time: what they say together does not depend on their order. At the
    `deadline` (services.parallel) the rest is left, with a reason. A single event of V2 has no deadline:
    Bandwidth sends it again. Storing an event again changes nothing. Raises the first error of a write,
    unless the deadline came first.
    """
    events = _read(callback)
    reasons: dict[int, str] = {}

    def store(numbered: tuple[int, Told]) -> None:
        position, event = numbered
        if isinstance(event, Unreadable):
            reasons[position] = event.reason
            return
        try:
            _store(event)
        except ClientError as error:
            if not cannot_be_stored(error):
                raise
            reasons[position] = "it is too large for the table"

    # The clients are created here, as botocore's session is not made for several threads.
    wiring.messages()
    if len(events) == 1 and _is_redelivered(callback):
        # Most callbacks hold one event. A thread for it would double its CPU time.
        store((0, events[0]))
        return list(reasons.values())
    in_time = for_each(enumerate(events), store, deadline=deadline)
    told = [reason for _, reason in sorted(reasons.copy().items())]
    return told if in_time else [NOT_IN_TIME, *told]


def _is_redelivered(callback: dict[str, Any]) -> bool:
    """Return whether Bandwidth repeats a callback that gets no 2xx: documented for V2 only."""
    return bool(callback["httpMethod"] == "POST" and not callback["resource"].endswith("/v1"))


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
        logger.info("message received", extra={"message_id": told.message_id, "new": new})
        _heed(told)
    else:
        moved = wiring.messages().record_receipt(told)
        logger.info(
            "receipt", extra={"message_id": told.message_id, "state": told.state, "moved": moved is not None}
        )
        compare_segments(moved, count=count)
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
