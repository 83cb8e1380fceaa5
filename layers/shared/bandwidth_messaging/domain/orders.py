"""Orders of numbers: the record of a set-up or a release, identified by its CustomerOrderId."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, Required, TypedDict

if TYPE_CHECKING:
    from bandwidth_messaging.domain.step_outcomes import StepOutcome

Kind = Literal["hosted_messaging", "messaging_v2", "release_numbers"]
KINDS: Final[tuple[Kind, ...]] = ("messaging_v2", "hosted_messaging", "release_numbers")
Action = Literal["IMPORT", "REMOVE"]
OrderedWhat = Literal["NEW_NUMBERS", "NUMBER_OPTIONS", "DISCONNECT"] | Action


class OrderState(StrEnum):
    """The states of an order."""

    STARTED = "started"
    ORDERED = "ordered"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"


Ended = Literal[OrderState.COMPLETED, OrderState.PARTIAL, OrderState.FAILED]

MAX_QUANTITY: Final = 5000
"""Maximum count of numbers in one order (error 5215)."""

_MAX_CUSTOMER_ORDER_ID: Final = 40
_CUSTOMER_ORDER_ID: Final = re.compile(r"[A-Za-z0-9 -]{1,40}")

# Bandwidth's final statuses of an order. Any other status, also an unknown one, means "not yet".
_ENDED: Final[dict[str, Ended]] = {
    "COMPLETE": OrderState.COMPLETED,
    "PARTIAL": OrderState.PARTIAL,
    "FAILED": OrderState.FAILED,
}


MAX_REASON_CHARACTERS: Final = 300
"""Length of a reason in a state. A payload of Step Functions has at most 256 KiB."""


class Failure(TypedDict):
    """A failed number (E.164), or the failed order if `number` is None, with Bandwidth's code and text."""

    number: str | None
    code: str | None
    reason: str


class StepRecord(TypedDict, total=False):
    """The record of a step in its order. `state` is running, succeeded or failed. Times are RFC 3339.

    `at` is the time of the step's end, or of its start while it runs. `detail` is for people.
    """

    state: Required[str]
    at: Required[str]
    startedAt: str
    detail: str
    outcome: "StepOutcome"
    replacedApplicationId: str
    applicationId: str
    locationId: str
    orderId: str


class OrderItem(TypedDict, total=False):
    """An order's item in the Numbers table. Times are RFC 3339.

    Orders of versions before 2026-12 have no `action`, no `generation` and no `startToken`. `unstarted`
    marks an order whose execution did not start, and `interrupted` an order whose execution ended without
    recording its outcome. `replacedExecutions` are the ARNs of executions before `executionArn`. They can no
    longer change the order. `applicationId`, `locationId` and `orderId` are ids that steps found or created.
    """

    kind: Required[Kind]
    orderState: Required[OrderState]
    requested: int
    executionArn: str
    replacedExecutions: list[str]
    startToken: str
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
    taskToken: str
    subscriptionId: str
    awaitedOrderId: str
    subscribedOrderId: str
    completed: int
    failed: int
    failures: "list[Failure]"
    reason: str
    resources: list[dict[str, Any]]
    unstarted: bool
    interrupted: bool
    startedAt: str
    orderedAt: str
    completedAt: str
    partialAt: str
    failedAt: str
    undoneAt: str
    undoneBy: str


def find_action(order: Mapping[str, Any]) -> Action:
    """Return the action of a hosted order.

    Orders of versions before 2026-12 have none. Only their removals have the step "Stop Sending".
    """
    legacy: Action = "REMOVE" if "Stop Sending" in order.get("steps", {}) else "IMPORT"
    action: Action = order.get("action", legacy)
    return action


def find_awaited_order(order: OrderItem) -> str | None:
    """Return the order at Bandwidth that a task waits for. Earlier versions waited only for `orderId`."""
    return order.get("awaitedOrderId", order.get("orderId"))


def is_subscribed(order: OrderItem, order_id: str) -> bool:
    """Return whether notifications of an order at Bandwidth are subscribed to.

    Earlier versions subscribed only to `orderId`.
    """
    return "subscriptionId" in order and order.get("subscribedOrderId", order.get("orderId")) == order_id


def find_generation(order: Mapping[str, Any]) -> str | None:
    """Return the generation of Bandwidth's API that a hosted import used, None if it is unknown.

    Orders of versions before 2026-12 have none. Their step is "Create Application" with the classic API and
    "Prepare Location" with the current one.
    """
    if "generation" in order:
        return str(order["generation"])
    legacy = {"Prepare Location": "current", "Create Application": "classic"}
    return next((legacy[step] for step in legacy if step in order.get("steps", {})), None)


@dataclass(frozen=True)
class Campaign:
    """The registered campaign of local numbers (10DLC, US), and its message class."""

    campaign_id: str
    message_class: str


@dataclass(frozen=True)
class OrderStatus:
    """Status of an order at Bandwidth: completed numbers (E.164) and failures.

    An order is incomplete if its status is final but it lists fewer numbers than it completed.
    """

    status: str
    completed: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    is_incomplete: bool = False

    @property
    def ended_as(self) -> Ended | None:
        """Return the final state once the order has ended and lists its numbers, else None."""
        return None if self.is_incomplete else _ENDED.get(self.status)


def find_earliest_attempt(order: Mapping[str, Any]) -> str:
    """Return a time (RFC 3339) at or before every attempt to place an order that was attempted."""
    # A claim that was released and claimed again has a later time than the first request.
    attempted_at = str(order["orderAttemptedAt"])
    return min(str(order.get("startedAt", attempted_at)), attempted_at)


def is_customer_order_id(written: str) -> bool:
    """Return whether Bandwidth accepts it: up to 40 letters, digits, spaces, dashes (error 5052)."""
    return _CUSTOMER_ORDER_ID.fullmatch(written) is not None


def name_execution(customer_order_id: str) -> str:
    """Return the name of the first execution of a set-up that a request starts."""
    # An execution name cannot contain spaces, and is unique for 90 days.
    return customer_order_id.replace(" ", "_")


def name_continuation(customer_order_id: str, failed_at: str) -> str:
    """Return the name of the execution that continues a set-up which failed at a time (RFC 3339)."""
    return f"{name_execution(customer_order_id)}-again-{re.sub(r'[^0-9]', '', failed_at)}"


def build_customer_order_id(execution_name: str) -> str:
    """Return the CustomerOrderId of an execution: its name if Bandwidth accepts that.

    Other names (underscores, more than 40 characters) are converted, always with the same result.
    """
    if is_customer_order_id(execution_name):
        return execution_name
    digest = hashlib.sha256(execution_name.encode()).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9]+", "-", execution_name).strip("-")
    return f"{readable[: _MAX_CUSTOMER_ORDER_ID - 9]}-{digest}"
