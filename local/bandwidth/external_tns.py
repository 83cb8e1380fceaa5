"""Numbers that live elsewhere: orders to import them to the account, and to remove them again."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from local.bandwidth.account import Account, RefusedError
from local.bandwidth.fates import COMPLETE, Fate, FateError, Shape
from local.bandwidth.orders import OrderBook
from local.bandwidth.placed_orders import FINAL, PlacedOrders

MAX_NUMBERS = 5000
USUAL_ERRORS = {
    "IMPORT": FateError(code=25090, description="The telephone number cannot be imported."),
    "REMOVE": FateError(code=25040, description="The telephone number cannot be removed."),
}


@dataclass(frozen=True)
class ExternalTnsRequest:
    """An order's fields as they came, untouched text; None where the element was absent."""

    customer_order_id: str | None
    site_id: str | None
    location_id: str | None
    action: str | None
    loa_type: str | None
    numbers: Sequence[str]


@dataclass(frozen=True)
class ExternalTnsError:
    code: int
    description: str
    numbers: Sequence[str]


@dataclass
class ExternalTnsOrder:
    """An order as it stands; all numbers are ten digits. `location_id` is what the request named, `target`
    the location that imported numbers go to: none if it named none and the site has no default."""

    id: str
    customer_order_id: str | None
    site_id: str
    location_id: str | None
    action: str
    loa_type: str
    numbers: Sequence[str]
    target: str | None
    created: datetime
    modified: datetime
    status: str = "RECEIVED"
    failed: frozenset[str] = frozenset()
    errors: list[ExternalTnsError] = field(default_factory=list)


