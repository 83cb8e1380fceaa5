"""Number orders: RECEIVED at first, their fate a moment later, and the numbers they bring."""

import itertools
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt

from local.bandwidth.account import Account, Location, RefusedError
from local.bandwidth.placed_orders import FINAL, PlacedOrders
from local.bandwidth.telephone_numbers import ten_digits

MAX_QUANTITY = 5000
FICTION_EXCHANGE = 555
Shape = Literal["document", "later"]


def _ten_digits(number: str) -> str:
    if found := ten_digits(number):
        return found
    raise ValueError(f"'{number}' is not a US telephone number")


Numbers = list[Annotated[str, AfterValidator(_ten_digits)]]


class FateError(BaseModel):
    """One entry of an order's ErrorList; `per_number` repeats it for, and with, each failed number.

    In the Errors of an import or removal it stands once: with `numbers` if told, else with all failed ones
    if `per_number` or the fate's `failed_numbers` are given, else with none."""

    model_config = ConfigDict(extra="forbid")
    code: int
    description: str
    per_number: bool = False
    numbers: Numbers | None = None


class Fate(BaseModel):
    """How an order ends. RECEIVED, PROCESSING and BACKORDERED stay until the fate is changed, BACKORDERED
    with `backordered_seconds` becomes COMPLETE after them. `completed` counts the numbers of a PARTIAL order
    (half of them if not told). `errors` are Bandwidth's usual ones if not told.

    Of imports and removals only: `failed_numbers` says which, `keep_failed_numbers` whether the answers'
    TelephoneNumbers still hold them (as published if not told), `shape` in which form it is answered."""

    model_config = ConfigDict(extra="forbid")
    fate: Literal["COMPLETE", "PARTIAL", "FAILED", "BACKORDERED", "RECEIVED", "PROCESSING"]
    completed: NonNegativeInt | None = None
    errors: list[FateError] | None = Field(default=None, min_length=1)
    backordered_seconds: NonNegativeFloat | None = None
    failed_numbers: Numbers | None = None
    keep_failed_numbers: bool | None = None
    shape: Shape | None = None


COMPLETE = Fate(fate="COMPLETE")
USUAL_ERRORS = {
    "PARTIAL": [FateError(code=5005, description="Telephone Number Unavailable", per_number=True)],
    "FAILED": [FateError(code=5018, description="The entire quantity ordered is unavailable")],
}


