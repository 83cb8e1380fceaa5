"""Messages: the states of an outbound one and their ranks, and what a callback tells of one."""

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, TypeGuard

Direction = Literal["in", "out"]
Api = Literal["v1", "v2"]


class MessageState(StrEnum):
    """The states of a message. An outbound message moves up through its ranks; an inbound one is received."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    SEND_UNCONFIRMED = "send_unconfirmed"
    SENT = "sent"
    DELIVERY_UNKNOWN = "delivery_unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    RECEIVED = "received"


# No state: a message that was read has been delivered.
READ: Final = "read"

# A message only ever moves to a higher rank, so receipts may come late, early, twice and in any order.
# No two states share one: whichever comes first, a failure outranks a delivery, and a delivery all doubt.
RANKS: Final[dict[str, int]] = {
    MessageState.ACCEPTED: 0,
    MessageState.SENDING: 1,
    MessageState.SEND_UNCONFIRMED: 2,
    MessageState.SENT: 3,
    MessageState.DELIVERY_UNKNOWN: 4,
    MessageState.DELIVERED: 5,
    MessageState.FAILED: 6,
}

_OUR_ID_PREFIX: Final = "out_"
# The whole form: another system's tags may begin like ours.
_OUR_ID: Final = re.compile(rf"{_OUR_ID_PREFIX}[0-9a-f]{{32}}")
# A key of an index holds 2,048 bytes, and a group that writes to us may have any number of people.
_LONGEST_KEY: Final = 1024


def message_id(idempotency_key: str | None = None) -> str:
    """Return an id for an outbound message; it travels to Bandwidth and back in `tag`.

    The same key always gives the same id; without a key it is a new one.
    """
    if idempotency_key is None:
        return f"{_OUR_ID_PREFIX}{uuid.uuid4().hex}"
    return f"{_OUR_ID_PREFIX}{hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]}"


def conversation(owner: str, others: Iterable[str]) -> str:
    """Return what all messages between our number and these others have in common, whoever wrote."""
    parties = ",".join(sorted(set(others) - {owner}))
    if len(parties.encode()) > _LONGEST_KEY:
        parties = hashlib.sha256(parties.encode()).hexdigest()
    return f"{owner}#{parties}"


def derived_state(states: Sequence[str]) -> MessageState | None:
    """Return the state of a group message from the last states of its recipients; None says nothing new.

    It has ended when all of them have: delivered if all were, failed if one failed, else unknown.
    """
    if all(state == MessageState.DELIVERED for state in states):
        return MessageState.DELIVERED
    if not all(RANKS[state] >= RANKS[MessageState.DELIVERY_UNKNOWN] for state in states):
        return (
            MessageState.SENT if any(RANKS[state] >= RANKS[MessageState.SENT] for state in states) else None
        )
    return MessageState.FAILED if MessageState.FAILED in states else MessageState.DELIVERY_UNKNOWN


def is_our_message_id(tag: str | None) -> TypeGuard[str]:
    """Tell whether a receipt's tag is an id of ours rather than another sender's tag."""
    return tag is not None and _OUR_ID.fullmatch(tag) is not None


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it is first stored. Numbers in E.164, times in RFC 3339 UTC.

    `suggestion_response` and `location_response` are what somebody answered in RCS, as Bandwidth words it.
    """

    message_id: str
    direction: Direction
    api: Api
    owner: str
    sender: str
    recipients: tuple[str, ...]
    text: str = field(repr=False)
    state: str
    time: str
    application_id: str | None = None
    media: tuple[str, ...] = field(default=(), repr=False)
    tag: str | None = None
    encoding: str | None = None
    segment_count: int | None = None
    priority: str | None = None
    expiration: str | None = None
    request_digest: str | None = None
    keyword: str | None = None
    warnings: tuple[str, ...] = ()
    channel: str | None = None
    carrier_name: str | None = None
    suggestion_response: Mapping[str, str] | None = field(default=None, repr=False)
    location_response: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What Bandwidth tells of an outbound message after it took it.

    `message_id` is ours when the tag carries it, else Bandwidth's. `recipient` is the one it is about, E.164
    as far as known, of all the `recipients` of a group message. `time` is when the message came to the state,
    `message_time` when it was made, which every receipt of V2 says alike. What is said of the message itself
    (whose, to whom, through which application) is the same in all its receipts. `reason` is ours and
    `bandwidth_reason` Bandwidth's description of a failure.
    """

    message_id: str
    bandwidth_id: str
    state: str
    time: str
    api: Api
    message_time: str | None = None
    read_at: str | None = None
    owner: str | None = None
    recipient: str | None = None
    recipients: tuple[str, ...] = ()
    application_id: str | None = None
    segment_count: int | None = None
    channel: str | None = None
    carrier_name: str | None = None
    error_code: int | None = None
    error_class: str | None = None
    reason: str | None = None
    bandwidth_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """Why a callback, or one event of it, could not be read or stored."""

    reason: str
