"""Orders of one kind, from the moment they were placed until they are final."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from local.bandwidth.account import Account

FINAL = ("COMPLETE", "PARTIAL", "FAILED")


class PlacedOrder(Protocol):
    id: str
    customer_order_id: str | None
    status: str


class PlacedOrders[Order: PlacedOrder]:
    """Time passes for an order when somebody looks: `advance` brings it to where it stands at that time."""

    def __init__(self, account: Account, advance: Callable[[Order, datetime], None]) -> None:
        self._lock = account.lock
        self._advance = advance
        self._orders: dict[str, Order] = {}
        self._unsettled: list[Order] = []

    def clear(self) -> None:
        with self._lock:
            self._orders.clear()
            self._unsettled.clear()

    def add(self, order: Order) -> None:
        with self._lock:
            self._orders[order.id] = order
            self._unsettled.append(order)

    def get(self, order_id: str) -> Order | None:
        with self._lock:
            self.settle()
            return self._orders.get(order_id)

    def find(self, customer_order_id: str | None = None, status: str | None = None) -> list[Order]:
        """Orders in the order they were placed, those with this customer's id and status if given."""
        with self._lock:
            self.settle()
            return [
                each
                for each in self._orders.values()
                if customer_order_id in (None, each.customer_order_id)
                and (status is None or each.status == status.upper())
            ]

    def settle(self) -> None:
        """Bring every order that is not final to where it stands now."""
        with self._lock:
            now = datetime.now(UTC)
            for order in self._unsettled:
                self._advance(order, now)
            self._unsettled[:] = [each for each in self._unsettled if each.status not in FINAL]
