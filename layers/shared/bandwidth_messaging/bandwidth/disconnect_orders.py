"""Disconnect orders, which release the account's own numbers. Hosted numbers are removed instead."""

from collections.abc import Sequence
from time import monotonic
from typing import Final

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import NOT_FOUND, AccountApi, build_failure, parse_failures
from bandwidth_messaging.bandwidth.order_lookup import (
    FIRST_PAGE,
    LOOKUP_SECONDS,
    list_orders,
    read_customer_order_id,
)
from bandwidth_messaging.bandwidth.transport import ErrorBody
from bandwidth_messaging.bandwidth.xml import E, Element
from bandwidth_messaging.domain.orders import Failure, OrderState, OrderStatus
from bandwidth_messaging.domain.phone_numbers import from_ten_digits
from bandwidth_messaging.domain.texts import is_same_text

NOT_DISCONNECTED: Final = "5006"
"""Error code of a number that could not be disconnected, usually because the number left the account."""


class DisconnectOrders(AccountApi):
    """The account's disconnect orders."""

    def disconnect(self, *, customer_order_id: str, numbers: Sequence[str]) -> str:
        """Order the disconnect of numbers (E.164), and return the order's id.

        Unlike an order of new numbers, a second order costs nothing: each number that already left the
        account gets the error 5006 (specification of the Numbers API).
        """
        listed = E.TelephoneNumberList(*(E.TelephoneNumber(self.format_number(number)) for number in numbers))
        order = E.DisconnectTelephoneNumberOrder(
            E.CustomerOrderId(customer_order_id),
            E.DisconnectTelephoneNumberOrderType(listed, E.Protected("UNCHANGED")),
        )
        return self.place("/disconnects", order, "orderRequest/id")

    def find_disconnect(self, customer_order_id: str, *, placed_after: str | None = None) -> str | None:
        """Return the id of the newest disconnect order with this CustomerOrderId, None if there is none.

        Entries of the list may lack the CustomerOrderId, and the list may ignore it as a filter. So orders
        that Bandwidth created after `placed_after` are read one by one for LOOKUP_SECONDS, the newest first.
        """
        ends_at = monotonic() + LOOKUP_SECONDS
        found = list_orders(self, "/disconnects", customer_order_id, first_page=FIRST_PAGE)
        for order in found.orders:
            if order.order_id and is_same_text(order.customer_order_id, customer_order_id):
                return order.order_id
        for order in found.candidates(placed_after):
            if monotonic() >= ends_at:
                break
            read_id = read_customer_order_id(self, f"/disconnects/{order.order_id}")
            if is_same_text(read_id, customer_order_id):
                return order.order_id
        return None

    def disconnect_status(self, order_id: str, requested: Sequence[str]) -> OrderStatus:
        """Return the status of a disconnect order. `completed` are the `requested` numbers (E.164) that left.

        A failed number without a reason of its own gets the order's reason. The status is NOT_FOUND if
        Bandwidth does not list the order yet. Raises BandwidthGarbled if the response has no status.
        """
        body = self.read_order(f"/disconnects/{order_id}", "OrderStatus")
        if body is None:
            return NOT_FOUND
        order = OrderStatus(body.status)
        return order if order.ended_as is None else _resolve_ended(order, body.root, requested)


def _resolve_ended(order: OrderStatus, root: Element, requested: Sequence[str]) -> OrderStatus:
    """Return an ended order with the requested numbers that left the account, and the others as failures."""
    failures = list(parse_failures(root))
    explained: dict[str | None, Failure] = {failure["number"]: failure for failure in failures}
    general = explained.get(None) or build_failure(None, ErrorBody(None, None))
    left = {
        from_ten_digits(number)
        for number in xml.texts(root, "DisconnectedTelephoneNumberList/TelephoneNumber")
    }
    if order.ended_as == OrderState.COMPLETED:
        left |= set(requested) - explained.keys()
    return OrderStatus(
        order.status,
        completed=tuple(number for number in requested if number in left),
        failures=tuple(
            explained.get(number, general | {"number": number}) for number in requested if number not in left
        ),
    )
