"""Orders that list their numbers: imports, removals, disconnects, options of numbers."""

import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Protocol

from simulator.account.account import Account
from simulator.account.order_outcomes import COMPLETE, OrderOutcome, OrderOutcomeError
from simulator.account.placed_orders import FINAL, PlacedOrders
from simulator.rejections import RejectedError

if TYPE_CHECKING:
    from simulator.account.orders import OrderBook

MAX_NUMBERS = 5000


@dataclass(frozen=True)
class NumbersError:
    """An error and the numbers it applies to. Without numbers it applies to the order."""

    code: int
    description: str
    numbers: Sequence[str]


@dataclass(kw_only=True)
class NumbersOrder:
    """An order. All numbers have ten digits."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    customer_order_id: str | None
    numbers: Sequence[str]
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(init=False)
    status: str
    failed: frozenset[str] = frozenset()
    errors: list[NumbersError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.modified = self.created

    @property
    def done(self) -> list[str]:
        """Return the numbers that did not fail."""
        return [each for each in self.numbers if each not in self.failed]

    @property
    def completed_numbers(self) -> list[str]:
        return self.done if self.status in FINAL else []

    @property
    def missed_numbers(self) -> list[str]:
        return [each for each in self.numbers if each in self.failed]

    @property
    def message(self) -> str:
        """Return the message of a notification. A sample has the default message even with COMPLETE."""
        return format_errors(self.errors) or "Order processing has started."


class NumbersOrders[Order: NumbersOrder](ABC):
    """Orders of one kind that list their numbers.

    During the wait, an order has each status of `interim_statuses` for an equal time. Then, unless it is
    held, it reaches its outcome.
    """

    order_type: ClassVar[str]
    interim_statuses: ClassVar[Sequence[str]]
    usual_error: ClassVar[OrderOutcomeError]
    """The error of numbers that fail by an outcome that names none."""
    unknown_order: ClassVar[tuple[int, str | None, str]] = (404, None, "The resource does not exist")
    """Status, code and description for an id that no order has. `{}` stands for the id."""

    def __init__(self, account: Account, number_orders: "OrderBook", order_seconds: float) -> None:
        self._account = account
        self._find_outcome = number_orders.order_outcome
        self._wait = timedelta(seconds=order_seconds)
        self._orders: PlacedOrders[Order] = PlacedOrders(account, self.order_type, self._advance)

    def reset(self) -> None:
        self._orders.clear()

    def get(self, order_id: str) -> Order:
        """Return an order. Raises RejectedError if it does not exist."""
        if found := self._orders.get(order_id):
            return found
        status, code, description = self.unknown_order
        raise RejectedError(status, code, description.format(order_id))

    def find(self, customer_order_id: str | None = None, status: str | None = None) -> list[Order]:
        """Return the orders in placement order, filtered by CustomerOrderId and status."""
        return self._orders.find(customer_order_id, status)

    def outcome(self, customer_order_id: str | None) -> OrderOutcome:
        return self._find_outcome(customer_order_id) or COMPLETE

    @abstractmethod
    def _find_impossible(self, order: Order) -> Sequence[NumbersError]:
        """Return the errors of numbers that fail whatever the outcome is."""

    @abstractmethod
    def _apply(self, order: Order) -> None:
        """Change the account for the numbers that did not fail."""

    def _find_usual_error(self, order: Order) -> OrderOutcomeError:  # noqa: ARG002 - for subclasses
        return self.usual_error

    def _is_held(self, order: Order) -> bool:  # noqa: ARG002 - for subclasses
        """Return whether an order waits for something other than time."""
        return False

    def _advance(self, order: Order, now: datetime) -> None:
        outcome = self.outcome(order.customer_order_id)
        age = now - order.created
        if outcome.fate in FINAL and age >= self._wait and not self._is_held(order):
            self._finish(order, outcome, now)
            return
        passed = age / self._wait if age < self._wait else 1.0
        step = min(int(passed * len(self.interim_statuses)), len(self.interim_statuses) - 1)
        status = self.interim_statuses[step] if outcome.fate in FINAL else outcome.fate
        if order.status != status:
            order.status, order.modified = status, now

    def _finish(self, order: Order, outcome: OrderOutcome, now: datetime) -> None:
        impossible = [each for each in self._find_impossible(order) if each.numbers]
        chosen = _chosen_failures(order.numbers, outcome)
        order.failed = frozenset(
            order.numbers
            if outcome.fate == "FAILED"
            else [*chosen, *(number for error in impossible for number in error.numbers)]
        )
        usual = self._find_usual_error(order)
        order.errors = impossible + _chosen_errors(outcome, chosen, usual)
        order.status, order.modified = outcome.fate, now
        if outcome.fate == "COMPLETE" and order.failed:
            order.status = "FAILED" if len(order.failed) == len(order.numbers) else "PARTIAL"
        self._apply(order)


class CodedError(Protocol):
    @property
    def code(self) -> int: ...

    @property
    def description(self) -> str: ...


def format_errors(errors: Iterable[CodedError]) -> str:
    """Format errors for the message of a notification, which has no error list."""
    return ". ".join(f"{each.code}: {each.description}" for each in errors)


def check_customer_order_id(customer_order_id: str | None) -> None:
    if customer_order_id and not re.fullmatch(r"[A-Za-z0-9 -]{1,40}", customer_order_id):
        words = "Only alphanumeric values, dashes and spaces are allowed. Max length is 40 characters."
        raise RejectedError(400, "5052", f"Customer order ID is invalid. {words}")


def check_numbers(numbers: Sequence[str], absent: str) -> None:
    """Check the numbers (ten digits) of an order. `absent` is the error code of an empty list."""
    if not numbers:
        raise RejectedError(400, absent, "TelephoneNumbers is a required field.")
    if len(numbers) > MAX_NUMBERS:
        raise RejectedError(400, "5215", f"An order may have {MAX_NUMBERS} telephone numbers at most.")
    if invalid := next((each for each in numbers if not re.fullmatch(r"[2-9][0-9]{9}", each)), None):
        raise RejectedError(400, "1022", f"'{invalid}' is not a telephone number of ten digits.")
    if len(set(numbers)) < len(numbers):
        raise RejectedError(400, "5072", "A telephone number is in the order more than once.")


def _chosen_failures(numbers: Sequence[str], outcome: OrderOutcome) -> Sequence[str]:
    """Return the numbers that fail, from the most specific field of the outcome."""
    if outcome.fate == "COMPLETE":
        return []
    if outcome.failed_numbers is not None:
        return outcome.failed_numbers
    if named := [number for error in outcome.errors or [] for number in error.numbers or []]:
        return named
    if outcome.fate == "FAILED":
        return numbers
    return numbers[len(numbers) // 2 if outcome.completed is None else outcome.completed :]


def _chosen_errors(
    outcome: OrderOutcome, failed: Sequence[str], usual: OrderOutcomeError
) -> list[NumbersError]:
    """Return the errors of an outcome. An error without numbers applies to the whole order."""
    if outcome.fate == "COMPLETE":
        return []
    has_named_failures = outcome.failed_numbers is not None
    usual = usual.model_copy(update={"per_number": outcome.fate == "PARTIAL"})
    errors = []
    for each in outcome.errors or [usual]:
        numbers = failed if each.per_number or has_named_failures else []
        if each.numbers is not None:
            numbers = each.numbers
        errors.append(NumbersError(each.code, each.description, numbers))
    return errors
