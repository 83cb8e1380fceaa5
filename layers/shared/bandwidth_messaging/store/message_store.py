"""Adds messages to the Messages table and reads them. Four other modules change them.

`claims` changes messages for sending, `schedule` their times, `receipts` their states as Bandwidth reports
them, and `archive` the list of their archived files.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

from bandwidth_messaging.domain.lanes import tickets_to_items
from bandwidth_messaging.domain.messages import RANKS, Message, MessageItem, build_conversation_key
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import message_key
from bandwidth_messaging.store.message_items import (
    build_listing,
    build_schedule,
    compute_expiry,
    to_message,
    without_none,
)

if TYPE_CHECKING:
    from bandwidth_messaging.domain.message_search import MessageSearch

MAX_SEARCHED: Final = 500
"""Messages that a search reads for one page at most, so that a page costs a bounded number of read units."""
SEARCH_STEP: Final = 100
"""Messages that a search reads at once. BatchGetItem accepts 100 keys."""
# Lambda returns at most 6 MB, of which the other fields of 100 messages need up to 5 MB.
_MAX_RCS_BYTES: Final = 500_000


class Messages:
    """New and stored messages. DynamoDB deletes one `retention_days` after its first write or due time."""

    def __init__(self, table: Table, retention_days: int) -> None:
        self._table = table
        self._retention = timedelta(days=retention_days)

    def add(self, message: Message) -> MessageItem | None:
        """Store a new message and return its item. Return None, and change nothing, if the item exists."""
        item = self.build_item(message)
        return item if self._table.put_new(cast("Item", item), key="messageId") else None

    def build_item(self, message: Message) -> MessageItem:
        """Return a message's item as it is first stored."""
        item = {
            "messageId": message.message_id,
            "direction": message.direction,
            "api": message.api,
            "owner": message.owner,
            "from": message.sender,
            "pool": message.pool,
            "to": list(message.recipients),
            "text": message.text or None,
            "media": list(message.media) or None,
            "rcs": dict(message.rcs) if message.rcs else None,
            "tag": message.tag,
            "applicationId": message.application_id,
            "encoding": message.encoding,
            "segmentCount": message.segment_count,
            "priority": message.priority,
            "channel": message.channel,
            "carrierName": message.carrier_name,
            "expiration": message.expiration,
            "sendAt": message.send_at,
            "dueAt": message.due_at,
            **(build_schedule(message.message_id, message.due_at) if message.is_scheduled else {}),
            "scheduledLane": message.scheduled_lane,
            "tickets": tickets_to_items(message.tickets) or None,
            "expectedAt": message.expected_at,
            "waiting": message.waiting,
            "requestDigest": message.request_digest,
            "keyword": message.keyword,
            "replyKind": message.reply_kind,
            "replyTo": message.reply_to,
            "warnings": list(message.warnings) or None,
            "suggestionResponse": dict(message.suggestion_response) if message.suggestion_response else None,
            "locationResponse": dict(message.location_response) if message.location_response else None,
            "state": message.state,
            "rank": RANKS.get(message.state),
            f"{message.state}At": message.time,
            **build_listing(
                message.message_id, message.time, message.owner, (message.sender, *message.recipients)
            ),
            "expiresAt": compute_expiry(self._retention, message.due_at),
        }
        return cast("MessageItem", without_none(item))

    def get(self, message_id: str) -> MessageItem | None:
        """Return a message's item."""
        return to_message(self._table.get(message_key(message_id)))

    def search(self, number: str, search: "MessageSearch", *, limit: int, start: Item | None = None) -> Page:
        """Return up to `limit` messages of an owner number that match, newest first.

        The time is part of the index key. For other filters, up to MAX_SEARCHED messages are read, so that a
        page may have fewer messages than `limit` and a next key. So does a page with much RCS content.
        """
        between = None
        if search.since or search.until:
            # A sort key is <time>#<id>, so that it never equals the upper bound.
            between = ("sortKey", search.since or "0", search.until or ":")
        if not search.attributes:
            return self._query("messagesByOwner", {"owner": number}, limit, start, between=between)
        found: list[Item] = []
        rcs_bytes = 0
        for _ in range(MAX_SEARCHED // SEARCH_STEP):
            listed = self._table.query(
                "messagesByOwner",
                {"owner": number},
                limit=SEARCH_STEP,
                start=start,
                newest_first=True,
                between=between,
            )
            keys = [message_key(entry["messageId"]) for entry in listed.items]
            items = {item["messageId"]: item for item in self._table.get_all(keys)}
            for entry in listed.items:
                item = items.get(entry["messageId"])
                if item and search.matches(item):
                    found.append(item)
                    rcs_bytes += _count_rcs_bytes(item)
                if len(found) == limit or rcs_bytes > _MAX_RCS_BYTES:
                    # A page is continued after its last message.
                    is_end = entry is listed.items[-1] and listed.next_key is None
                    return Page(found, None if is_end else entry)
            start = listed.next_key
            if start is None:
                break
        return Page(found, start)

    def list_by_conversation(
        self, owner: str, participants: Sequence[str], *, limit: int, start: Item | None = None
    ) -> Page:
        """Return the messages between an owner number and the other participants, newest first."""
        key = {"conversation": build_conversation_key(owner, participants)}
        return self._query("messagesByConversation", key, limit, start)

    def _query(
        self,
        index: str,
        key: Item,
        limit: int,
        start: Item | None,
        between: tuple[str, str, str] | None = None,
    ) -> Page:
        # The indexes project only keys, so that the items are read from the table.
        page = self._table.query(index, key, limit=limit, start=start, newest_first=True, between=between)
        keys = [message_key(item["messageId"]) for item in page.items]
        items = self._table.get_all(keys)
        rcs_bytes = 0
        for count, item in enumerate(items[:-1], 1):
            rcs_bytes += _count_rcs_bytes(item)
            if rcs_bytes > _MAX_RCS_BYTES:
                last = next(entry for entry in page.items if entry["messageId"] == item["messageId"])
                return Page(items[:count], last)
        return Page(items, page.next_key)


def _count_rcs_bytes(item: Item) -> int:
    return len(json.dumps(item["rcs"])) if "rcs" in item else 0
