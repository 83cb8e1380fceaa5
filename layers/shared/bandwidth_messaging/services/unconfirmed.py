"""Resolves messages whose send request got no response, by a look-up at Bandwidth.

The search API exposes neither tag nor text. A message is identified by its two numbers and its send time, and
only if exactly one candidate matches. A message that the search does not list may still have been sent. A
receipt is more reliable than a look-up.

A message that was sent by RCS has the sender id of its agent instead of the number. If another number sent
RCS to the recipient through the same agent within these minutes, its message can match.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.bandwidth.errors import BandwidthError
from bandwidth_messaging.domain import failures
from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.store.message_items import is_earlier_attempt, listing_time

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.messaging import FoundMessage, Messaging
    from bandwidth_messaging.domain.messages import MessageItem
    from bandwidth_messaging.store.dynamodb import Item
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.receipts import Receipts

logger = logging.getLogger(__name__)

# A request takes at most one minute. The clocks differ by less than the second minute.
_MARGIN_BEFORE: Final = timedelta(minutes=1)
_MARGIN_AFTER: Final = timedelta(minutes=2)
# The longest SendDeadlineHours: a message is sent at most this long after it was accepted.
_MAX_SEND_DEADLINE: Final = timedelta(hours=6)
_PAGE_SIZE: Final = 100
_POSSIBLY_SENT: Final = (
    MessageState.SENDING,
    MessageState.SEND_UNCONFIRMED,
    MessageState.DELIVERY_UNKNOWN,
)


@dataclass(frozen=True)
class UnconfirmedMessages:
    """Looks unconfirmed messages up and records their states."""

    messages: "Messages"
    receipts: "Receipts"
    messaging: "Callable[[], Messaging]"
    count: Callable[[str], None]

    def resolve(self, message: "MessageItem") -> bool:
        """Look a message up at Bandwidth and record its state if exactly one candidate matches.

        Return whether the state was recorded.
        """
        if message["api"] != "v2" or len(message["to"]) != 1:
            return False
        sent_at = datetime.fromisoformat(message["sendingAt"])
        since, until = sent_at - _MARGIN_BEFORE, sent_at + _MARGIN_AFTER
        try:
            found = self.messaging().find_sent(
                message["from"],
                message["to"][0],
                since=to_rfc3339(since.isoformat()),
                until=to_rfc3339(until.isoformat()),
                agent=message["rcs"]["from"] if "rcs" in message else None,
            )
        except BandwidthError as error:
            logger.warning("look-up failed", extra={"reason": str(error)})
            return False
        if not found or (known_ids := self._list_other_ids(message, since, until)) is None:
            return False
        candidates = [
            candidate
            for candidate in found
            if candidate.bandwidth_id not in known_ids
            and not is_earlier_attempt(message, candidate.bandwidth_id)
            and candidate.recipients == 1
            and _has_segments(message, candidate)
        ]
        if len(candidates) != 1:
            logger.info("look-up ambiguous", extra={"candidates": len(candidates)})
            return False
        candidate = candidates[0]
        if "rcs" in message and candidate.is_rcs and candidate.state is MessageState.FAILED:
            # Bandwidth sends the fallback next. Its receipt reports the result.
            candidate = replace(candidate, state=MessageState.SENT, error_code=None)
        self._record(message, candidate)
        return True

    def _record(self, message: "MessageItem", found: "FoundMessage") -> None:
        failure = failures.find_failure(found.error_code)
        self.receipts.advance(
            message["messageId"],
            found.state,
            now(),
            bandwidth_id=found.bandwidth_id,
            segment_count=found.segment_count,
            error_code=found.error_code,
            error_class=failure.error_class if failure else None,
            reason=failure.words if failure else None,
        )
        logger.info("message resolved", extra={"bandwidth_id": found.bandwidth_id, "state": found.state})
        self.count("ResolvedBySearch")

    def _list_other_ids(self, message: "MessageItem", since: datetime, until: datetime) -> set[str] | None:
        """Return Bandwidth's ids of the other messages in the conversation.

        Return None if one of the others has no id and may be a candidate, or if there are too many.
        """
        page = self.messages.list_by_conversation(message["from"], message["to"], limit=_PAGE_SIZE)
        earliest = to_rfc3339((since - _MAX_SEND_DEADLINE).isoformat())
        if page.next_key is not None and listing_time(page.items[-1]) > earliest:
            return None
        others = [other for other in page.items if other["messageId"] != message["messageId"]]
        for other in others:
            if _may_be_candidate(other) and (
                since - _MARGIN_AFTER <= datetime.fromisoformat(other["sendingAt"]) <= until + _MARGIN_BEFORE
            ):
                return None
        return {other["bandwidthId"] for other in others if "bandwidthId" in other}


def _has_segments(message: "MessageItem", candidate: "FoundMessage") -> bool:
    """Return whether the segment counts agree. The count of a message with RCS is that of its fallback."""
    if "rcs" in message and candidate.is_rcs:
        return True
    return candidate.segment_count in {message.get("segmentCount"), None}


def _may_be_candidate(other: "Item") -> bool:
    return other.get("state") in _POSSIBLY_SENT and "bandwidthId" not in other and "sendingAt" in other
