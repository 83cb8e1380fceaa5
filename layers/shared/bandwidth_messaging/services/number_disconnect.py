"""Disconnects the account's own numbers, which returns them to Bandwidth."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bandwidth_messaging.bandwidth.disconnect_orders import NOT_DISCONNECTED
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.orders import OrderStatus
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.services.order_placement import PlacedOrder, place_order_once
from bandwidth_messaging.services.parallel import for_each

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.dashboard import Dashboard
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.order_store import Orders


@dataclass(frozen=True)
class NumberDisconnect:
    """Places and checks disconnect orders. A number that is no longer on the account is released."""

    numbers: "Numbers"
    orders: "Orders"
    dashboard: "Callable[[], Dashboard]"

    def order(self, release_id: str, numbers: Sequence[str]) -> PlacedOrder | None:
        """Order the disconnect of numbers once; return the order, None if all numbers were released before.

        Bandwidth may reject the order because numbers are no longer on the account. Then it is placed for
        the others.
        """
        try:
            return self._place(release_id, numbers)
        except BandwidthRejected as error:
            may_be_released = error.code == NOT_DISCONNECTED
            remaining = self._find_remaining(numbers) if may_be_released else set(numbers)
            if len(remaining) == len(numbers):
                raise
        self._record_released([number for number in numbers if number not in remaining])
        if not remaining:
            return None
        return self._place(release_id, [number for number in numbers if number in remaining])

    def _place(self, release_id: str, numbers: Sequence[str]) -> PlacedOrder:
        dashboard = self.dashboard()
        return place_order_once(
            self.orders,
            release_id,
            place=lambda: dashboard.disconnect(customer_order_id=release_id, numbers=numbers),
            find=lambda placed_after: dashboard.find_disconnect(release_id, placed_after=placed_after),
        )

    def check(self, order_id: str, numbers: Sequence[str]) -> OrderStatus:
        """Return the status of a disconnect order, and record its numbers once it has ended.

        A number that is no longer on the account counts as released.
        """
        order = self.dashboard().disconnect_status(order_id, numbers)
        if order.ended_as is None:
            return order
        not_disconnected = [
            str(failure["number"]) for failure in order.failures if failure["code"] == NOT_DISCONNECTED
        ]
        remaining = self._find_remaining(not_disconnected) if not_disconnected else set()
        absent = [number for number in not_disconnected if number not in remaining]
        self._record_released([*order.completed, *absent])
        failures = [failure for failure in order.failures if failure["number"] not in absent]
        for_each(failures, self.numbers.record_release_failure)
        return order

    def _find_remaining(self, numbers: Collection[str]) -> set[str]:
        """Return the numbers that are still at their locations, or whose location is unknown."""
        account = self.dashboard()
        locations: dict[tuple[str | None, str | None], set[str]] = {}
        for item in self.numbers.get_all(list(numbers), consistent=True):
            locations.setdefault((item.get("siteId"), item.get("locationId")), set()).add(item["number"])
        remaining: set[str] = set()
        for (site_id, location_id), expected in locations.items():
            if site_id is None or location_id is None:
                remaining |= expected
            else:
                remaining |= expected & (account.list_location_numbers(site_id, location_id) or {}).keys()
        return remaining

    def _record_released(self, numbers: Iterable[str]) -> None:
        for_each(numbers, partial(self.numbers.release, at=now()))
