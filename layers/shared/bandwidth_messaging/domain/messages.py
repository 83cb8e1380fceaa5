"""Messages: the states of an outbound message, the stored item, and the receipts that callbacks report."""

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Literal, Required, TypedDict, TypeGuard

from bandwidth_messaging.domain.lanes import TicketItem, Tickets

Direction = Literal["in", "out"]
Api = Literal["v1", "v2"]


class MessageState(StrEnum):
    """The states of a message. An outbound message moves up through the ranks. An inbound one is received."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    SEND_UNCONFIRMED = "send_unconfirmed"
    SENT = "sent"
    DELIVERY_UNKNOWN = "delivery_unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"
    RECEIVED = "received"


class Waiting(StrEnum):
    """Why an accepted message waits."""

    RATE = "rate"
    SCHEDULED = "scheduled"
    QUIET_HOURS = "quiet_hours"
    RETRY = "retry"
    CREDENTIALS = "credentials"
    BANDWIDTH_UNAVAILABLE = "bandwidth_unavailable"


RCS_CHANNEL: Final = "RBM"
"""Bandwidth's name of RCS in `channel`."""

# Only a time, not a state: a message that was read has been delivered.
READ: Final = "read"

# A message only moves to a higher rank, so that receipts may arrive late, early, twice and in any order. No
# two states share a rank: a failure outranks a delivery, and a delivery outranks an unknown outcome.
RANKS: Final[Mapping[MessageState, int]] = {
    MessageState.ACCEPTED: 0,
    MessageState.SENDING: 1,
    MessageState.SEND_UNCONFIRMED: 2,
    MessageState.SENT: 3,
    MessageState.DELIVERY_UNKNOWN: 4,
    MessageState.DELIVERED: 5,
    MessageState.FAILED: 6,
    # Only an accepted message is canceled, so that it has no other outcome.
    MessageState.CANCELED: 7,
}

_ID_PREFIX: Final = "out_"
# The whole id: tags of another system may have the same prefix.
_ID: Final = re.compile(rf"{_ID_PREFIX}[0-9a-f]{{32}}")
# An index key has at most 2,048 bytes, and an inbound group message may have any number of participants.
_MAX_KEY_BYTES: Final = 1024

