"""What Bandwidth reports of outbound messages, in any order: responses, look-ups and receipts."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from bandwidth_messaging.domain.messages import (
    RANKS,
    RCS_CHANNEL,
    MessageItem,
    MessageState,
    Receipt,
    derive_group_state,
)
from bandwidth_messaging.store import outcomes
from bandwidth_messaging.store.dynamodb import Item, Table
from bandwidth_messaging.store.keys import message_key
from bandwidth_messaging.store.message_items import (
    ATTEMPT,
    RECIPIENT,
    build_listing,
    compute_expiry,
    to_message,
    without_none,
)
from bandwidth_messaging.store.outcomes import build_outcome, merge_outcomes

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


class Receipts:
    """Moves messages up through their states. An item that a receipt creates lives for `retention_days`."""

    def __init__(self, table: Table, retention_days: int) -> None:
        self._table = table
        self._retention = timedelta(days=retention_days)

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
            return to_message(self._record(receipt.message_id, outcome, facts, may_be_new=True))
        outcome["carrierName"] = receipt.carrier_name
        message = self._record_recipient(receipt.message_id, receipt.recipient, outcome, facts)
        return to_message(self._move_group(message, receipt.recipients) if message else None)

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
        return to_message(self._record(message_id, outcome, facts))

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
            assign={name: without_none(outcome)},
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
            return {name: without_none(merged), **_choose(known, facts)}

        return self._merge(found, merge)

    def _move_group(self, message: Item, recipients: Sequence[str]) -> Item | None:
        """Move a group message up to the state that follows from its recipients.

        The attributes of the recipients hold the times and the reasons.
        """
        states = [
            message.get(f"{RECIPIENT}{recipient}", {}).get("state", MessageState.ACCEPTED)
            for recipient in recipients
        ]
        state = derive_group_state(states)
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
            **build_listing(receipt.message_id, receipt.message_time or receipt.time, owner, recipients),
            "expiresAt": compute_expiry(self._retention),
        }


def _agree(facts: Item) -> tuple[str, Item]:
    """Return a condition that no stored fact conflicts with a new one, and its values."""
    given = {name: facts[name] for name in _AGREEMENTS if facts.get(name) is not None}
    return "".join(f" AND {_AGREEMENTS[name]}" for name in given), given


def _choose(known: Item, facts: Item) -> Item:
    """Return the facts to store: of a stored and a new value of the same fact, the one to keep."""
    chosen = without_none(facts)
    for name in chosen.keys() & known.keys():
        # A message of this stack is listed at the time of its acceptance.
        is_fixed = name not in _CHOICES or (name == "sortKey" and "acceptedAt" in known)
        chosen[name] = known[name] if is_fixed else _CHOICES[name](known[name], chosen[name])
    return chosen
