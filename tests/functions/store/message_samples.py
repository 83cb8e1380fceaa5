"""Messages and receipts for the tests of the stores of messages."""

from typing import Any

from bandwidth_messaging.domain.messages import Message, MessageItem, Receipt
from bandwidth_messaging.store.claims import Claims
from bandwidth_messaging.store.message_store import Messages

OWNER, RECIPIENT = "+19195551212", "+19195551213"
AT = "2026-02-03T04:05:06.000Z"
LATER = "2026-02-03T04:05:07.000Z"
NOW = "2026-02-05T00:00:00.000Z"


def outbound(message_id: str = "out_1", time: str = AT, **changes: Any) -> Message:
    given: dict[str, Any] = {
        "message_id": message_id,
        "direction": "out",
        "api": "v2",
        "owner": OWNER,
        "sender": OWNER,
        "recipients": (RECIPIENT,),
        "text": "Good morning!",
        "state": "accepted",
        "time": time,
        "application_id": "an-application",
    }
    return Message(**given | changes)


def inbound(message_id: str = "1661365814859", time: str = AT, **changes: Any) -> Message:
    given = {"direction": "in", "sender": RECIPIENT, "recipients": (OWNER,), "state": "received"}
    return outbound(message_id, time, **given | changes)


def receipt(state: str, time: str = LATER, message_id: str = "out_1", **changes: Any) -> Receipt:
    given: dict[str, Any] = {
        "message_id": message_id,
        "bandwidth_id": "1562",
        "state": state,
        "time": time,
        "api": "v2",
        "owner": OWNER,
        "recipient": RECIPIENT,
        "application_id": "an-application",
        "segment_count": 1,
    }
    return Receipt(**given | changes)


def stored(messages: Messages, message_id: str = "out_1") -> dict[str, Any]:
    item = messages.get(message_id)
    assert item is not None
    return dict(item)


def claimed(claims: Claims, message_id: str = "out_1", at: str = LATER) -> MessageItem | None:
    """Claim a message. Return it if the claim succeeded."""
    found, holds_claim = claims.claim(message_id, at)
    return found if holds_claim else None
