"""The Messages table: outbound messages move up through their states, inbound messages are stored once."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.lanes import tickets_to_items
from bandwidth_messaging.domain.messages import (
    RANKS,
    RCS_CHANNEL,
    Message,
    MessageItem,
    MessageState,
    Receipt,
    Waiting,
)
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.store import outcomes
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import message_key
from bandwidth_messaging.store.outcomes import build_outcome, merge_outcomes

if TYPE_CHECKING:
    from bandwidth_messaging.domain.message_search import MessageSearch

ATTEMPT: Final = "attempt "
"""Prefix of the attributes that hold earlier attempts that a carrier failed, by Bandwidth's id."""
RECIPIENT: Final = "recipient "
"""Prefix of the attributes that hold the outcomes of a group message's recipients."""

# An index partition takes 1,000 writes a second. A broadcast schedules all its messages for the same time, so
# the partitions are not times. Each lists its messages by time, and a query finds overdue ones first.
SCHEDULE_SHARDS: Final = tuple(f"{number:x}" for number in range(16))

# The attributes that a message loses when it is sent again.
_OF_ATTEMPT: Final = (
    "bandwidthId",
    "bandwidthSegmentCount",
    "channel",
    "carrierName",
    "rcsFailure",
    "tickets",
    "scheduledLane",
)
# Which of two values of the same fact is kept, whichever arrives first. A message that Bandwidth accepted
# twice keeps the lower id. A message of another system is listed at its earliest reported time.
_CHOICES: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "bandwidthId": min,
    "bandwidthSegmentCount": max,
    # RCS comes first. Another channel is its fallback.
    "channel": lambda one, other: min(one, other, key=lambda channel: (channel == RCS_CHANNEL, channel)),
    "carrierName": min,
    "sortKey": min,
}
# Conditions under which the stored value of a fact needs no choice.
_AGREEMENTS: Final = {
    name: f"(attribute_not_exists(#{name}) OR #{name} = :{name})" for name in _CHOICES if name != "sortKey"
} | {
    "sortKey": "(attribute_exists(#acceptedAt) OR attribute_not_exists(#sortKey) OR #sortKey <= :sortKey)",
}


MAX_SEARCHED: Final = 500
"""Messages that a search reads for one page at most, so that a page costs a bounded number of read units."""
SEARCH_STEP: Final = 100
"""Messages that a search reads at once. BatchGetItem accepts 100 keys."""


