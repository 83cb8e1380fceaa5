"""Orders that release numbers. They are RECEIVED first, then reach their outcome. Released numbers age."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.account.number_list_orders import (
    NumbersError,
    NumbersOrder,
    NumbersOrders,
    check_customer_order_id,
    check_numbers,
)
from simulator.account.order_outcomes import OrderOutcomeError

NOT_ON_ACCOUNT = "The telephone number could not be disconnected since it is not associated with your account"
USUAL_ERROR = OrderOutcomeError(code=5006, description="TelephoneNumber Disconnect Error")


@dataclass(kw_only=True)
class DisconnectOrder(NumbersOrder):
    """A disconnect order. `protected` is the text of the request's Protected element, if present."""

    name: str | None
    protected: str | None


class Disconnects(NumbersOrders[DisconnectOrder]):
    """The account's disconnect orders. A hosted number is removed, never disconnected."""

    order_type = "disconnects"
    interim_statuses = ("RECEIVED",)
    usual_error = USUAL_ERROR
    unknown_order = (404, "5035", "Disconnect order {} not found.")

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

    def _find_impossible(self, order: DisconnectOrder) -> list[NumbersError]:
        own = {each.number for each in self._account.numbers.find(is_hosted=False)}
        return [NumbersError(5006, NOT_ON_ACCOUNT, [each for each in order.numbers if each not in own])]

    def _apply(self, order: DisconnectOrder) -> None:
        self._account.numbers.release(order.done)
