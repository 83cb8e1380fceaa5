"""Attributes of message items that several stores use, or code that reads items."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from bandwidth_messaging.domain.messages import MessageItem, build_conversation_key
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.store.dynamodb import Item

ATTEMPT: Final = "attempt "
"""Prefix of the attributes that hold earlier attempts that a carrier failed, by Bandwidth's id."""
RECIPIENT: Final = "recipient "
"""Prefix of the attributes that hold the outcomes of a group message's recipients."""

# An index partition takes 1,000 writes a second. A broadcast schedules all its messages for the same time, so
# the partitions are not times. Each lists its messages by time, and a query finds overdue ones first.
SCHEDULE_SHARDS: Final = tuple(f"{number:x}" for number in range(16))


def to_message(item: Item | None) -> MessageItem | None:
    """Return an item of the Messages table with its type."""
    return cast("MessageItem | None", item)


def without_none(item: Item) -> Item:
    """Return the attributes that have a value."""
    return {name: value for name, value in item.items() if value is not None}


def build_listing(message_id: str, time: str, owner: str, participants: Sequence[str]) -> Item:
    """Return the attributes by which the indexes list a message."""
    return {
        "conversation": build_conversation_key(owner, participants) if owner else None,
        "sortKey": f"{time}#{message_id}",
    }


def listing_time(item: Mapping[str, Any]) -> str:
    """Return the time (RFC 3339) at which a message is listed."""
    return str(item["sortKey"]).partition("#")[0]


def build_schedule(message_id: str, due_at: str | None) -> Item:
    """Return the attributes that list a message in the index of scheduled messages."""
    return {"scheduleShard": message_id[-1], "scheduleKey": f"{due_at}#{message_id}"}


def schedule_time(entry: Mapping[str, Any]) -> str:
    """Return the time (RFC 3339) at which a scheduled message is due."""
    return str(entry["scheduleKey"]).partition("#")[0]


def compute_expiry(retention: timedelta, due_at: str | None = None) -> int:
    """Return when DynamoDB deletes an item, in seconds since 1970: the retention after its time."""
    # The stack's clock: the time of a callback may be long past, and the item would expire at once.
    return int((datetime.fromisoformat(max(now(), due_at or "")) + retention).timestamp())


def is_earlier_attempt(message: MessageItem, bandwidth_id: str) -> bool:
    """Return whether Bandwidth's id is that of an attempt that a carrier failed and the stack retried."""
    return f"{ATTEMPT}{bandwidth_id}" in message
