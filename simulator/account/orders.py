"""Number orders. They are RECEIVED first, then reach their outcome and add numbers to the account."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

from simulator.account.account import Account, Location
from simulator.account.number_list_orders import check_customer_order_id, format_errors
from simulator.account.number_supply import NumberSupply
from simulator.account.numbers import AccountNumber
from simulator.account.order_outcomes import (
    ALL_UNAVAILABLE,
    COMPLETE,
    SOME_UNAVAILABLE,
    UNAVAILABLE,
    USUAL_ERRORS,
    OrderOutcome,
    OrderOutcomeError,
)
from simulator.account.order_types import Search, Wanted, validate_search
from simulator.account.placed_orders import FINAL, PlacedOrders
from simulator.rejections import RejectedError


@dataclass(frozen=True)
class OrderRequest:
    """The fields of an order request as text. None means an absent element."""

    search: Search
    site_id: str | None
    location_id: str | None = None
    customer_order_id: str | None = None
    name: str | None = None
    partial_allowed: str | None = None
    back_order_requested: str | None = None


@dataclass(frozen=True)
class OrderError:
    code: int
    description: str
    number: str | None = None


@dataclass
class Order:
    """An order. All numbers have ten digits."""

    id: str
    customer_order_id: str | None
    name: str | None
    wanted: Wanted
    site_id: str
    location_id: str
    partial_allowed: bool
    back_order_requested: bool
    created: datetime
    modified: datetime
    completed_at: datetime | None = None
    status: str = "RECEIVED"
    numbers: list[str] = field(default_factory=list)
    failed_numbers: list[str] = field(default_factory=list)
    errors: list[OrderError] = field(default_factory=list)

    @property
    def quantity(self) -> int:
        return self.wanted.quantity

    @property
    def missing(self) -> int:
        return self.quantity - len(self.numbers)

    @property
    def area_code(self) -> str:
        """Return the area code of the numbers or of the first pattern; empty if no pattern exists."""
        return next((each[:3] for each in (*self.numbers, *self.wanted.patterns)), "")

    @property
    def completed_numbers(self) -> list[str]:
        return self.numbers

    @property
    def missed_numbers(self) -> list[str]:
        return self.failed_numbers

    @property
    def message(self) -> str:
        """Return the message of a notification."""
        noun = "number" if self.quantity == 1 else "numbers"
        usual = f"Created a new number order for {self.quantity} {noun} in ({self.area_code})"
        return format_errors(self.errors) or usual

    @property
    def summary(self) -> str:
        noun = "number" if self.quantity == 1 else "numbers"
        match self.status:
            case "COMPLETE":
                return f"{self.quantity} {noun} ordered in ({self.area_code})"
            case "PARTIAL":
                return f"{len(self.numbers)} out of {self.quantity} {noun} ordered in ({self.area_code})"
            case _:
                return f"{self.quantity} {noun} requested in ({self.area_code})"


class OrderBook:
    """The account's orders of new numbers, and the outcomes set for orders of any kind."""

    def __init__(self, account: Account, supply: NumberSupply, order_seconds: float) -> None:
        self._account = account
        self._supply = supply
        self._wait = timedelta(seconds=order_seconds)
        self._orders = PlacedOrders(account, "orders", self._advance)
        self._order_outcomes: dict[str, OrderOutcome] = {}
        self._area_code_outcomes: dict[str, OrderOutcome] = {}
        account.add_backorder_check(self._has_backorder)

    def reset(self) -> None:
        with self._account.lock:
            self._orders.clear()
            for each in (self._order_outcomes, self._area_code_outcomes):
                each.clear()

    def place(self, request: OrderRequest) -> Order:
        """Place an order. Raises RejectedError with the code of the first error."""
        check_customer_order_id(request.customer_order_id)
        search = validate_search(request.search)
        partial_allowed = _boolean(request.partial_allowed, True, "5217", "PartialAllowed")
        back_order_requested = _boolean(request.back_order_requested, False, "5002", "BackOrderRequested")
        if back_order_requested and search.is_exact:
            words = "Backorders are not compatible with Specific TN, NPANXX, NPANXXX, TollFree Vanity or"
            raise RejectedError(400, "5522", f"{words} Local Vanity orders")
        location = self._account.choose_location(request.site_id, request.location_id)
        if location is None:
            raise RejectedError(400, "5020", "No default SIP peer is set on the account and site.")
        now = datetime.now(UTC)
        order = Order(
            id=str(uuid.uuid4()),
            customer_order_id=request.customer_order_id or None,
            name=request.name or None,
            wanted=search,
            site_id=location.site_id,
            location_id=location.id,
            partial_allowed=partial_allowed,
            back_order_requested=back_order_requested,
            created=now,
            modified=now,
        )
        self._orders.add(order)
        return order

    def get(self, order_id: str) -> Order:
        if found := self._orders.get(order_id):
            return found
        raise RejectedError(404, "5035", f"Order {order_id} not found.")

    def find(self, customer_order_id: str | None = None, status: str | None = None) -> list[Order]:
        """Return the orders in placement order, filtered by CustomerOrderId and status."""
        return self._orders.find(customer_order_id, status)

    def close(self, order_id: str) -> Order:
        """Close a backorder with the numbers that it has."""
        with self._account.lock:
            order = self.get(order_id)
            if order.status != "BACKORDERED":
                raise RejectedError(400, "5060", "Only Backordered order can be closed.")
            self._finish(order, datetime.now(UTC), self._shortage(bool(order.numbers)))
            self._orders.announce(order)
            return order

    def find_location(self, number: str) -> Location | None:
        """Return the location of a V2 number (E.164). Returns None if the number is not on the account, or if
        externalTns imported it, because V1 sends its messages.
        """
        found = self._account.number(number)
        if found is None or found.hosted_by == "externalTns" or found.location_id is None:
            return None
        return self._account.find_location(found.location_id)

    def decide_order(self, customer_order_id: str, outcome: OrderOutcome) -> None:
        """Set the outcome of orders of any kind with this CustomerOrderId."""
        with self._account.lock:
            self._order_outcomes[customer_order_id] = outcome

    def decide_area_code(self, area_code: str, outcome: OrderOutcome) -> None:
        """Set the outcome of orders whose first pattern is in this area code."""
        with self._account.lock:
            self._area_code_outcomes[area_code] = outcome

    def order_outcome(self, customer_order_id: str | None) -> OrderOutcome | None:
        """Return the outcome set for this CustomerOrderId; None without one."""
        with self._account.lock:
            return self._order_outcomes.get(customer_order_id or "")

    def _has_backorder(self, location_id: str) -> bool:
        return any(each.location_id == location_id for each in self.find(status="BACKORDERED"))

    def _advance(self, order: Order, now: datetime) -> None:
        due = order.created + self._wait
        if due > now:
            return
        outcome = self.order_outcome(order.customer_order_id) or self._area_code_outcomes.get(
            order.area_code, COMPLETE
        )
        backordered = outcome.backordered_seconds if outcome.fate == "BACKORDERED" else None
        if outcome.fate == "COMPLETE" or (
            backordered is not None and due + timedelta(seconds=backordered) <= now
        ):
            self._fulfil(order, now)
            return
        if outcome.fate in FINAL:
            self._apply_outcome(order, outcome, now)
            return
        if outcome.fate == "BACKORDERED":
            self._add_numbers(order, self._take(order, (outcome.completed or 0) - len(order.numbers)))
        self._set_status(order, outcome.fate, now)

    def _fulfil(self, order: Order, now: datetime) -> None:
        """Add the available numbers to an order (page on advanced ordering)."""
        unavailable = [each for each in self._missing_numbers(order) if not self._is_free(each)]
        taken = self._take(order, order.missing)
        if len(taken) == order.missing or order.partial_allowed:
            self._add_numbers(order, taken)
        elif not order.wanted.numbers:
            self._supply.undo_take(order.wanted.patterns, order.wanted.names, taken)
        if not order.missing:
            self._finish(order, now, [])
        elif order.back_order_requested:
            self._set_status(order, "BACKORDERED", now)
        elif order.wanted.numbers:
            self._finish(order, now, [UNAVAILABLE], unavailable)
        else:
            self._finish(order, now, self._shortage(bool(taken)))

    @staticmethod
    def _shortage(has_some: bool) -> list[OrderOutcomeError]:
        return [SOME_UNAVAILABLE if has_some else ALL_UNAVAILABLE]

    @staticmethod
    def _set_status(order: Order, status: str, now: datetime) -> None:
        if order.status != status:
            order.status, order.modified = status, now

    @staticmethod
    def _finish(
        order: Order, now: datetime, errors: list[OrderOutcomeError], failed: Sequence[str] = ()
    ) -> None:
        """End an order with the numbers that it has. `failed` are the numbers of the errors."""
        order.status = ("PARTIAL" if order.missing else "COMPLETE") if order.numbers else "FAILED"
        order.modified = order.completed_at = now
        order.failed_numbers = list(failed)
        for error in errors:
            for number in failed if error.per_number else [None]:
                order.errors.append(OrderError(error.code, error.description, number))

    def _apply_outcome(self, order: Order, outcome: OrderOutcome, now: datetime) -> None:
        """End an order with the outcome that was set."""
        if outcome.fate == "PARTIAL":
            half = order.quantity // 2
            completed = half if outcome.completed is None else min(outcome.completed, order.quantity)
            self._add_numbers(order, self._take(order, completed - len(order.numbers)))
        errors = outcome.errors or USUAL_ERRORS[outcome.fate]
        failed = []
        if any(each.per_number for each in errors):
            failed = self._missing_numbers(order) or self._take(order, order.missing)
        self._finish(order, now, errors, failed)
        order.status = outcome.fate

    @staticmethod
    def _missing_numbers(order: Order) -> list[str]:
        """Return the numbers that the order names but does not have."""
        return [each for each in order.wanted.numbers if each not in order.numbers]

    def _take(self, order: Order, count: int) -> list[str]:
        if order.wanted.numbers:
            free = (each for each in order.wanted.numbers if self._is_free(each))
            return list(islice(free, max(count, 0)))
        return self._supply.take(order.wanted.patterns, order.wanted.names, max(count, 0))

    def _is_free(self, number: str) -> bool:
        return self._account.numbers.get(number) is None and not self._supply.is_out(number)

    def _add_numbers(self, order: Order, numbers: list[str]) -> None:
        order.numbers += numbers
        self._account.numbers.add(
            *(AccountNumber(each, order.site_id, order.location_id, order_id=order.id) for each in numbers)
        )


def _boolean(text: str | None, default: bool, code: str, element: str) -> bool:
    if not text:
        return default
    if text.lower() not in ("true", "false"):
        raise RejectedError(400, code, f"The {element} value submitted is invalid.")
    return text.lower() == "true"