@dataclass(frozen=True)
class OrderRequest:
    """An order's fields as they came, untouched text; None where the element was absent."""

    area_code: str | None
    quantity: str | None
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
    """An order as it stands; all numbers are ten digits."""

    id: str
    customer_order_id: str | None
    name: str | None
    area_code: str
    quantity: int
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
    """The account's orders and numbers."""

    def __init__(self, account: Account, order_seconds: float) -> None:
        self._account = account
        self._wait = timedelta(seconds=order_seconds)
        self._orders = PlacedOrders(account, self._advance)
        self._order_fates: dict[str, Fate] = {}
        self._area_code_fates: dict[str, Fate] = {}
        self._supply: dict[str, Iterator[str]] = {}
        self._numbers: dict[str, str] = {}

    def reset(self) -> None:
        """Forget orders, numbers and fates. Numbers once given out are still not given again."""
        with self._account.lock:
            self._orders.clear()
            for each in (self._order_fates, self._area_code_fates, self._numbers):
                each.clear()

    def place(self, request: OrderRequest) -> Order:
        """Take an order, or raise RefusedError with the code of the first thing wrong with it."""
        if request.customer_order_id and not re.fullmatch(r"[A-Za-z0-9 -]{1,40}", request.customer_order_id):
            raise RefusedError(400, "5052", "CustomerOrderId may have 40 letters, digits, dashes and spaces.")
        if not request.area_code or not request.quantity:
            raise RefusedError(400, "5198", "AreaCodeSearchAndOrderType requires AreaCode and Quantity.")
        # Rules of an area code as the error list words them under 5002.
        if not re.fullmatch(r"(?!37|96|.11)[2-9][0-8][0-9]", request.area_code):
            raise RefusedError(400, "5002", "The area code is not one telephone numbers can have.")
        quantity = int(request.quantity) if request.quantity.isascii() and request.quantity.isdigit() else 0
        if not 1 <= quantity <= MAX_QUANTITY:
            raise RefusedError(
                400, "5215", f"The quantity is not valid or exceeds the maximum of {MAX_QUANTITY}."
            )
        partial_allowed = _boolean(request.partial_allowed, True, "5217", "PartialAllowed")
        back_order_requested = _boolean(request.back_order_requested, False, "5002", "BackOrderRequested")
        location = self._account.location_of_order(request.site_id, request.location_id)
        if location is None:
            raise RefusedError(400, "5020", "No default SIP peer is set on the account and site.")
        now = datetime.now(UTC)
        order = Order(
            id=str(uuid.uuid4()),
            customer_order_id=request.customer_order_id or None,
            name=request.name or None,
            area_code=request.area_code,
            quantity=quantity,
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
        raise RefusedError(404, "5035", f"Order {order_id} not found.")

    def find(self, customer_order_id: str | None = None, status: str | None = None) -> list[Order]:
        """Orders in the order they were placed, those with this CustomerOrderId and status if given."""
        return self._orders.find(customer_order_id, status)

    def numbers(self) -> dict[str, str]:
        """Ten-digit number to location id, for every number of the account."""
        with self._account.lock:
            self._orders.settle()
            return dict(self._numbers)

    def location_of(self, number: str) -> Location | None:
        """The location a number belongs to; None if it is not on the account. Takes E.164."""
        with self._account.lock:
            self._orders.settle()
            location_id = self._numbers.get(number.removeprefix("+1"))
            return self._account.find_location(location_id) if location_id else None

    def decide_order(self, customer_order_id: str, fate: Fate) -> None:
        """Choose how orders with this CustomerOrderId end, imports and removals too."""
        with self._account.lock:
            self._order_fates[customer_order_id] = fate

    def decide_area_code(self, area_code: str, fate: Fate) -> None:
        with self._account.lock:
            self._area_code_fates[area_code] = fate

    def order_fate(self, customer_order_id: str | None) -> Fate | None:
        """What was chosen for orders with this CustomerOrderId, if anything was."""
        with self._account.lock:
            return self._order_fates.get(customer_order_id or "")

    def _advance(self, order: Order, now: datetime) -> None:
        due = order.created + self._wait
        if due > now:
            return
        fate = self.order_fate(order.customer_order_id) or self._area_code_fates.get(
            order.area_code, COMPLETE
        )
        backordered = fate.backordered_seconds if fate.fate == "BACKORDERED" else None
        if backordered is not None and due + timedelta(seconds=backordered) <= now:
            fate = COMPLETE
        if fate.fate not in FINAL:
            if order.status != fate.fate:
                order.status, order.modified = fate.fate, now
            return
        completed = {
            "COMPLETE": order.quantity,
            "PARTIAL": order.quantity // 2 if fate.completed is None else min(fate.completed, order.quantity),
            "FAILED": 0,
        }[fate.fate]
        order.status, order.modified, order.completed_at = fate.fate, now, now
        order.numbers = self._take(order.area_code, completed)
        self._numbers.update(dict.fromkeys(order.numbers, order.location_id))
        errors = fate.errors or USUAL_ERRORS.get(fate.fate, [])
        if any(each.per_number for each in errors):
            order.failed_numbers = self._take(order.area_code, order.quantity - completed)
        for error in errors:
            for number in order.failed_numbers if error.per_number else [None]:
                order.errors.append(OrderError(error.code, error.description, number))

    def _take(self, area_code: str, count: int) -> list[str]:
        supply = self._supply.setdefault(area_code, _numbers_of(area_code))
        return list(itertools.islice(supply, count))


def _numbers_of(area_code: str) -> Iterator[str]:
    """Numbers of an area code, each once: those set aside for fiction first, then any valid exchange."""
    for line in range(100, 200):
        yield f"{area_code}{FICTION_EXCHANGE}{line:04}"
    for exchange in range(200, 1000):
        if exchange != FICTION_EXCHANGE and not str(exchange).endswith("11"):
            for line in range(10_000):
                yield f"{area_code}{exchange}{line:04}"


def _boolean(text: str | None, default: bool, code: str, element: str) -> bool:
    if not text:
        return default
    if text.lower() not in ("true", "false"):
        raise RefusedError(400, code, f"The {element} value submitted is invalid.")
    return text.lower() == "true"