MessageItem = TypedDict(
    "MessageItem",
    {
        "messageId": Required[str],
        "direction": Required[Direction],
        "api": Required[Api],
        "state": Required[MessageState],
        "owner": str,
        "from": str,
        "pool": str,
        "to": list[str],
        "conversation": str,
        "expiresAt": Required[int],
        "rank": int,
        "claim": str,
        "claims": int,
        "text": str,
        "media": list[str],
        "rcs": dict[str, Any],
        "rcsFailure": dict[str, Any],
        "archive": list[Any],
        "tag": str,
        "priority": str,
        "expiration": str,
        "sendAt": str,
        "dueAt": str,
        "postponedAt": str,
        "scheduleShard": str,
        "scheduleKey": str,
        "scheduledLane": str,
        "tickets": dict[str, TicketItem],
        "expectedAt": str,
        "waiting": Waiting,
        "attempts": int,
        "requestDigest": str,
        "warnings": list[str],
        "encoding": str,
        "segmentCount": int,
        "bandwidthSegmentCount": int,
        "applicationId": str,
        "bandwidthId": str,
        "channel": str,
        "carrierName": str,
        "keyword": str,
        "replyKind": str,
        "replyTo": str,
        "suggestionResponse": dict[str, str],
        "locationResponse": dict[str, str],
        "errorCode": int,
        "errorClass": str,
        "reason": str,
        "bandwidthReason": str,
        "acceptedAt": str,
        "sendingAt": str,
        "send_unconfirmedAt": str,
        "sentAt": str,
        "delivery_unknownAt": str,
        "deliveredAt": str,
        "failedAt": str,
        "canceledAt": str,
        "readAt": str,
        "receivedAt": str,
    },
    total=False,
)
"""A message as stored, without its sort key, which only the store reads.

Times are RFC 3339, and `expiresAt` is in epoch seconds. `dueAt` is the time before which a message is not
sent: `sendAt`, the end of quiet hours, or the time of a retry. `postponedAt` is the time of the worker's
first postponement to the end of quiet hours. `scheduleShard` and `scheduleKey` list a message until a record
of it is queued. `scheduledLane` is the lane whose scheduled segments count the message at `dueAt`. Group
messages also have one attribute per recipient (store.message_items.RECIPIENT). `rcsFailure` is why RCS did
not reach the recipient. If another system uses the same application, the first receipt of its message
creates the item.
"""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as it is first stored. Numbers are in E.164, times in RFC 3339 UTC.

    `pool` is the pool that the request named, from which `sender` was chosen.
    `send_at` is the time of the request, `due_at` the time before which the message is not sent. A message
    that `is_scheduled` has no queue record until shortly before it is due. `scheduled_lane` is the lane that
    counts the message until then.
    `rcs` is what is sent by RCS first, as RcsContent.to_item returns it. Text and media are its fallback.
    `suggestion_response` and `location_response` are replies in RCS, in Bandwidth's form.
    """

    message_id: str
    direction: Direction
    api: Api
    owner: str
    sender: str
    recipients: tuple[str, ...]
    text: str = field(repr=False)
    state: MessageState
    time: str
    pool: str | None = None
    application_id: str | None = None
    media: tuple[str, ...] = field(default=(), repr=False)
    rcs: Mapping[str, Any] | None = field(default=None, repr=False)
    tag: str | None = None
    encoding: str | None = None
    segment_count: int | None = None
    priority: str | None = None
    expiration: str | None = None
    send_at: str | None = None
    due_at: str | None = None
    is_scheduled: bool = False
    scheduled_lane: str | None = None
    tickets: Tickets = field(default_factory=dict)
    expected_at: str | None = None
    waiting: Waiting | None = None
    request_digest: str | None = None
    keyword: str | None = None
    warnings: tuple[str, ...] = ()
    channel: str | None = None
    carrier_name: str | None = None
    reply_kind: str | None = None
    reply_to: str | None = None
    suggestion_response: Mapping[str, str] | None = field(default=None, repr=False)
    location_response: Mapping[str, str] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A report of Bandwidth about an accepted outbound message.

    `message_id` is our id if the tag carries it, else Bandwidth's id. `recipient` is the recipient that the
    receipt is about, in E.164 if known. `recipients` are all recipients of a group message. `time` is when
    the message reached the state, `message_time` when it was created. All V2 receipts repeat `message_time`.
    `owner`, `recipients` and `application_id` are the same in all receipts of a message. `reason` is our
    description of a failure, `bandwidth_reason` is Bandwidth's. `rcs_failure` is why RCS did not reach the
    recipient of a message that has a fallback.
    """

    message_id: str
    bandwidth_id: str
    state: MessageState
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
    rcs_failure: Mapping[str, Any] | None = None

    @property
    def is_rcs_failure(self) -> bool:
        """Return whether RCS failed. The message has not failed if it has a fallback.

        Callbacks may lack `channel` (specification). The id of an agent has a letter, a number has none.
        """
        is_agent = self.channel is None and any(char.isalpha() for char in self.owner or "")
        return self.state == MessageState.FAILED and (self.channel == RCS_CHANNEL or is_agent)

    def await_fallback(self) -> "Receipt":
        """Return the receipt of a message whose RCS failed, and whose fallback Bandwidth sends next."""
        failure = {
            "failedAt": self.time,
            "errorCode": self.error_code,
            "errorClass": self.error_class,
            "reason": self.reason,
            "bandwidthReason": self.bandwidth_reason,
        }
        return replace(
            self,
            state=MessageState.SENT,
            error_code=None,
            error_class=None,
            reason=None,
            bandwidth_reason=None,
            rcs_failure={name: value for name, value in failure.items() if value is not None},
        )


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """The reason why a callback, or one event of a callback, cannot be parsed or stored."""

    reason: str


def create_message_id(idempotency_key: str | None = None) -> str:
    """Return an id for an outbound message. It travels to Bandwidth and back in `tag`.

    The same key always yields the same id. Without a key the id is random.
    """
    if idempotency_key is None:
        return f"{_ID_PREFIX}{uuid.uuid4().hex}"
    return f"{_ID_PREFIX}{hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]}"


def is_message_id(tag: str | None) -> TypeGuard[str]:
    """Return whether a receipt's tag is the id of a message of this stack. Other systems use other tags."""
    return tag is not None and _ID.fullmatch(tag) is not None


def build_conversation_key(owner: str, participants: Iterable[str]) -> str:
    """Return the key that all messages between the owner number and the other participants share.

    `participants` may contain the owner number.
    """
    others = ",".join(sorted(set(participants) - {owner}))
    if len(others.encode()) > _MAX_KEY_BYTES:
        others = hashlib.sha256(others.encode()).hexdigest()
    return f"{owner}#{others}"


def derive_group_state(states: Sequence[MessageState]) -> MessageState | None:
    """Return the state of a group message from the states of its recipients. None means no change.

    The message is final when all recipients are final: delivered if all are, failed if one is, else unknown.
    """
    if all(state == MessageState.DELIVERED for state in states):
        return MessageState.DELIVERED
    if not all(RANKS[state] >= RANKS[MessageState.DELIVERY_UNKNOWN] for state in states):
        is_sent = any(RANKS[state] >= RANKS[MessageState.SENT] for state in states)
        return MessageState.SENT if is_sent else None
    return MessageState.FAILED if MessageState.FAILED in states else MessageState.DELIVERY_UNKNOWN