class Messages:
    """The Messages table. DynamoDB deletes an item `retention_days` after its first write or due time."""

    def __init__(self, table: Table, retention_days: int) -> None:
        self._table = table
        self._retention = timedelta(days=retention_days)

    # Reads

    def get(self, message_id: str) -> MessageItem | None:
        """Return a message's item."""
        return _message(self._table.get(message_key(message_id)))

    def list_by_number(self, number: str, *, limit: int, start: Item | None = None) -> Page:
        """Return the messages of an owner number, newest first."""
        return self._query("messagesByOwner", {"owner": number}, limit, start)

    def search(self, number: str, search: "MessageSearch", *, limit: int, start: Item | None = None) -> Page:
        """Return up to `limit` messages of an owner number that match, newest first.

        The time is part of the index key. For other filters, up to MAX_SEARCHED messages are read, so that a
        page may have fewer messages than `limit` and a next key.
        """
        between = None
        if search.since or search.until:
            # A sort key is <time>#<id>, so that it never equals the upper bound.
            between = ("sortKey", search.since or "0", search.until or ":")
        if not search.attributes:
            return self._query("messagesByOwner", {"owner": number}, limit, start, between=between)
        found: list[Item] = []
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
                if len(found) == limit:
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
        key = {"conversation": messages.build_conversation_key(owner, participants)}
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
        return Page(self._table.get_all(keys), page.next_key)

    # Sending

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
            **(_schedule(message.message_id, message.due_at) if message.is_scheduled else {}),
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
            **self._listing(
                message.message_id,
                message.time,
                message.owner,
                (message.sender, *message.recipients),
                due_at=message.due_at,
            ),
        }
        return cast("MessageItem", _without_none(item))

    def claim(self, message_id: str, at: str, known: str | None = None) -> tuple[MessageItem | None, bool]:
        """Claim an accepted message for sending. Return its item, and whether this claim holds it.

        `known` is the `claim` of the item as the caller read it. The item is None if the message does not
        exist. If DynamoDB does not respond, the claim is undone as far as possible, and the error is raised.
        A caller without an item must not send.
        """
        token = uuid.uuid4().hex
        try:
            done, found = self._table.attempt(
                message_key(message_id),
                assign={
                    "state": MessageState.SENDING,
                    "rank": RANKS[MessageState.SENDING],
                    "sendingAt": at,
                    "claim": token,
                    "waiting": None,
                },
                add={"claims": 1},
                # An undone claim leaves its token in the item, which rejects late writes of earlier claims.
                condition="#state = :accepted AND "
                + ("#claim = :known" if known else "attribute_not_exists(#claim)"),
                values={"accepted": MessageState.ACCEPTED} | ({"known": known} if known else {}),
            )
        except Exception:
            with suppress(Exception):
                self._undo_claim(message_id, token)
            raise
        if found and found["state"] == MessageState.ACCEPTED:
            # Another claim was undone since the caller read the item.
            return self.claim(message_id, at, found.get("claim"))
        # botocore retries a call without a response: if the first call succeeded, the retry fails.
        holds_claim = found is not None and (found.get("claim"), found["state"]) == (
            token,
            MessageState.SENDING,
        )
        return _message(found), done or holds_claim

    def release_claim(self, message: MessageItem, waiting: Waiting | None = None) -> None:
        """Undo the claim of a message that Bandwidth did not accept, so that it can be sent later.

        `waiting` is why the message waits. The message stays as it is if Bandwidth has reported it, and so
        accepted it.
        """
        self._undo_claim(message["messageId"], message["claim"], waiting)

    def _undo_claim(self, message_id: str, token: str, waiting: Waiting | None = None) -> None:
        self._table.update(
            message_key(message_id),
            assign={
                "state": MessageState.ACCEPTED,
                "rank": RANKS[MessageState.ACCEPTED],
                "sendingAt": None,
                "send_unconfirmedAt": None,
                "claim": token,
                "reason": None,
                "waiting": waiting,
            },
            # The state is accepted if the claim was not written yet.
            condition="(#state = :accepted OR #claim = :claim AND #state IN (:sending, :unconfirmed))"
            " AND attribute_not_exists(#bandwidthId)",
            values={
                "accepted": MessageState.ACCEPTED,
                "claim": token,
                "sending": MessageState.SENDING,
                "unconfirmed": MessageState.SEND_UNCONFIRMED,
            },
        )

    def record_waiting(self, message_id: str, waiting: Waiting) -> None:
        """Record why an accepted message waits. A message that a worker has claimed does not change."""
        self._table.update(
            message_key(message_id),
            assign={"waiting": waiting},
            condition="#state = :accepted",
            values={"accepted": MessageState.ACCEPTED},
        )

    def fail_unclaimed(
        self, message_id: str, at: str, *, error_class: str, reason: str
    ) -> tuple[bool, MessageItem | None]:
        """Fail an accepted message that may not be sent. Return whether it failed, and its item.

        A message that a worker has claimed in the meantime does not change.
        """
        done, found = self._table.attempt(
            message_key(message_id),
            assign=build_outcome(MessageState.FAILED, at, error_class=error_class, reason=reason),
            condition="#state = :accepted",
            values={"accepted": MessageState.ACCEPTED},
        )
        return done, _message(found)

    # Scheduled and canceled messages

    def cancel(self, message_id: str, at: str) -> tuple[bool, MessageItem | None]:
        """Cancel an accepted message. Return whether this call canceled it, and its item.

        A message that a worker has claimed does not change, nor one that waits for the retry of an attempt:
        the attempt may have been delivered.
        """
        done, found = self._table.attempt(
            message_key(message_id),
            assign={
                **build_outcome(MessageState.CANCELED, at),
                "expectedAt": None,
                "waiting": None,
                **_NOT_SCHEDULED,
            },
            condition="#state = :accepted AND attribute_not_exists(#attempts)",
            values={"accepted": MessageState.ACCEPTED},
        )
        return done, _message(found)

    def postpone(
        self, message_id: str, due_at: str, waiting: Waiting, *, is_scheduled: bool
    ) -> MessageItem | None:
        """Move the time before which an accepted message is not sent. It has no tickets, and is not counted.

        `is_scheduled` lists the message for `list_scheduled`. The time of the first postponement is kept, and
        the item outlives its new time. Return None if the message is not accepted.
        """
        return _message(
            self._table.update(
                message_key(message_id),
                assign={
                    "dueAt": due_at,
                    "expectedAt": due_at,
                    "waiting": waiting,
                    "tickets": None,
                    "scheduledLane": None,
                    "expiresAt": self._expiry(due_at),
                    **(_schedule(message_id, due_at) if is_scheduled else {}),
                },
                keep={"postponedAt": now()},
                condition="#state = :accepted",
                values={"accepted": MessageState.ACCEPTED},
            )
        )

    def retry(
        self, message: MessageItem, receipt: Receipt, due_at: str, *, is_scheduled: bool
    ) -> MessageItem | None:
        """Accept a message again whose attempt a carrier failed, to be sent at `due_at`.

        The attempt stays in the item. Return None, and change nothing, if the message has changed.
        """
        attempt = _without_none(
            {
                "failedAt": receipt.time,
                "sentAt": message.get("sentAt") or message.get("sendingAt"),
                "errorCode": receipt.error_code,
                "errorClass": receipt.error_class,
                "reason": receipt.reason,
                "bandwidthReason": receipt.bandwidth_reason,
            }
        )
        changes: Item = {
            **dict.fromkeys(_OF_ATTEMPT),
            **dict.fromkeys(f"{state}At" for state in RANKS if state is not MessageState.ACCEPTED),
            **dict.fromkeys(outcomes.ATTRIBUTES),
            f"{ATTEMPT}{receipt.bandwidth_id}": attempt,
            "attempts": message.get("attempts", 0) + 1,
            "state": MessageState.ACCEPTED,
            "rank": RANKS[MessageState.ACCEPTED],
            "waiting": Waiting.RETRY,
            "expectedAt": due_at,
            "dueAt": due_at,
            "postponedAt": None,
            # A worker that still waits for the response of this attempt no longer holds the message.
            "claim": None,
            "expiresAt": self._expiry(due_at),
            **(_schedule(message["messageId"], due_at) if is_scheduled else {}),
        }
        done, item = self._table.change(
            message_key(message["messageId"]), cast("Item", message), changes, guarded=("state", "claim")
        )
        return _message(item) if done else None

    def is_earlier_attempt(self, message: MessageItem, bandwidth_id: str) -> bool:
        """Return whether Bandwidth's id is that of an attempt that a carrier failed and the stack retried."""
        return f"{ATTEMPT}{bandwidth_id}" in message

    def list_scheduled(self, shard: str, *, limit: int, start: Item | None = None) -> Page:
        """Return scheduled messages of a shard, those that are due first at the beginning.

        The items are read from the index and have only keys: `messageId` and `scheduleKey`.
        """
        return self._table.query("scheduledMessages", {"scheduleShard": shard}, limit=limit, start=start)

    def read_scheduled(self, listed: Sequence[Item]) -> list[MessageItem]:
        """Return the items of messages that `list_scheduled` returned."""
        keys = [message_key(entry["messageId"]) for entry in listed]
        return cast("list[MessageItem]", self._table.get_all(keys, consistent=True))

    def remove_from_schedule(self, message: MessageItem) -> None:
        """Remove a message from the schedule, unless it was scheduled again since it was read."""
        self._table.update(
            message_key(message["messageId"]),
            assign=_NOT_SCHEDULED,
            condition="#scheduleKey = :known",
            values={"known": message["scheduleKey"]},
        )

    def advance(
        self,
        message_id: str,
        state: MessageState,
        at: str,
        *,
        bandwidth_id: str | None = None,
        segment_count: int | None = None,
        error_code: int | None = None,
        error_class: str | None = None,
        reason: str | None = None,
    ) -> MessageItem | None:
        """Move an outbound message up to a state and return it. Return None if its rank is already as high.

        Bandwidth's id, Bandwidth's segment count and the earliest time of the state are stored in any case.
        """
        outcome = build_outcome(state, at, error_code=error_code, error_class=error_class, reason=reason)
        facts = {"bandwidthId": bandwidth_id, "bandwidthSegmentCount": segment_count}
        return _message(self._record(message_id, outcome, facts))

    def advance_claimed(self, message: MessageItem, state: MessageState, at: str, *, reason: str) -> bool:
        """Move a claimed message to a state. Return False if its state or claim is not that of `message`.

        `advance` compares only ranks. It would move a message that waits for its retry.
        """
        done, _ = self._table.attempt(
            message_key(message["messageId"]),
            assign=build_outcome(state, at, reason=reason),
            condition="#state = :known AND #claim = :claim",
            values={"known": message["state"], "claim": message["claim"]},
        )
        return done

    # Receipts

    def record_receipt(self, receipt: Receipt) -> MessageItem | None:
        """Apply a receipt, however late, early or repeated. Return the message if its state moved up.

        A receipt of a group message moves one recipient, and the state of the message follows from all of
        them. The first receipt of a message that another system sent creates its item.
        """
        outcome = build_outcome(
            receipt.state,
            receipt.time,
            error_code=receipt.error_code,
            error_class=receipt.error_class,
            reason=receipt.reason,
            bandwidth_reason=receipt.bandwidth_reason,
            read_at=receipt.read_at,
        )
        facts = {
            "bandwidthId": receipt.bandwidth_id,
            "channel": receipt.channel,
            "rcsFailure": receipt.rcs_failure,
            **self._first_facts(receipt),
        }
        if receipt.recipient is None or len(receipt.recipients) <= 1:
            facts["bandwidthSegmentCount"] = receipt.segment_count
            facts["carrierName"] = receipt.carrier_name
            return _message(self._record(receipt.message_id, outcome, facts, may_be_new=True))
        outcome["carrierName"] = receipt.carrier_name
        message = self._record_recipient(receipt.message_id, receipt.recipient, outcome, facts)
        return _message(self._move_group(message, receipt.recipients) if message else None)

    def _record(
        self, message_id: str, outcome: Item, facts: Item, *, may_be_new: bool = False
    ) -> Item | None:
        """Store an outcome and facts of an outbound message. Return the item if the message's rank rose.

        `may_be_new` creates the item if it does not exist.
        """
        condition, values = _agree(facts)
        condition = f"#rank < :rank{condition}"
        # A receipt of an attempt that was retried changes nothing, except that the attempt was delivered.
        attempt = f"{ATTEMPT}{facts['bandwidthId']}"
        counts = outcome["state"] == MessageState.DELIVERED or facts["bandwidthId"] is None
        if not counts:
            condition = f"{condition} AND attribute_not_exists(#attempt)"
        done, found = self._table.attempt(
            message_key(message_id),
            assign=outcome,
            keep=facts,
            condition=f"attribute_not_exists(#messageId) OR {condition}" if may_be_new else condition,
            names=None if counts else {"attempt": attempt},
            values={"rank": outcome["rank"], **values},
        )
        if done:
            return found
        if found and attempt in found and not counts:
            return None
        merged = self._merge(found, lambda known: merge_outcomes(known, outcome) | _choose(known, facts))
        return merged if merged and found and merged["rank"] > found["rank"] else None

    def _record_recipient(self, message_id: str, recipient: str, outcome: Item, facts: Item) -> Item | None:
        """Move one recipient up, and return the message. Return None for an inbound message."""
        # One attribute per recipient, because an entry of a map cannot be written before the item exists.
        name = f"{RECIPIENT}{recipient}"
        condition, values = _agree(facts)
        done, found = self._table.attempt(
            message_key(message_id),
            assign={name: _without_none(outcome)},
            keep={"state": MessageState.SENDING, "rank": RANKS[MessageState.SENDING], **facts},
            condition="attribute_not_exists(#messageId)"
            f" OR attribute_exists(#rank) AND attribute_not_exists(#recipient){condition}",
            names={"recipient": name},
            values=values,
        )
        if done:
            return found

        def merge(known: Item) -> Item:
            merged = merge_outcomes(known.get(name, {}), outcome)
            return {name: _without_none(merged), **_choose(known, facts)}

        return self._merge(found, merge)

    def _move_group(self, message: Item, recipients: Sequence[str]) -> Item | None:
        """Move a group message up to the state that follows from its recipients.

        The attributes of the recipients hold the times and the reasons.
        """
        states = [
            message.get(f"{RECIPIENT}{recipient}", {}).get("state", MessageState.ACCEPTED)
            for recipient in recipients
        ]
        state = messages.derive_group_state(states)
        if state is None or RANKS[state] <= message["rank"]:
            return None
        return self._table.update(
            message_key(message["messageId"]),
            assign=dict.fromkeys(outcomes.ATTRIBUTES) | {"state": state, "rank": RANKS[state]},
            condition="#rank < :rank",
            values={"rank": RANKS[state]},
        )

    def _merge(self, known: Item | None, merge: Callable[[Item], Item]) -> Item | None:
        """Write the result of a merge, and merge again if another write came between. Return the item.

        Return None if the item does not exist, or is an inbound message: only outbound messages have a rank.
        """
        while known is not None and "rank" in known:
            changes = {name: value for name, value in merge(known).items() if value != known.get(name)}
            if not changes:
                break
            done, known = self._table.change(
                message_key(known["messageId"]), known, changes, guarded=outcomes.ATTRIBUTES
            )
            if done:
                break
        return known if known and "rank" in known else None

    def _first_facts(self, receipt: Receipt) -> Item:
        """Return the facts that a receipt stores only if its message has no item yet."""
        recipients = receipt.recipients or ((receipt.recipient,) if receipt.recipient else ())
        owner = receipt.owner or ""
        return {
            "direction": "out",
            "api": receipt.api,
            "owner": receipt.owner,
            "from": receipt.owner,
            "to": list(recipients) or None,
            "applicationId": receipt.application_id,
            **self._listing(receipt.message_id, receipt.message_time or receipt.time, owner, recipients),
        }

    def _listing(
        self,
        message_id: str,
        time: str,
        owner: str,
        participants: Sequence[str],
        *,
        due_at: str | None = None,
    ) -> Item:
        """Return the attributes by which the indexes list a message, and the time of its expiry."""
        return {
            "conversation": messages.build_conversation_key(owner, participants) if owner else None,
            "sortKey": f"{time}#{message_id}",
            "expiresAt": self._expiry(due_at),
        }

    def _expiry(self, due_at: str | None) -> int:
        """Return when DynamoDB deletes an item, in seconds since 1970: the retention after its time."""
        # The stack's clock: the time of a callback may be long past, and the item would expire at once.
        return int((datetime.fromisoformat(max(now(), due_at or "")) + self._retention).timestamp())

    # Media

    def record_archive(
        self, message_id: str, files: Sequence[Item | None], before: Sequence[Item | None] | None
    ) -> bool:
        """Record the archived files of a message's media, in their order. None stands for a missing file.

        `before` are the files that the caller read, None if none were recorded. Return False, and change
        nothing, if other files are recorded now.
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


def schedule_time(entry: Mapping[str, Any]) -> str:
    """Return the time (RFC 3339) at which a scheduled message is due."""
    return str(entry["scheduleKey"]).partition("#")[0]


def listing_time(item: Mapping[str, Any]) -> str:
    """Return the time (RFC 3339) at which a message is listed."""
    return str(item["sortKey"]).partition("#")[0]


_NOT_SCHEDULED: Final = dict.fromkeys(("scheduleShard", "scheduleKey"))


def _schedule(message_id: str, due_at: str | None) -> Item:
    """Return the attributes that list a message in the index of scheduled messages."""
    return {"scheduleShard": message_id[-1], "scheduleKey": f"{due_at}#{message_id}"}


def _message(item: Item | None) -> MessageItem | None:
    return cast("MessageItem | None", item)


def _agree(facts: Item) -> tuple[str, Item]:
    """Return a condition that no stored fact conflicts with a new one, and its values."""
    given = {name: facts[name] for name in _AGREEMENTS if facts.get(name) is not None}
    return "".join(f" AND {_AGREEMENTS[name]}" for name in given), given


def _choose(known: Item, facts: Item) -> Item:
    """Return the facts to store: of a stored and a new value of the same fact, the one to keep."""
    chosen = _without_none(facts)
    for name in chosen.keys() & known.keys():
        # A message of this stack is listed at the time of its acceptance.
        is_fixed = name not in _CHOICES or (name == "sortKey" and "acceptedAt" in known)
        chosen[name] = known[name] if is_fixed else _CHOICES[name](known[name], chosen[name])
    return chosen


def _without_none(item: Item) -> Item:
    return {name: value for name, value in item.items() if value is not None}