class ExternalTns:
    """The account's external numbers and their orders: RECEIVED in the first half of the wait, PROCESSING in
    the second, then their fate, which the number orders know."""

    def __init__(
        self, account: Account, number_orders: OrderBook, order_seconds: float, shape: Shape
    ) -> None:
        self._account = account
        self._number_orders = number_orders
        self._wait = timedelta(seconds=order_seconds)
        self._shape = shape
        self._orders = PlacedOrders(account, self._advance)

    def reset(self) -> None:
        with self._account.lock:
            self._orders.clear()

    def fate(self, customer_order_id: str | None) -> Fate:
        return self._number_orders.order_fate(customer_order_id) or COMPLETE

    def shape(self, customer_order_id: str | None) -> Shape:
        """In which of the two published forms an order is answered."""
        return self.fate(customer_order_id).shape or self._shape

    def place(self, request: ExternalTnsRequest) -> ExternalTnsOrder:
        """Take an order, or raise RefusedError with the code of the first thing wrong with it."""
        if request.action not in USUAL_ERRORS:
            raise RefusedError(400, "25000", "Action is absent or invalid")
        # The document's table says mandatory, the later specification optional.
        if not request.customer_order_id and self._shape == "document":
            raise RefusedError(400, "1003", "CustomerOrderID is a required field.")
        if request.customer_order_id and not re.fullmatch(r"[A-Za-z0-9 -]{1,40}", request.customer_order_id):
            raise RefusedError(400, "5052", "CustomerOrderID may have 40 letters, digits, dashes and spaces.")
        self._check_loa_type(request)
        self._check_numbers(request.numbers)
        location = self._account.location_of_order(request.site_id, request.location_id)
        site_id = self._account.config.site_id
        now = datetime.now(UTC)
        order = ExternalTnsOrder(
            id=str(uuid.uuid4()),
            customer_order_id=request.customer_order_id or None,
            site_id=site_id,
            location_id=request.location_id or None,
            action=request.action,
            loa_type=request.loa_type or "CARRIER",
            numbers=tuple(request.numbers),
            target=location.id if location else None,
            created=now,
            modified=now,
        )
        self._orders.add(order)
        return order

    def get(self, order_id: str) -> ExternalTnsOrder:
        if found := self._orders.get(order_id):
            return found
        raise RefusedError(404, None, "The resource does not exist")

    def find(self, customer_order_id: str | None = None, status: str | None = None) -> list[ExternalTnsOrder]:
        """Orders in the order they were placed, those with this CustomerOrderID and status if given."""
        return self._orders.find(customer_order_id, status)

    def holds(self, number: str) -> bool:
        """Whether a number (E.164) is one of the account's external numbers now."""
        found = self._account.number(number)
        return found is not None and found.is_hosted

    @staticmethod
    def _check_loa_type(request: ExternalTnsRequest) -> None:
        if not request.loa_type:
            return
        if request.action == "REMOVE":
            raise RefusedError(400, "25100", "LoaType is not allowed with this action.")
        if request.loa_type not in ("CARRIER", "SUBSCRIBER"):
            raise RefusedError(400, "25110", "LoaType is invalid.")

    @staticmethod
    def _check_numbers(numbers: Sequence[str]) -> None:
        if not numbers:
            raise RefusedError(400, "1003", "TelephoneNumbers is a required field.")
        if len(numbers) > MAX_NUMBERS:
            raise RefusedError(400, "5215", f"An order may have {MAX_NUMBERS} telephone numbers at most.")
        if wrong := next((each for each in numbers if not re.fullmatch(r"[2-9][0-9]{9}", each)), None):
            raise RefusedError(400, "1022", f"'{wrong}' is not a telephone number of ten digits.")
        if len(set(numbers)) < len(numbers):
            raise RefusedError(400, "5072", "A telephone number is in the order more than once.")

    def _advance(self, order: ExternalTnsOrder, now: datetime) -> None:
        fate = self.fate(order.customer_order_id)
        age = now - order.created
        if fate.fate in FINAL and age >= self._wait:
            self._finish(order, fate, now)
            return
        usual = "PROCESSING" if age >= self._wait / 2 else "RECEIVED"
        status = usual if fate.fate in FINAL else fate.fate
        if order.status != status:
            order.status, order.modified = status, now

    def _finish(self, order: ExternalTnsOrder, fate: Fate, now: datetime) -> None:
        impossible = self._impossible(order)
        chosen = _chosen_failures(order, fate)
        failed = order.numbers if fate.fate == "FAILED" else [*impossible.numbers, *chosen]
        order.failed = frozenset(failed)
        order.errors = [each for each in (impossible,) if each.numbers] + _chosen_errors(order, fate, chosen)
        order.status, order.modified = fate.fate, now
        if fate.fate == "COMPLETE" and order.failed:
            order.status = "FAILED" if len(order.failed) == len(order.numbers) else "PARTIAL"
        done = [each for each in order.numbers if each not in order.failed]
        if order.action == "REMOVE":
            for number in done:
                self._account.numbers.remove(number)
        else:
            # One that is there already is no failure, its attributes are set anew (specification).
            self._account.numbers.add(done, order.site_id, order.target, is_hosted=True)

    def _impossible(self, order: ExternalTnsOrder) -> ExternalTnsError:
        """The numbers that cannot be what the order wants, whatever its fate; maybe none."""
        there = {each: self._account.numbers.get(each) for each in order.numbers}
        if order.action == "REMOVE":
            absent = [each for each, found in there.items() if found is None or not found.is_hosted]
            return ExternalTnsError(25120, "The telephone number is not an external number.", absent)
        ours = [each for each, found in there.items() if found is not None and not found.is_hosted]
        return ExternalTnsError(25060, "The telephone number is Bandwidth's own.", ours)


def _chosen_failures(order: ExternalTnsOrder, fate: Fate) -> Sequence[str]:
    """The numbers that a fate lets fail, by the most exact thing it says about them."""
    if fate.fate == "COMPLETE":
        return []
    if fate.failed_numbers is not None:
        return fate.failed_numbers
    if named := [number for error in fate.errors or [] for number in error.numbers or []]:
        return named
    if fate.fate == "FAILED":
        return order.numbers
    return order.numbers[len(order.numbers) // 2 if fate.completed is None else fate.completed :]


def _chosen_errors(order: ExternalTnsOrder, fate: Fate, failed: Sequence[str]) -> list[ExternalTnsError]:
    """A fate's errors. One that names no number is the order's: the usual one of FAILED without numbers."""
    if fate.fate == "COMPLETE":
        return []
    is_told = fate.failed_numbers is not None
    usual = USUAL_ERRORS[order.action].model_copy(update={"per_number": fate.fate == "PARTIAL"})
    errors = []
    for each in fate.errors or [usual]:
        numbers = failed if each.per_number or is_told else []
        if each.numbers is not None:
            numbers = each.numbers
        errors.append(ExternalTnsError(each.code, each.description, numbers))
    return errors
