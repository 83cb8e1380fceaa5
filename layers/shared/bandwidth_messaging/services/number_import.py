"""Imports hosted numbers and removes them, from the check before the order to the status at its end."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.orders import Action, Failure, OrderState, OrderStatus
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.services.order_placement import PlacedOrder, place_order_once
from bandwidth_messaging.services.parallel import for_each

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.dashboard import Dashboard
    from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
    from bandwidth_messaging.domain.imports import Authority
    from bandwidth_messaging.domain.numbers import Home
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.order_store import Orders


def join_batches(batches: Sequence[Sequence[str]]) -> list[str]:
    """Return the numbers of all batches."""
    return [number for batch in batches for number in batch]


def remove_failed(batches: Sequence[Sequence[str]], failures: Sequence[Failure]) -> list[list[str]]:
    """Return the batches without the numbers that failed, and without batches that are then empty."""
    failed = {failure["number"] for failure in failures}
    remaining = [[number for number in batch if number not in failed] for batch in batches]
    return [batch for batch in remaining if batch]


@dataclass(frozen=True)
class NumberImport:
    """Checks, orders and follows an import or a removal of hosted numbers."""

    numbers: "Numbers"
    orders: "Orders"
    dashboard: "Callable[[], Dashboard]"
    dashboard_current: "Callable[[], DashboardCurrent]"

    def check_importable(self, numbers: Sequence[str], home: "Home", *, dry_run: bool) -> list[Failure]:
        """Return which numbers (E.164) cannot be imported, and record them as failed unless it is a dry run.

        Once the order may be at Bandwidth, its numbers are on the account and can no longer be checked. The
        failures are then those that an earlier run recorded.
        """
        if not dry_run and self.orders.was_attempted(home.customer_order_id):
            return self._list_recorded_failures(numbers, home)
        checked = self.dashboard_current().check_numbers(
            list(numbers), site_id=home.site_id, sip_peer_id=home.location_id
        )
        failures = [failure for failure in checked.failures if failure["number"]]
        if not dry_run:
            for_each(failures, partial(self.numbers.fail, home=home, at=now()))
        return failures

    def place(
        self, action: Action, numbers: Sequence[str], home: "Home", authority: "Authority"
    ) -> PlacedOrder:
        """Place the order once; return its id and how the id was reached.

        Numbers of an import are recorded as pending before the request, so that Bandwidth has no number
        without a record. An order that may be at Bandwidth has recorded them: a number that was released
        since then stays released. If Bandwidth rejects the order, its pending numbers fail.
        """
        is_import = action == "IMPORT"
        if is_import and not self.orders.was_attempted(home.customer_order_id):
            for_each(numbers, partial(self.numbers.expect, home=home, at=now()))
        dashboard = self.dashboard()
        try:
            return place_order_once(
                self.orders,
                home.customer_order_id,
                place=lambda: dashboard.create_import_request(
                    customer_order_id=home.customer_order_id,
                    site_id=home.site_id,
                    sip_peer_id=home.location_id,
                    action=action,
                    numbers=list(numbers),
                    authority=authority,
                ),
                find=lambda placed_after: dashboard.find_import_request(
                    home.customer_order_id, action, placed_after=placed_after
                ),
            )
        except BandwidthRejected as error:
            # Bandwidth may have rejected the look-up of an order that exists.
            if is_import and not self.orders.was_attempted(home.customer_order_id):
                self._fail_pending(numbers, home, error)
            raise

    def check_status(self, action: Action, numbers: Sequence[str], home: "Home") -> OrderStatus:
        """Return the status of the order `home.order_id`, and record its numbers once it has ended."""
        order = self.dashboard().import_status(str(home.order_id), list(numbers), action)
        if order.ended_as is None:
            return order
        if action == "IMPORT":
            if order.ended_as == OrderState.PARTIAL:
                order = self._separate_missing(order, home)
            for_each(list_failed_numbers(order), partial(self.numbers.fail, home=home, at=now()))
        else:
            for_each(order.completed, partial(self.numbers.release, at=now()))
            for_each(list_failed_numbers(order), self.numbers.record_release_failure)
        return order

    def _list_recorded_failures(self, numbers: Sequence[str], home: "Home") -> list[Failure]:
        return [
            {"number": item["number"], "code": item.get("errorCode"), "reason": str(item.get("reason"))}
            for item in self.numbers.get_all(numbers)
            if item["state"] == NumberState.FAILED and item.get("customerOrderId") == home.customer_order_id
        ]

    def _fail_pending(self, numbers: Sequence[str], home: "Home", error: BandwidthRejected) -> None:
        failures: list[Failure] = [
            {"number": item["number"], "code": error.code, "reason": error.words}
            for item in self.numbers.get_all(numbers, consistent=True)
            if item["state"] == NumberState.PENDING and home.owns(item)
        ]
        for_each(failures, partial(self.numbers.fail, home=home, at=now()))

    def _separate_missing(self, order: OrderStatus, home: "Home") -> OrderStatus:
        """Return a partial import whose errors name no number with the numbers failed that did not arrive."""
        if list_failed_numbers(order):
            return order
        arrived = self._list_arrived(home)
        if arrived is None:
            return order
        cause = (
            order.failures[0] if order.failures else Failure(number=None, code=None, reason="no reason given")
        )
        missing: list[Failure] = [
            {"number": number, "code": cause["code"], "reason": cause["reason"]}
            for number in order.completed
            if number not in arrived
        ]
        return OrderStatus(
            order.status,
            completed=tuple(number for number in order.completed if number in arrived),
            failures=(*(order.failures[1:] if missing else order.failures), *missing),
        )

    def _list_arrived(self, home: "Home") -> Collection[str] | None:
        """Return the numbers at the import's location or its site's default one, None if it has neither."""
        dashboard, location_id = self.dashboard(), home.location_id
        if location_id is None:
            locations = dashboard.list_locations(home.site_id)
            location_id = next((each.location_id for each in locations if each.is_default_peer), None)
        return None if location_id is None else dashboard.list_location_numbers(home.site_id, location_id)


def list_failed_numbers(order: OrderStatus) -> list[Failure]:
    """Return the failures that name a number."""
    return [failure for failure in order.failures if failure["number"]]
