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
from simulator.account.order_outcomes import OrderOutcomeError, Shape
from simulator.account.orders import OrderBook
from simulator.rejections import RejectedError

USUAL_ERRORS = {
    "IMPORT": OrderOutcomeError(code=25090, description="The telephone number cannot be imported."),
    "REMOVE": OrderOutcomeError(code=25040, description="The telephone number cannot be removed."),
}


@dataclass(frozen=True)
class ExternalTnsRequest:
    """The fields of an order request as text. None means an absent element."""

    customer_order_id: str | None
    site_id: str | None
    location_id: str | None
    action: str | None
    loa_type: str | None
    numbers: Sequence[str]


@dataclass(kw_only=True)
class ExternalTnsOrder(NumbersOrder):
    """An order. `location_id` is from the request. `target` is the location of imported numbers: None if the
    request named none and the site has no default.
    """

    site_id: str
    location_id: str | None
    action: str
    loa_type: str
    target: str | None


class ExternalTns(NumbersOrders[ExternalTnsOrder]):
    """The orders of external numbers.

    They are RECEIVED in the first half of the wait and PROCESSING in the second. Then they reach the outcome
    that the number orders hold.
    """

    order_type = "externalTns"
    interim_statuses = ("RECEIVED", "PROCESSING")

    def __init__(
        self, account: Account, number_orders: OrderBook, order_seconds: float, shape: Shape
    ) -> None:
        super().__init__(account, number_orders, order_seconds)
        self._shape = shape

    def shape(self, customer_order_id: str | None) -> Shape:
        """Return the published form of an order's responses."""
        return self.outcome(customer_order_id).shape or self._shape

    def place(self, request: ExternalTnsRequest) -> ExternalTnsOrder:
        """Place an order. Raises RejectedError with the code of the first error."""
        if self._account.config.generation == "current":
            words = "The account does not have permission to use the endpoint requested."
            raise RejectedError(403, "25010", words)
        if request.action not in USUAL_ERRORS:
            raise RejectedError(400, "25000", "Action is absent or invalid")
        # Required in the table of the document, optional in the later specification.
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

    def is_external(self, number: str) -> bool:
        """Return whether a number (E.164) is an external number of the account."""
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
            # An existing number does not fail. Its attributes are set again (specification).
            self._account.numbers.add(
                *(
                    AccountNumber(
                        each, order.site_id, order.target, hosted_by="externalTns", order_id=order.id
                    )
                    for each in order.done
                )
            )

    def _find_usual_error(self, order: ExternalTnsOrder) -> OrderOutcomeError:
        return USUAL_ERRORS[order.action]

    def _find_impossible(self, order: ExternalTnsOrder) -> list[NumbersError]:
        found_numbers = {each: self._account.numbers.get(each) for each in order.numbers}
        if order.action == "REMOVE":
            absent = [each for each, found in found_numbers.items() if found is None or not found.is_hosted]
            return [NumbersError(25120, "The telephone number is not an external number.", absent)]
        owned = [each for each, found in found_numbers.items() if found is not None and not found.is_hosted]
        return [NumbersError(25060, "The telephone number is Bandwidth's own.", owned)]
