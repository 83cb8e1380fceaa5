"""Maps changes of the tables to events on the bus. docs/events.md lists the events.

A change is an event if the API shows the item differently than before. An attempt to send a message that
Bandwidth did not accept is an exception: a message is published as sending once.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bandwidth_messaging.api.views import (
    WAITING,
    View,
    drift_view,
    message_view,
    number_view,
    opt_out_view,
    order_view,
    transfer_view,
    webhook_event_view,
)
from bandwidth_messaging.domain.drift import DriftState
from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.opt_outs import OptOutState
from bandwidth_messaging.domain.orders import OrderState
from bandwidth_messaging.domain.transfers import TransferState
from bandwidth_messaging.domain.webhooks import WebhookState
from bandwidth_messaging.store.dynamodb import VERSION, Item, from_dynamodb
from bandwidth_messaging.store.keys import parse_customer_order_id

# Content of messages, and notes about people. Events contain it only if EventsIncludeText is true.
_CONTENT_FIELDS: Final = frozenset(
    {"text", "media", "rcs", "archivedMedia", "suggestionResponse", "locationResponse", "note"}
)
# Two details fit into a PutEvents request of 256 KB, which every region accepts.
_MAX_DETAIL_BYTES: Final = 100_000
# Fields that identify the item and its state. All of them are short.
_REQUIRED_FIELDS: Final = frozenset(
    {"eventId", "version", "messageId", "number", "owner", "customerOrderId", "name", "state", "times"}
)
_ARCHIVED: Final = "Message Media Archived"


@dataclass(frozen=True)
class Kind:
    """A kind of item: the attribute of its state, and the detail types of its states and other changes.

    `new_only` is a state whose event is published for a new item only. An item that returns to this state is
    an update. Without `updated`, only a change of the state is an event.
    """

    name: str
    state: str
    states: dict[str, str]
    updated: str | None
    view: Callable[[Item], View]
    new_only: str | None = None
    others: tuple[str, ...] = ()

    @property
    def detail_types(self) -> tuple[str, ...]:
        """Return all detail types of the kind."""
        return (*self.states.values(), *self.others, *filter(None, [self.updated]))


def _order(item: Item) -> View:
    return order_view(parse_customer_order_id(item) or "", item)


_MESSAGE: Final = Kind(
    "message",
    "state",
    {
        MessageState.ACCEPTED: "Message Accepted",
        MessageState.SENDING: "Message Sending",
        MessageState.SEND_UNCONFIRMED: "Message Send Unconfirmed",
        MessageState.SENT: "Message Sent",
        MessageState.DELIVERY_UNKNOWN: "Message Delivery Unknown",
        MessageState.DELIVERED: "Message Delivered",
        MessageState.FAILED: "Message Failed",
        MessageState.CANCELED: "Message Canceled",
        MessageState.RECEIVED: "Message Received",
    },
    "Message Updated",
    message_view,
    new_only=MessageState.ACCEPTED,
    others=(_ARCHIVED,),
)
_NUMBER: Final = Kind(
    "number",
    "state",
    {
        NumberState.PENDING: "Number Pending",
        NumberState.ACTIVE: "Number Activated",
        NumberState.FAILED: "Number Failed",
        NumberState.RELEASING: "Number Releasing",
        NumberState.RELEASED: "Number Released",
    },
    "Number Updated",
    number_view,
)
_ORDER: Final = Kind(
    "order",
    "orderState",
    {
        OrderState.STARTED: "Order Started",
        OrderState.ORDERED: "Order Placed",
        OrderState.COMPLETED: "Order Completed",
        OrderState.PARTIAL: "Order Partially Completed",
        OrderState.FAILED: "Order Failed",
    },
    "Order Updated",
    _order,
)
_OPT_OUT: Final = Kind(
    "opt_out",
    "optOutState",
    {OptOutState.OUT: "Opt-Out Recorded", OptOutState.IN: "Opt-Out Ended"},
    "Opt-Out Updated",
    opt_out_view,
)
_DRIFT: Final = Kind(
    "drift",
    "driftState",
    {DriftState.FOUND: "Drift Found", DriftState.ENDED: "Drift Ended"},
    "Drift Updated",
    drift_view,
)
_TRANSFER: Final = Kind(
    "opt_out_transfer",
    "transferState",
    {
        TransferState.FAILED: "Opt-Out Transfer Failed",
        TransferState.RUNNING: "Opt-Out Transfer Resumed",
    },
    None,
    transfer_view,
)
_WEBHOOK: Final = Kind(
    "webhook",
    "state",
    {WebhookState.ENABLED: "Webhook Enabled", WebhookState.DISABLED: "Webhook Disabled"},
    "Webhook Updated",
    webhook_event_view,
)
KINDS: Final = (_MESSAGE, _NUMBER, _ORDER, _OPT_OUT, _DRIFT, _TRANSFER, _WEBHOOK)
# Each item has at most one of these attributes.
_KINDS_BY_ATTRIBUTE: Final = {
    "messageId": _MESSAGE,
    "optOutState": _OPT_OUT,
    "number": _NUMBER,
    "driftState": _DRIFT,
    "transferState": _TRANSFER,
    "webhookName": _WEBHOOK,
}


@dataclass(frozen=True)
class Event:
    """An event for the bus: its detail type, and its detail as the API shows the item."""

    detail_type: str
    detail: View


def to_event(record: dict[str, Any], *, with_content: bool = False) -> Event | None:
    """Return the event of a DynamoDB stream record, or None if it needs no event.

    `eventId` in the detail is the same for a redelivered record, and `version` grows with each write of the
    item. The detail contains text and media only if `with_content`. A detail has at most 100,000 bytes. A
    larger detail omits the content, and then its largest fields, which `omittedFields` lists.
    """
    change = record["dynamodb"]
    if "NewImage" not in change:
        return None
    new, old = from_dynamodb(change["NewImage"]), from_dynamodb(change.get("OldImage", {}))
    kind = _kind_of(new)
    if kind is None or (detail_type := _detail_type(kind, new, old)) is None:
        return None
    fields = {
        name: value for name, value in kind.view(new).items() if with_content or name not in _CONTENT_FIELDS
    }
    if media := new.get("media"):
        fields["mediaCount"] = len(media)
    detail = {"eventId": record["eventID"], "version": new.get(VERSION, 0), **fields}
    return Event(detail_type, _truncate(detail))


def _truncate(detail: View) -> View:
    if _size(detail) <= _MAX_DETAIL_BYTES:
        return detail
    truncated = {name: value for name, value in detail.items() if name not in _CONTENT_FIELDS}
    omitted: list[str] = []
    while _size(truncated) > _MAX_DETAIL_BYTES:
        name = max(
            truncated.keys() - _REQUIRED_FIELDS - {"omittedFields"}, key=lambda name: _size(truncated[name])
        )
        omitted.append(name)
        value = truncated.pop(name)
        # The schemas require some of the lists, so that an omitted list is empty.
        truncated |= {"omittedFields": sorted(omitted)} | ({name: []} if isinstance(value, list) else {})
    return truncated


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def _kind_of(item: Item) -> Kind | None:
    for attribute, kind in _KINDS_BY_ATTRIBUTE.items():
        if attribute in item:
            return kind
    return _ORDER if parse_customer_order_id(item) else None


def _detail_type(kind: Kind, new: Item, old: Item) -> str | None:
    state = new.get(kind.state)
    before = old.get(kind.state)
    if kind is _OPT_OUT and state == OptOutState.IN and before != OptOutState.OUT:
        # START without an earlier opt-out changes nothing.
        return None
    if kind is _MESSAGE and _is_repeated_attempt(new, old):
        return None
    if state != before and state in kind.states and not (old and state == kind.new_only):
        return kind.states[state]
    if _is_archived(new) and not _is_archived(old):
        return _ARCHIVED
    return kind.updated if not old or _comparable(kind, new) != _comparable(kind, old) else None


def _comparable(kind: Kind, item: Item) -> View:
    """Return the fields whose change is an event. A message that waits for another reason has not changed."""
    return {name: value for name, value in kind.view(item).items() if name not in WAITING}


def _is_repeated_attempt(new: Item, old: Item) -> bool:
    """Return whether a message returns to the queue, or is claimed after it did. Neither is an event."""
    if new.get("attempts") != old.get("attempts"):
        # A carrier failed the message, and the stack will retry it.
        return False
    if new.get("state") == MessageState.ACCEPTED:
        return old.get("state") in {MessageState.SENDING, MessageState.SEND_UNCONFIRMED}
    is_claimed = (old.get("state"), new.get("state")) == (MessageState.ACCEPTED, MessageState.SENDING)
    return is_claimed and "claims" in old


def _is_archived(item: Item) -> bool:
    return None not in item.get("archive", [None])
