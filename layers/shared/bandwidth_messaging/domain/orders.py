"""Orders: one set-up with the numbers it brings, known by its CustomerOrderId."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypedDict

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

# Bandwidth's words for an order that has ended. Every other word, also one we never saw, means "not yet".
_ENDED: Final[dict[str, Ended]] = {
    "COMPLETE": OrderState.COMPLETED,
    "PARTIAL": OrderState.PARTIAL,
    "FAILED": OrderState.FAILED,
}


MAX_REASON_CHARACTERS: Final = 300
"""A payload of Step Functions has at most 256 KiB, so that a state carries shortened reasons."""


class Failure(TypedDict):
    """Why a number, or with no number the order, failed: E.164, Bandwidth's code, its words."""

    number: str | None
    code: str | None
    reason: str


@dataclass(frozen=True)
class Campaign:
    """The registered campaign that local numbers text for (10DLC, US), and its message class."""

    campaign_id: str
    message_class: str


@dataclass(frozen=True)
class OrderStatus:
    """What Bandwidth says of an order: its word, the numbers that came (E.164), what failed.

    An order is incomplete if its word is that of an end, but it lists fewer numbers than it brought.
    """

    status: str
    completed: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    is_incomplete: bool = False

    @property
    def ended_as(self) -> Ended | None:
        """Return completed, partial or failed once the order has ended and lists its numbers, else None."""
        return None if self.is_incomplete else _ENDED.get(self.status)


def is_customer_order_id(written: str) -> bool:
    """Tell whether Bandwidth takes this CustomerOrderId: up to 40 letters, digits, spaces, dashes (5052)."""
    return _CUSTOMER_ORDER_ID.fullmatch(written) is not None


def customer_order_id(execution_name: str) -> str:
    """Return the CustomerOrderId of an execution: its name where Bandwidth takes that.

    Other names (underscores, more than 40 characters) are turned into one that always comes out the same.
    """
    if is_customer_order_id(execution_name):
        return execution_name
    digest = hashlib.sha256(execution_name.encode()).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9]+", "-", execution_name).strip("-")
    return f"{readable[: _MAX_CUSTOMER_ORDER_ID - 9]}-{digest}"
