"""Orders that release numbers. They are RECEIVED first, then reach their outcome. Released numbers age."""

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
from simulator.account.order_outcomes import OrderOutcomeError
from simulator.account.orders import OrderBook
from simulator.rejections import RejectedError

NOT_ON_ACCOUNT = "The telephone number could not be disconnected since it is not associated with your account"
USUAL_ERROR = OrderOutcomeError(code=5006, description="TelephoneNumber Disconnect Error")


@dataclass(kw_only=True)
class DisconnectOrder(NumbersOrder):
    """A disconnect order. `protected` is the text of the request's Protected element, if present."""

    name: str | None
    protected: str | None


class Disconnects:
    """The account's disconnect orders. A hosted number is removed, never disconnected."""

    def __init__(self, account: Account, number_orders: OrderBook, order_seconds: float) -> None:
        self._account = account
        self._orders: NumbersOrders[DisconnectOrder] = NumbersOrders(
            account,
            "disconnects",
            number_orders.order_outcome,
            order_seconds,
            interim_statuses=("RECEIVED",),
            usual_error=lambda _: USUAL_ERROR,
            find_impossible=self._find_impossible,
            apply=self._apply,
        )

    def reset(self) -> None:
        self._orders.reset()

    def place(
        self,
        numbers: Sequence[str],
        customer_order_id: str | None = None,
        name: str | None = None,
        protected: str | None = None,
    ) -> DisconnectOrder:
        """Place an order for numbers (ten digits). Raises RejectedError with the code of the first error."""
        check_customer_order_id(customer_order_id)
        check_numbers(numbers, absent="5001")
        order = DisconnectOrder(
            customer_order_id=customer_order_id or None,
            status="RECEIVED",
            numbers=tuple(numbers),
            name=name or None,
            protected=protected or None,
        )
        self._orders.add(order)
        return order

    def get(self, order_id: str) -> DisconnectOrder:
        if found := self._orders.get(order_id):
            return found
        raise RejectedError(404, "5035", f"Disconnect order {order_id} not found.")

    def find(self, customer_order_id: str | None = None, status: str | None = None) -> list[DisconnectOrder]:
        """Return the orders in placement order, filtered by CustomerOrderId and status."""
        return self._orders.find(customer_order_id, status)

    def _find_impossible(self, order: DisconnectOrder) -> list[NumbersError]:
        own = {each.number for each in self._account.numbers.find(is_hosted=False)}
        return [NumbersError(5006, NOT_ON_ACCOUNT, [each for each in order.numbers if each not in own])]

    def _apply(self, order: DisconnectOrder) -> None:
        self._account.numbers.release(order.done)
