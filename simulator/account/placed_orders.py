"""Orders of one kind, from placement to their final status."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from simulator.account.account import Account, Change

FINAL = ("COMPLETE", "PARTIAL", "FAILED")
_logger = logging.getLogger(__name__)


class PlacedOrder(Protocol):
    id: str
    customer_order_id: str | None
    status: str
    modified: datetime

    @property
    def completed_numbers(self) -> Sequence[str]: ...

    @property
    def missed_numbers(self) -> Sequence[str]: ...

    @property
    def message(self) -> str: ...


class PlacedOrders[Order: PlacedOrder]:
    """Orders that advance before every read of the account. `advance` updates an order to its status at the
    given time.
    """

    def __init__(self, account: Account, order_type: str, advance: Callable[[Order, datetime], None]) -> None:
        self._account = account
        self._order_type = order_type
        self._advance = advance
        self._orders: dict[str, Order] = {}
        self._open_orders: list[Order] = []
        account.add_updater(self._update)

    def clear(self) -> None:
        with self._account.lock:
            self._orders.clear()
            self._open_orders.clear()

    def add(self, order: Order) -> None:
        """Add an order after updating the earlier orders."""
        with self._account.lock:
            self._account.update_orders()
            change = self._change(order)
            self._orders[order.id] = order
            self._open_orders.append(order)
            self._account.announce(change)

    def announce(self, order: Order) -> None:
        """Report an order's status to the listeners of the account."""
        self._account.announce(self._change(order))

    def _change(self, order: Order) -> Change:
        return Change(
            order_type=self._order_type,
            order_id=order.id,
            customer_order_id=order.customer_order_id,
            status=order.status,
            message=order.message,
            completed=list(order.completed_numbers),
            failed=list(order.missed_numbers),
            modified=order.modified,
        )

    def get(self, order_id: str) -> Order | None:
        with self._account.lock:
            self._account.update_orders()
            return self._orders.get(order_id)

    def find(self, customer_order_id: str | None = None, status: str | None = None) -> list[Order]:
        """Return the orders in placement order, filtered by CustomerOrderId and status."""
        with self._account.lock:
            self._account.update_orders()
            return [
                each
                for each in self._orders.values()
                if customer_order_id in (None, each.customer_order_id)
                and (status is None or each.status == status.upper())
            ]

    def _update(self) -> None:
        now = datetime.now(UTC)
        for order in self._open_orders:
            # The account closes backorders outside of this loop.
            if order.status in FINAL:
                continue
            try:
                self._advance_and_announce(order, now)
            except Exception:
                # The error would recur at every read of the account, so it ends this order only.
                _logger.exception("order update failed: %s", order.id)
                order.status, order.modified = "FAILED", now
        self._open_orders[:] = [each for each in self._open_orders if each.status not in FINAL]

    def _advance_and_announce(self, order: Order, now: datetime) -> None:
        before = order.status
        self._advance(order, now)
        if order.status != before:
            self.announce(order)
