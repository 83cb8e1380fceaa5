"""Messages: outbound ones move up through their states, inbound ones are stored once."""

import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.messages import RANKS, Message, MessageState, Receipt
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.store import outcomes
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import message_key
from bandwidth_messaging.store.outcomes import joined, outcome

RECIPIENT: Final = "recipient "
"""Prefix of the attributes that hold the outcomes of a group message's recipients."""

# Which of two tellings of the same fact is kept, whichever came first: a message that Bandwidth took twice
# has the lower id, and a foreign one is filed by the earliest time that was told.
_KEPT: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "bandwidthId": min,
    "bandwidthSegmentCount": max,
    "channel": min,
    "carrierName": min,
    "sortKey": min,
}
# When the first telling of a fact is also the one to be kept.
_AGREES: Final = {
    name: f"(attribute_not_exists(#{name}) OR #{name} = :{name})" for name in _KEPT if name != "sortKey"
} | {
    "sortKey": "(attribute_exists(#acceptedAt) OR attribute_not_exists(#sortKey) OR #sortKey <= :sortKey)",
}


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
        key = {"conversation": messages.build_conversation_key(owner, others)}
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
            "channel": message.channel,
            "carrierName": message.carrier_name,
            "expiration": message.expiration,
            "requestDigest": message.request_digest,
            "keyword": message.keyword,
            "warnings": list(message.warnings) or None,
            "suggestionResponse": dict(message.suggestion_response) if message.suggestion_response else None,
            "locationResponse": dict(message.location_response) if message.location_response else None,
            "state": message.state,
            "rank": RANKS.get(message.state),
            f"{message.state}At": message.time,
            **self._filing(
                message.message_id, message.time, message.owner, (message.sender, *message.recipients)
            ),
        }

    def claim(self, message_id: str, at: str) -> tuple[Item | None, bool]:
        """Claim an accepted message for sending; return its item, and whether this claim holds it.

        The item is None if there is no such message. Without a response the claim is undone as far as
        DynamoDB can be reached, and the error raised: whoever gets no item sends nothing.
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
                },
                # The token of an undone claim stays in the item: that claim, still on its way, is refused.
                condition="#state = :accepted AND (attribute_not_exists(#claim) OR #claim <> :claim)",
                values={"accepted": MessageState.ACCEPTED, "claim": token},
            )
        except Exception:
            with suppress(Exception):
                self._undo_claim(message_id, token)
            raise
        # botocore repeats a call that got no response; its first call then refuses its second.
        is_ours = found is not None and (found.get("claim"), found["state"]) == (token, MessageState.SENDING)
        return found, done or is_ours

    def put_back(self, message: Item) -> None:
        """Undo the claim of a message that Bandwidth did not take, so that it can be sent later.

        If Bandwidth has reported the message, Bandwidth took it, and the message stays as it is.
        """
        self._undo_claim(message["messageId"], message["claim"])

    def _undo_claim(self, message_id: str, token: str) -> None:
        self._table.update(
            message_key(message_id),
            assign={
                "state": MessageState.ACCEPTED,
                "rank": RANKS[MessageState.ACCEPTED],
                "sendingAt": None,
                "send_unconfirmedAt": None,
                "claim": token,
                "reason": None,
            },
            # Accepted: the claim was not written yet.
            condition="(#state = :accepted OR #claim = :claim AND #state IN (:sending, :unconfirmed))"
            " AND attribute_not_exists(#bandwidthId)",
            values={
                "accepted": MessageState.ACCEPTED,
                "claim": token,
                "sending": MessageState.SENDING,
                "unconfirmed": MessageState.SEND_UNCONFIRMED,
            },
        )

    def refuse(self, message_id: str, at: str, *, error_class: str, reason: str) -> tuple[bool, Item | None]:
        """Fail an accepted message that may not be sent; return whether it failed, and its item.

        A message that a worker has claimed in the meantime is left to that worker.
        """
        return self._table.attempt(
            message_key(message_id),
            assign=outcome(MessageState.FAILED, at, error_class=error_class, reason=reason),
            condition="#state = :accepted",
            values={"accepted": MessageState.ACCEPTED},
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
    ) -> Item | None:
        """Move an outbound message up to a state and return it; None if it is there or further already.

        Its id at Bandwidth, Bandwidth's count of segments and the earliest time of the state are kept in any
        case.
        """
        said = outcome(state, at, error_code=error_code, error_class=error_class, reason=reason)
        facts = {"bandwidthId": bandwidth_id, "bandwidthSegmentCount": segment_count}
        return self._record(message_id, said, facts)

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
        """Apply a receipt, however late, early or repeated; return the message if its state moved up.

        In a group message it moves one recipient, and the message follows from all of them. A message that
        another system sent with the same application is made.
        """
        said = outcome(
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
            **self._first_seen(receipt),
        }
        if receipt.recipient is None or len(receipt.recipients) <= 1:
            facts["bandwidthSegmentCount"] = receipt.segment_count
            facts["carrierName"] = receipt.carrier_name
            return self._record(receipt.message_id, said, facts, may_be_new=True)
        said["carrierName"] = receipt.carrier_name
        message = self._record_recipient(receipt.message_id, receipt.recipient, said, facts)
        return self._follow(message, receipt.recipients) if message else None

    def _record(self, message_id: str, said: Item, facts: Item, *, may_be_new: bool = False) -> Item | None:
        condition, values = _facts_agree(facts)
        condition = f"#rank < :rank{condition}"
        done, found = self._table.attempt(
            message_key(message_id),
            assign=said,
            keep=facts,
            condition=f"attribute_not_exists(#messageId) OR {condition}" if may_be_new else condition,
            values={"rank": said["rank"], **values},
        )
        if done:
            return found
        now = self._settle(found, lambda known: joined(known, said) | _kept(known, facts))
        return now if now and found and now["rank"] > found["rank"] else None

    def _record_recipient(self, message_id: str, recipient: str, said: Item, facts: Item) -> Item | None:
        """Move one recipient up, and return the message as it is then; None if it is an inbound one."""
        # One attribute a recipient: unlike an entry of a map it can be written before the message is there.
        name = f"{RECIPIENT}{recipient}"
        condition, values = _facts_agree(facts)
        done, found = self._table.attempt(
            message_key(message_id),
            assign={name: _without_none(said)},
            keep={"state": MessageState.SENDING, "rank": RANKS[MessageState.SENDING], **facts},
            condition="attribute_not_exists(#messageId)"
            f" OR attribute_exists(#rank) AND attribute_not_exists(#recipient){condition}",
            names={"recipient": name},
            values=values,
        )
        if done:
            return found
        return self._settle(
            found,
            lambda known: {name: _without_none(joined(known.get(name, {}), said)), **_kept(known, facts)},
        )

    def _follow(self, message: Item, recipients: Sequence[str]) -> Item | None:
        """Move a group message up to what follows from its recipients; they tell when that was, and why."""
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

    def _settle(self, known: Item | None, settled: Callable[[Item], Item]) -> Item | None:
        """Write what an item is to be in the light of news, again if others write between; return it so.

        None: it is not there, or it is an inbound message's; only outbound ones have a rank.
        """
        while known is not None and "rank" in known:
            changes = {name: value for name, value in settled(known).items() if value != known.get(name)}
            if not changes:
                break
            done, known = self._table.change(
                message_key(known["messageId"]), known, changes, guarded=outcomes.ATTRIBUTES
            )
            if done:
                break
        return known if known and "rank" in known else None

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
            **self._filing(receipt.message_id, receipt.message_time or receipt.time, owner, recipients),
        }

    def _filing(self, message_id: str, time: str, owner: str, parties: Sequence[str]) -> Item:
        # From our clock: a callback's time may be long past, and the item would be deleted at once.
        expires = datetime.fromisoformat(now()) + self._retention
        return {
            "conversation": messages.build_conversation_key(owner, parties) if owner else None,
            "sortKey": f"{time}#{message_id}",
            "expiresAt": int(expires.timestamp()),
        }


def listing_time(item: Item) -> str:
    """Return the time (RFC 3339) by which lists order a message, also one that another system sent."""
    return str(item["sortKey"]).partition("#")[0]


def _facts_agree(facts: Item) -> tuple[str, Item]:
    """Return the end of a condition that holds if facts need only be written where there are none."""
    given = {name: facts[name] for name in _AGREES if facts.get(name) is not None}
    return "".join(f" AND {_AGREES[name]}" for name in given), given


def _kept(known: Item, facts: Item) -> Item:
    """Return the facts as they are to be: those that are known, or those told, or what both together say."""
    kept = _without_none(facts)
    for name in kept.keys() & known.keys():
        ours = name == "sortKey" and "acceptedAt" in known
        kept[name] = known[name] if ours or name not in _KEPT else _KEPT[name](known[name], kept[name])
    return kept


def _without_none(item: Item) -> Item:
    return {name: value for name, value in item.items() if value is not None}
