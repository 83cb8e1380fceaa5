"""Orders: each set-up or release has one, identified by its CustomerOrderId."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Literal, Required, TypedDict

from bandwidth_messaging.domain.step_outcomes import StepOutcome

Kind = Literal["hosted_messaging", "messaging_v2", "release_numbers"]
Action = Literal["IMPORT", "REMOVE"]
OrderedWhat = Literal["NEW_NUMBERS"] | Action


class OrderState(StrEnum):
    """The states of an order."""

    STARTED = "started"
    ORDERED = "ordered"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"


Ended = Literal[OrderState.COMPLETED, OrderState.PARTIAL, OrderState.FAILED]

MAX_QUANTITY: Final = 5000
"""Numbers in one order (wire: error 5215)."""

_MAX_CUSTOMER_ORDER_ID: Final = 40
_CUSTOMER_ORDER_ID: Final = re.compile(r"[A-Za-z0-9 -]{1,40}")

# Bandwidth's statuses of an ended order. Every other status means that the order is in progress.
_ENDED: Final[dict[str, Ended]] = {
    "COMPLETE": OrderState.COMPLETED,
    "PARTIAL": OrderState.PARTIAL,
    "FAILED": OrderState.FAILED,
}


MAX_REASON_CHARACTERS: Final = 300
"""A Step Functions payload has at most 256 KiB, so a state carries shortened reasons."""


class Failure(TypedDict):
    """Why a number (E.164) failed, with Bandwidth's code and text. Without a number, the order failed."""

    number: str | None
    code: str | None
    reason: str


class StepRecord(TypedDict, total=False):
    """A step of an order: its state, times (RFC 3339), outcome and the ids it found or created.

    Code decides by `outcome` and `replacedApplicationId`; `detail` is for people.
    """

    state: Required[str]
    at: Required[str]
    startedAt: str
    detail: str
    outcome: StepOutcome
    replacedApplicationId: str
    applicationId: str
    locationId: str
    orderId: str


class OrderItem(TypedDict, total=False):
    """An order's item in the Numbers table; times are RFC 3339.

    A record that begins with a claim or a task token lacks `kind` and the other facts of its start.
    `orderAttempt` is the claim of the POST to Bandwidth, and `resources` is what a release deleted or kept.
    """

    kind: Kind
    orderState: OrderState
    requested: int
    executionArn: str
    startedAt: str
    digest: str
    siteId: str
    action: Action
    generation: str
    steps: dict[str, StepRecord]
    applicationId: str
    locationId: str
    orderId: str
    orderAttempt: str
    orderAttemptedAt: str
    orderedAt: str
    taskToken: str
    subscriptionId: str
    completed: int
    failed: int
    failures: list[Failure]
    reason: str
    resources: list[dict[str, Any]]
    unstarted: bool
    completedAt: str
    partialAt: str
    failedAt: str
    undoneAt: str
    undoneBy: str


@dataclass(frozen=True)
class Campaign:
    """The registered campaign that local numbers text for (10DLC, US), and its message class."""

    campaign_id: str
    message_class: str


@dataclass(frozen=True)
class OrderStatus:
    """An order's status at Bandwidth, its completed numbers (E.164) and its failures.

    `is_incomplete` is true if the order has ended but lists fewer numbers than it completed.
    """

    status: str
    completed: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    is_incomplete: bool = False

    @property
    def ended_as(self) -> Ended | None:
        """Return completed, partial or failed once the order has ended and lists its numbers, else None."""
        return None if self.is_incomplete else _ENDED.get(self.status)


def earliest_attempt(order: OrderItem) -> str:
    """Return a time (RFC 3339) at or before every attempt to place an order that was attempted."""
    # A claim that was released and taken again has a later time than the first request.
    attempted_at = order["orderAttemptedAt"]
    return min(order.get("startedAt", attempted_at), attempted_at)


def is_customer_order_id(text: str) -> bool:
    """Return whether Bandwidth accepts the text as CustomerOrderId (error 5052)."""
    return _CUSTOMER_ORDER_ID.fullmatch(text) is not None


def customer_order_id(execution_name: str) -> str:
    """Return the CustomerOrderId of an execution: its name if Bandwidth accepts the name.

    Other names (underscores, more than 40 characters) are always converted to the same CustomerOrderId.
    """
    if is_customer_order_id(execution_name):
        return execution_name
    digest = hashlib.sha256(execution_name.encode()).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9]+", "-", execution_name).strip("-")
    return f"{readable[: _MAX_CUSTOMER_ORDER_ID - 9]}-{digest}"
