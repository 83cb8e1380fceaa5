"""Settling a message whose sending got no answer, by looking it up at Bandwidth.

The search shows neither our tag nor the text, so a message is known by its two numbers and its time, and only
if nothing else can be meant. Not to be found proves nothing; a receipt says more than any look-up.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

from bandwidth_messaging.bandwidth.errors import BandwidthError
from bandwidth_messaging.domain import failures
from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.times import now, rfc3339
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.store.dynamodb import Item
from bandwidth_messaging.store.message_store import filed_at

logger = logging.getLogger(__name__)

# A request is under way for a minute at the most; clocks differ by less.
_BEFORE, _AFTER = timedelta(minutes=1), timedelta(minutes=2)
# What was accepted before is not sent any more: the longest SendDeadlineHours.
_SENT_WITHIN = timedelta(hours=6)
_PAGE: Final = 100
_MAY_BE_AT_BANDWIDTH: Final = (
    MessageState.SENDING,
    MessageState.SEND_UNCONFIRMED,
    MessageState.DELIVERY_UNKNOWN,
)


def settle(message: Item) -> bool:
    """Move an unconfirmed message to the state that Bandwidth tells, if it surely is the one; tell if so."""
    if message["api"] != "v2" or len(message["to"]) != 1:
        return False
    sent_at = datetime.fromisoformat(message["sendingAt"])
    since, until = sent_at - _BEFORE, sent_at + _AFTER
    try:
        found = wiring.messaging().find_sent(
            message["from"],
            message["to"][0],
            since=rfc3339(since.isoformat()),
            until=rfc3339(until.isoformat()),
        )
    except BandwidthError as error:
        logger.warning("not looked up", extra={"reason": str(error)})
        return False
    if not found or (others := _others(message, since, until)) is None:
        return False
    candidates = [
        each
        for each in found
        if each.bandwidth_id not in others
        and each.recipients == 1
        and each.segment_count in {message.get("segmentCount"), None}
    ]
    if len(candidates) != 1:
        logger.info("looked up, and not one only", extra={"candidates": len(candidates)})
        return False
    (only,) = candidates
    why = failures.failure(only.error_code)
    wiring.messages().advance(
        message["messageId"],
        only.state,
        now(),
        bandwidth_id=only.bandwidth_id,
        segment_count=only.segment_count,
        error_code=only.error_code,
        error_class=why.error_class if why else None,
        reason=why.words if why else None,
    )
    logger.info("looked up", extra={"bandwidth_id": only.bandwidth_id, "state": only.state})
    count("SettledBySearch")
    return True


def _others(message: Item, since: datetime, until: datetime) -> set[str] | None:
    """Return Bandwidth's ids of the other messages between the two; None if one of them may be meant."""
    page = wiring.messages().of_conversation(message["from"], message["to"], limit=_PAGE)
    if page.next_key is not None and filed_at(page.items[-1]) > rfc3339((since - _SENT_WITHIN).isoformat()):
        return None
    others = [each for each in page.items if each["messageId"] != message["messageId"]]
    for each in others:
        if each.get("state") in _MAY_BE_AT_BANDWIDTH and "bandwidthId" not in each and "sendingAt" in each:
            sent_at = datetime.fromisoformat(each["sendingAt"])
            if since - _AFTER <= sent_at <= until + _BEFORE:
                return None
    return {each["bandwidthId"] for each in others if "bandwidthId" in each}
