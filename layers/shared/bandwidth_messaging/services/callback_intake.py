"""Stores what message callbacks report. Called for Bandwidth's requests and for quarantined callbacks."""

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.bandwidth.callbacks import CallbackEvent, parse_v1, parse_v1_query, parse_v2
from bandwidth_messaging.domain import failures
from bandwidth_messaging.domain.messages import Message, Receipt, Unreadable, is_message_id
from bandwidth_messaging.domain.opt_outs import KeywordKind, OptOutSource
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.services.parallel import for_each
from bandwidth_messaging.services.quarantining import quarantine_callback
from bandwidth_messaging.services.segment_comparison import compare_segments
from bandwidth_messaging.store.dynamodb import ItemRejected

if TYPE_CHECKING:
    from bandwidth_messaging.domain.keywords import Keywords
    from bandwidth_messaging.services.carrier_retries import CarrierRetries
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.opt_out_store import OptOuts
    from bandwidth_messaging.store.queues import Quarantine
    from bandwidth_messaging.store.receipts import Receipts

logger = logging.getLogger(__name__)

type ProxyEvent = dict[str, Any]
"""A callback as API Gateway passes it to Lambda."""

NOT_IN_TIME: Final = "not all events could be stored in time"
WRITE_FAILED: Final = "a write failed"
_TOO_LARGE: Final = "the event is too large for the table"
_NOT_UTF8: Final = "the body is not UTF-8"


@dataclass(frozen=True)
class CallbackIntake:
    """Stores the messages, receipts and opt-outs that callbacks report."""

    messages: "Messages"
    receipts: "Receipts"
    opt_outs: Callable[[], "OptOuts"]
    quarantine: Callable[[], "Quarantine"]
    keywords: "Keywords"
    count: Callable[[str], None]
    carrier_retries: "CarrierRetries | None" = None

    def accept(self, callback: ProxyEvent, *, deadline: float) -> bool:
        """Store a callback's events. Quarantine the callback if an event was not stored.

        Returns whether all events were stored.
        Raises an error of a write only if Bandwidth sends the callback again.
        """
        try:
            reasons = self.store(callback, deadline=deadline)
        except Exception as error:
            if not _is_v1(callback):
                raise
            logger.error("callback not stored", extra={"error": type(error).__name__})
            reasons = [WRITE_FAILED]
        if reasons:
            quarantine_callback(self.quarantine(), callback, reasons, at=now(), count=self.count)
        return not reasons

    def store(self, callback: ProxyEvent, *, deadline: float) -> list[str]:
        """Store every event of a callback. Return a reason for each event that was not stored.

        Events are stored in parallel, because their result does not depend on their order. At the `deadline`
        (services.parallel) the remaining events are skipped, with a reason. A callback that Bandwidth sends
        again and that holds one event has no deadline. Storing an event twice changes nothing.

        Raises the first error of a write, unless the deadline came first.
        """
        events = _parse(callback)
        if len(events) == 1 and _is_redelivered(callback):
            # Most callbacks hold one event. A thread for the event would double the CPU time.
            reason = self._store_event(events[0])
            return [reason] if reason else []
        reasons: dict[int, str] = {}

        def store(numbered: tuple[int, CallbackEvent]) -> None:
            position, event = numbered
            if reason := self._store_event(event):
                reasons[position] = reason

        in_time = for_each(enumerate(events), store, deadline=deadline)
        found = [reason for _, reason in sorted(reasons.copy().items())]
        return found if in_time else [NOT_IN_TIME, *found]

    def _store_event(self, event: CallbackEvent) -> str | None:
        """Store one event. Return why the event can never be stored, if so."""
        if isinstance(event, Unreadable):
            return event.reason
        try:
            if isinstance(event, Message):
                self._add_message(event)
            else:
                self._record_receipt(event)
        except ItemRejected:
            return _TOO_LARGE
        return None

    def _add_message(self, message: Message) -> None:
        keyword = self.keywords.find(message.text) if message.text else None
        if keyword:
            message = replace(message, keyword=keyword.word or keyword.kind)
        is_new = self.messages.add(message) is not None
        logger.info("message received", extra={"message_id": message.message_id, "new": is_new})
        # Also for a known message: the earlier write of the opt-out may have failed.
        if keyword and keyword.kind in {KeywordKind.OPT_OUT, KeywordKind.OPT_IN}:
            self.opt_outs().record(
                message.owner,
                message.sender,
                opted_out=keyword.kind is KeywordKind.OPT_OUT,
                keyword=keyword.word,
                at=message.time,
                text_id=message.message_id,
            )

    def _record_receipt(self, reported: Receipt) -> None:
        receipt = reported.await_fallback() if self._has_fallback(reported) else reported
        if self.carrier_retries and self.carrier_retries.retry(receipt):
            return
        message = self.receipts.record_receipt(receipt)
        logger.info(
            "receipt recorded",
            extra={
                "message_id": receipt.message_id,
                "state": receipt.state,
                "moved": message is not None,
            },
        )
        compare_segments(message, count=self.count)
        if failures.is_opt_out(reported.error_code) and reported.owner and reported.recipient:
            self.opt_outs().record(
                reported.owner,
                reported.recipient,
                opted_out=True,
                keyword=str(reported.error_code),
                at=reported.time,
                source=OptOutSource.CARRIER,
            )

    def _has_fallback(self, receipt: Receipt) -> bool:
        """Return whether Bandwidth tries another channel after the failure that a receipt reports."""
        if not receipt.is_rcs_failure or not is_message_id(receipt.message_id):
            return False
        message = self.messages.get(receipt.message_id)
        return message is not None and "rcs" in message


def _is_redelivered(callback: ProxyEvent) -> bool:
    """Return whether Bandwidth sends the callback again without a 2xx response: documented for V2 only."""
    return bool(callback["httpMethod"] == "POST" and not _is_v1(callback))


def _is_v1(callback: ProxyEvent) -> bool:
    return bool(callback["resource"].endswith("/v1"))


def _parse(callback: ProxyEvent) -> list[CallbackEvent]:
    if callback["httpMethod"] == "GET":
        return [parse_v1_query(callback.get("multiValueQueryStringParameters") or {})]
    body = callback.get("body") or ""
    if callback.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body).decode()
        except ValueError:
            return [Unreadable(reason=_NOT_UTF8)]
    return [parse_v1(body)] if _is_v1(callback) else parse_v2(body)
