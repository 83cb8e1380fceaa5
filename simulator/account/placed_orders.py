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
    """Time passes for an order when somebody looks at the account: `advance` brings it to where it stands at
    that time."""

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
        """Take an order, after what was placed before it has come as far as it is."""
        with self._account.lock:
            self._account.update_orders()
            change = self._change(order)
            self._orders[order.id] = order
            self._open_orders.append(order)
            self._account.announce(change)

    def announce(self, order: Order) -> None:
        """Let those hear of an order's status who listen to the account."""
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
        """Orders in the order they were placed, those with this customer's id and status if given."""
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
            # One that was ended by hand is final already.
            if order.status in FINAL:
                continue
            try:
                self._advance_and_announce(order, now)
            except Exception:
                # It would be raised at every later call: a fault here ends this order, and no other.
                _logger.exception("order %s cannot be settled", order.id)
                order.status, order.modified = "FAILED", now
        self._open_orders[:] = [each for each in self._open_orders if each.status not in FINAL]

    def _advance_and_announce(self, order: Order, now: datetime) -> None:
        before = order.status
        self._advance(order, now)
        if order.status != before:
            self.announce(order)
