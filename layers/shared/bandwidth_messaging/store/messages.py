"""Messages: outbound ones move up through their states, inbound ones are stored once."""

from datetime import datetime, timedelta

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.messages import RANKS, Message, Receipt
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import message_key


class Messages:
    """The Messages table. Items are kept for `retention_days` after their first write."""

    def __init__(self, table: Table, retention_days: int) -> None:
        self._table = table
        self._retention = timedelta(days=retention_days)

    def get(self, message_id: str) -> Item | None:
        """Return a message's item."""
        return self._table.get(message_key(message_id))

    def of_number(self, number: str, *, limit: int, start: Item | None = None) -> Page:
        """Return a number's messages, newest first. The index holds keys only, so the items are fetched."""
        page = self._table.query(
            "messagesByOwner", {"owner": number}, limit=limit, start=start, newest_first=True
        )
        return Page(
            self._table.get_all([message_key(item["messageId"]) for item in page.items]), page.next_key
        )

    def add(self, message: Message) -> Item | None:
        """Store a new message and return its item; None, with nothing changed, if it is there already."""
        item = {
            "messageId": message.message_id,
            "direction": message.direction,
            "api": message.api,
            "owner": message.owner,
            "from": message.sender,
            "to": list(message.recipients),
            "text": message.text,
            "media": list(message.media) or None,
            "tag": message.tag,
            "applicationId": message.application_id,
            "bandwidthId": message.bandwidth_id,
            "segmentCount": message.segment_count,
            "state": message.state,
            "rank": RANKS.get(message.state),
            f"{message.state}At": message.time,
            **self._filing(message.message_id, message.time),
        }
        return item if self._table.put_new(item, key="messageId") else None

    def claim(self, message_id: str, at: str) -> Item | None:
        """Take an accepted message for sending and return it; None if somebody has taken it before."""
        return self._table.update(
            message_key(message_id),
            assign={"state": messages.SENDING, "rank": RANKS[messages.SENDING], "sendingAt": at},
            condition="#state = :accepted",
            values={"accepted": messages.ACCEPTED},
        )

    def put_back(self, message_id: str) -> None:
        """Undo a claim whose request Bandwidth surely did not take, so that it can be sent later."""
        self._table.update(
            message_key(message_id),
            assign={"state": messages.ACCEPTED, "rank": RANKS[messages.ACCEPTED], "sendingAt": None},
            condition="#state = :sending",
            values={"sending": messages.SENDING},
        )

    def advance(
        self,
        message_id: str,
        state: str,
        at: str,
        *,
        bandwidth_id: str | None = None,
        segment_count: int | None = None,
        error_code: int | None = None,
        reason: str | None = None,
        first_seen: Item | None = None,
    ) -> bool:
        """Move an outbound message up to a state; return False if it is there or further already.

        Its id at Bandwidth and the time of the state are kept in any case. `first_seen` is what to store of
        a message that is not ours to know: one sent by another system with the same application.
        """
        facts = {
            "bandwidthId": bandwidth_id,
            "segmentCount": segment_count,
            f"{state}At": at,
        }
        moved = self._table.update(
            message_key(message_id),
            assign={"state": state, "rank": RANKS[state], "errorCode": error_code, "reason": reason},
            keep=facts | (first_seen or {}),
            condition="attribute_not_exists(#messageId) OR #rank < :rank" if first_seen else "#rank < :rank",
            values={"rank": RANKS[state]},
        )
        if moved is None:
            # Only outbound messages have a rank.
            self._table.update(message_key(message_id), keep=facts, condition="attribute_exists(#rank)")
        return moved is not None

    def record(self, receipt: Receipt) -> bool:
        """Apply a receipt, however late, early or repeated; return whether the message's state moved."""
        return self.advance(
            receipt.message_id,
            receipt.state,
            receipt.time,
            bandwidth_id=receipt.bandwidth_id,
            segment_count=receipt.segment_count,
            error_code=receipt.error_code,
            reason=receipt.reason,
            first_seen={
                "direction": "out",
                "api": receipt.api,
                "owner": receipt.owner,
                "from": receipt.owner,
                "to": [receipt.recipient] if receipt.recipient else None,
                "applicationId": receipt.application_id,
                **self._filing(receipt.message_id, receipt.time),
            },
        )

    def _filing(self, message_id: str, time: str) -> Item:
        expires = datetime.fromisoformat(time) + self._retention
        return {"sortKey": f"{time}#{message_id}", "expiresAt": int(expires.timestamp())}
