"""Classic hosted messaging: orders that import numbers of other carriers, and orders that remove them."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.account.account import Account
from simulator.account.number_list_orders import (
    NumbersError,
    NumbersOrder,
    NumbersOrders,
    check_customer_order_id,
    check_numbers,
)
from simulator.account.numbers import AccountNumber
from simulator.account.order_outcomes import OrderOutcome, OrderOutcomeError, Shape
from simulator.account.orders import OrderBook
from simulator.rejections import RejectedError

USUAL_ERRORS = {
    "IMPORT": OrderOutcomeError(code=25090, description="The telephone number cannot be imported."),
    "REMOVE": OrderOutcomeError(code=25040, description="The telephone number cannot be removed."),
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


@dataclass(kw_only=True)
class ExternalTnsOrder(NumbersOrder):
    """An order as it stands. `location_id` is what the request named, `target` the location that imported
    numbers go to: none if it named none and the site has no default."""

    site_id: str
    location_id: str | None
    action: str
    loa_type: str
    target: str | None


class ExternalTns:
    """The orders of external numbers: RECEIVED in the first half of the wait, PROCESSING in the second, then
    their outcome, which the number orders know."""

    def __init__(
        self, account: Account, number_orders: OrderBook, order_seconds: float, shape: Shape
    ) -> None:
        self._account = account
        self._shape = shape
        self._orders: NumbersOrders[ExternalTnsOrder] = NumbersOrders(
            account,
            "externalTns",
            number_orders.order_outcome,
            order_seconds,
            on_the_way=("RECEIVED", "PROCESSING"),
            usual_error=lambda order: USUAL_ERRORS[order.action],
            impossible=self._impossible,
            apply=self._apply,
        )

    def reset(self) -> None:
        self._orders.reset()

    def outcome(self, customer_order_id: str | None) -> OrderOutcome:
        return self._orders.outcome(customer_order_id)

    def shape(self, customer_order_id: str | None) -> Shape:
        """In which of the two published forms an order is answered."""
        return self.outcome(customer_order_id).shape or self._shape

    def place(self, request: ExternalTnsRequest) -> ExternalTnsOrder:
        """Take an order, or raise RejectedError with the code of the first thing wrong with it."""
        if self._account.config.generation == "current":
            words = "The account does not have permission to use the endpoint requested."
            raise RejectedError(403, "25010", words)
        if request.action not in USUAL_ERRORS:
            raise RejectedError(400, "25000", "Action is absent or invalid")
        # The document's table says mandatory, the later specification optional.
        if not request.customer_order_id and self._shape == "document":
            raise RejectedError(400, "1003", "CustomerOrderID is a required field.")
        check_customer_order_id(request.customer_order_id)
        self._check_loa_type(request)
        check_numbers(request.numbers, absent="1003")
        location = self._account.choose_location(request.site_id, request.location_id)
        order = ExternalTnsOrder(
            customer_order_id=request.customer_order_id or None,
            status="RECEIVED",
            site_id=self._account.config.site_id,
            location_id=request.location_id or None,
            action=request.action,
            loa_type=request.loa_type or "CARRIER",
            numbers=tuple(request.numbers),
            target=location.id if location else None,
        )
        self._orders.add(order)
        return order

    def get(self, order_id: str) -> ExternalTnsOrder:
        if found := self._orders.get(order_id):
            return found
        raise RejectedError(404, None, "The resource does not exist")

    def find(self, customer_order_id: str | None = None, status: str | None = None) -> list[ExternalTnsOrder]:
        """Orders in the order they were placed, those with this CustomerOrderID and status if given."""
        return self._orders.find(customer_order_id, status)

    def holds(self, number: str) -> bool:
        """Whether a number (E.164) is one of the account's external numbers now."""
        found = self._account.number(number)
        return found is not None and found.hosted_by == "externalTns"

    @staticmethod
    def _check_loa_type(request: ExternalTnsRequest) -> None:
        if not request.loa_type:
            return
        if request.action == "REMOVE":
            raise RejectedError(400, "25100", "LoaType is not allowed with this action.")
        if request.loa_type not in ("CARRIER", "SUBSCRIBER"):
            raise RejectedError(400, "25110", "LoaType is invalid.")

    def _apply(self, order: ExternalTnsOrder) -> None:
        if order.action == "REMOVE":
            for number in order.done:
                self._account.numbers.remove(number)
        else:
            # One that is there already is no failure, its attributes are set anew (specification).
            self._account.numbers.add(
                *(
                    AccountNumber(
                        each, order.site_id, order.target, hosted_by="externalTns", order_id=order.id
                    )
                    for each in order.done
                )
            )

    def _impossible(self, order: ExternalTnsOrder) -> list[NumbersError]:
        there = {each: self._account.numbers.get(each) for each in order.numbers}
        if order.action == "REMOVE":
            absent = [each for each, found in there.items() if found is None or not found.is_hosted]
            return [NumbersError(25120, "The telephone number is not an external number.", absent)]
        ours = [each for each, found in there.items() if found is not None and not found.is_hosted]
        return [NumbersError(25060, "The telephone number is Bandwidth's own.", ours)]
