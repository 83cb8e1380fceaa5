"""Messages: the states of an outbound one and their ranks, and what a callback tells of one."""

import uuid
from dataclasses import dataclass, field
from typing import Final, Literal, TypeGuard

Direction = Literal["in", "out"]
Api = Literal["v1", "v2"]

ACCEPTED: Final = "accepted"
SENDING: Final = "sending"
SEND_UNCONFIRMED: Final = "send_unconfirmed"
SENT: Final = "sent"
DELIVERY_UNKNOWN: Final = "delivery_unknown"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
RECEIVED: Final = "received"

# A message only ever moves to a higher rank, so receipts may come late, early, twice and in any order.
RANKS: Final[dict[str, int]] = {
    ACCEPTED: 0,
    SENDING: 1,
    SEND_UNCONFIRMED: 2,
    SENT: 3,
    DELIVERY_UNKNOWN: 4,
    DELIVERED: 5,
    FAILED: 5,
}

_OUR_ID_PREFIX: Final = "out_"

# Failure codes that leave open whether the message arrived: class 9; V1 writes them without that digit.
_AMBIGUOUS_CODES: Final = frozenset({9902, 9999, 902, 999})


def new_message_id() -> str:
    """Return an id for an outbound message; it travels to Bandwidth and back in `tag`."""
    return f"{_OUR_ID_PREFIX}{uuid.uuid4().hex}"


def is_our_message_id(tag: str | None) -> TypeGuard[str]:
    """Tell whether a receipt's tag is an id of ours rather than another sender's tag."""
    return tag is not None and tag.startswith(_OUR_ID_PREFIX)


def state_after_failure(error_code: int | None) -> str:
    """Return the state that a message-failed event with this code leads to."""
    return DELIVERY_UNKNOWN if error_code in _AMBIGUOUS_CODES else FAILED


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it is first stored. Numbers in E.164, times in RFC 3339 UTC."""

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
    segment_count: int | None = None
    bandwidth_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What Bandwidth tells of an outbound message after it took it.

    `message_id` is ours when the tag carries it, else Bandwidth's. `recipient` is E.164 as far as known.
    """

    message_id: str
    bandwidth_id: str
    state: str
    time: str
    api: Api
    owner: str | None = None
    recipient: str | None = None
    application_id: str | None = None
    segment_count: int | None = None
    error_code: int | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A callback, or one element of it, that is not what the documents describe, kept whole."""

    reason: str
    body: str = field(repr=False)
