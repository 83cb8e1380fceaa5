"""Messages: outbound ones move up through their states, inbound ones are stored once."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.messages import RANKS, Message, Receipt
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import message_key

RECIPIENT: Final = "recipient "
"""Prefix of the attributes that hold the states of a group message's recipients."""


class Messages:
    """The Messages table. Items are kept for `retention_days` after their first write."""

    def __init__(self, table: Table, retention_days: int) -> None:
        self._table = table
        self._retention = timedelta(days=retention_days)

    def get(self, message_id: str) -> Item | None:
        """Return a message's item."""
        return self._table.get(message_key(message_id))

    def of_number(self, number: str, *, limit: int, start: Item | None = None) -> Page:
        """Return a number's messages, newest first."""
        return self._fetched("messagesByOwner", {"owner": number}, limit, start)

    def of_conversation(
        self, owner: str, others: Sequence[str], *, limit: int, start: Item | None = None
    ) -> Page:
        """Return the messages between our number and these others, newest first."""
        key = {"conversation": messages.conversation(owner, others)}
        return self._fetched("messagesByConversation", key, limit, start)

    def _fetched(self, index: str, key: Item, limit: int, start: Item | None) -> Page:
        """The indexes hold keys only, so the items are fetched."""
        page = self._table.query(index, key, limit=limit, start=start, newest_first=True)
        return Page(
            self._table.get_all([message_key(item["messageId"]) for item in page.items]), page.next_key
        )

    def add(self, message: Message) -> Item | None:
        """Store a new message and return its item; None, with nothing changed, if it is there already."""
        item = self.item_of(message)
        return item if self._table.put_new(item, key="messageId") else None

    def item_of(self, message: Message) -> Item:
        """Return a message's item as it is first stored."""
        return {
            "messageId": message.message_id,
            "direction": message.direction,
            "api": message.api,
            "owner": message.owner,
            "from": message.sender,
            "to": list(message.recipients),
            "text": message.text or None,
            "media": list(message.media) or None,
            "tag": message.tag,
            "applicationId": message.application_id,
            "encoding": message.encoding,
            "segmentCount": message.segment_count,
            "priority": message.priority,
            "expiration": message.expiration,
            "requestDigest": message.request_digest,
            "keyword": message.keyword,
            "warnings": list(message.warnings) or None,
            "preflight": message.preflight or None,
            "state": message.state,
            "rank": RANKS.get(message.state),
            f"{message.state}At": message.time,
            **self._filing(
                message.message_id, message.time, message.owner, (message.sender, *message.recipients)
            ),
        }

    def claim(self, message_id: str, at: str) -> tuple[Item | None, bool]:
        """Take an accepted message for sending; return it, and whether the claim is ours.

        None: there is no such message. Not ours: somebody has taken it before, or it has ended.
        """
        token = uuid.uuid4().hex
        taken = self._table.update(
            message_key(message_id),
            assign={
                "state": messages.SENDING,
                "rank": RANKS[messages.SENDING],
                "sendingAt": at,
                "claim": token,
            },
            condition="#state = :accepted",
            values={"accepted": messages.ACCEPTED},
        )
        if taken is not None:
            return taken, True
        # The client repeats a call whose answer was lost, and then is refused by its own first one.
        found = self.get(message_id)
        return found, found is not None and found.get("claim") == token

    def fail_unqueued(self, message_id: str, at: str, *, reason: str) -> None:
        """Record that a message did not get into the queue, unless a worker has it all the same."""
        self._table.update(
            message_key(message_id),
            assign={
                "state": messages.FAILED,
                "rank": RANKS[messages.FAILED],
                "failedAt": at,
                "reason": reason,
            },
            condition="#state = :accepted",
            values={"accepted": messages.ACCEPTED},
        )

    def accept_again(self, message_id: str) -> bool:
        """Undo the failure of a message that never got into the queue; return whether it was one."""
        undone = self._table.update(
            message_key(message_id),
            assign={
                "state": messages.ACCEPTED,
                "rank": RANKS[messages.ACCEPTED],
                "failedAt": None,
                "reason": None,
            },
            condition="#state = :failed AND attribute_not_exists(#sendingAt)",
            values={"failed": messages.FAILED},
        )
        return undone is not None

    def put_back(self, message: Item) -> None:
        """Undo our claim of a message that Bandwidth surely did not take, so that it can be sent later."""
        self._table.update(
            message_key(message["messageId"]),
            assign={
                "state": messages.ACCEPTED,
                "rank": RANKS[messages.ACCEPTED],
                "sendingAt": None,
                "send_unconfirmedAt": None,
                "claim": None,
                "reason": None,
            },
            condition="#claim = :claim AND #state IN (:sending, :unconfirmed)",
            values={
                "claim": message["claim"],
                "sending": messages.SENDING,
                "unconfirmed": messages.SEND_UNCONFIRMED,
            },
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
        error_class: str | None = None,
        reason: str | None = None,
        first_seen: Item | None = None,
    ) -> Item | None:
        """Move an outbound message up to a state and return it; None if it is there or further already.

        Its id at Bandwidth, Bandwidth's count of segments and the time of the state are kept in any case.
        `first_seen` is what to store of a message that another system sent with the same application.
        """
        facts = {
            "bandwidthId": bandwidth_id,
            "bandwidthSegmentCount": segment_count,
            f"{state}At": at,
        }
        moved = self._table.update(
            message_key(message_id),
            assign={
                "state": state,
                "rank": RANKS[state],
                "errorCode": error_code,
                "errorClass": error_class,
                "reason": reason,
            },
            keep=facts | (first_seen or {}),
            condition="attribute_not_exists(#messageId) OR #rank < :rank" if first_seen else "#rank < :rank",
            values={"rank": RANKS[state]},
        )
        if moved is None:
            # Only outbound messages have a rank.
            self._table.update(message_key(message_id), keep=facts, condition="attribute_exists(#rank)")
        return moved

    def record_archive(
        self, message_id: str, files: Sequence[Item | None], before: Sequence[Item | None] | None
    ) -> bool:
        """Record what became of a message's media, in their order, None for one that is still to come.

        Return False, with nothing changed, unless what is recorded is what it was `before`.
        """
        values = {"before": list(before)} if before is not None else None
        unchanged = "#archive = :before" if values else "attribute_not_exists(#archive)"
        return (
            self._table.update(
                message_key(message_id),
                assign={"archive": list(files)},
                condition=f"attribute_exists(#messageId) AND {unchanged}",
                values=values,
            )
            is not None
        )

    def record(self, receipt: Receipt) -> Item | None:
        """Apply a receipt, however late, early or repeated; return the message if its state moved.

        In a group message it moves one recipient, and the message follows from all of them.
        """
        if receipt.recipient is None or len(receipt.recipients) <= 1:
            return self._record(receipt)
        message = self._record_recipient(receipt, receipt.recipient)
        states = [
            message.get(f"{RECIPIENT}{recipient}", {}).get("state", messages.ACCEPTED)
            for recipient in receipt.recipients
        ]
        state = messages.derived_state(states)
        if state is None or RANKS[state] <= message.get("rank", -1):
            return None
        failed = states.count(messages.FAILED)
        reason = f"{failed} of {len(states)} recipients failed" if state == messages.FAILED else None
        return self.advance(receipt.message_id, state, receipt.time, reason=reason)

    def _record(self, receipt: Receipt) -> Item | None:
        return self.advance(
            receipt.message_id,
            receipt.state,
            receipt.time,
            bandwidth_id=receipt.bandwidth_id,
            segment_count=receipt.segment_count,
            error_code=receipt.error_code,
            error_class=receipt.error_class,
            reason=receipt.reason,
            first_seen=self._first_seen(receipt),
        )

    def _record_recipient(self, receipt: Receipt, recipient: str) -> Item:
        """Move one recipient up to the receipt's state; return the message as it is then."""
        # One attribute a recipient: unlike an entry of a map it can be written before the message is there.
        name = f"{RECIPIENT}{recipient}"
        told = {
            "state": receipt.state,
            "rank": RANKS[receipt.state],
            "errorCode": receipt.error_code,
            "errorClass": receipt.error_class,
            "reason": receipt.reason,
        }
        facts = {
            "bandwidthId": receipt.bandwidth_id,
            "state": messages.SENDING,
            "rank": RANKS[messages.SENDING],
            **self._first_seen(receipt),
        }
        moved = self._table.update(
            message_key(receipt.message_id),
            assign={name: {key: value for key, value in told.items() if value is not None}},
            keep=facts,
            condition="(attribute_not_exists(#messageId) OR attribute_exists(#rank))"
            " AND (attribute_not_exists(#recipient) OR #recipient.#rank < :rank)",
            names={"recipient": name},
            values={"rank": RANKS[receipt.state]},
        )
        return moved or self.get(receipt.message_id) or {}

    def _first_seen(self, receipt: Receipt) -> Item:
        recipients = receipt.recipients or ((receipt.recipient,) if receipt.recipient else ())
        owner = receipt.owner or ""
        return {
            "direction": "out",
            "api": receipt.api,
            "owner": receipt.owner,
            "from": receipt.owner,
            "to": list(recipients) or None,
            "applicationId": receipt.application_id,
            **self._filing(receipt.message_id, receipt.time, owner, recipients),
        }

    def _filing(self, message_id: str, time: str, owner: str, parties: Sequence[str]) -> Item:
        expires = datetime.fromisoformat(time) + self._retention
        return {
            "conversation": messages.conversation(owner, parties) if owner else None,
            "sortKey": f"{time}#{message_id}",
            "expiresAt": int(expires.timestamp()),
        }
