"""Orders of new numbers in the account API."""

from dataclasses import replace
from typing import Final

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import (
    NOT_FOUND,
    AccountApi,
    find_rejection,
    format_boolean,
    parse_failures,
    parse_root,
)
from bandwidth_messaging.bandwidth.order_lookup import FIRST_PAGE, find_order_id
from bandwidth_messaging.bandwidth.xml import E, Element
from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.orders import OrderState, OrderStatus
from bandwidth_messaging.domain.phone_numbers import from_ten_digits

# Elements of the specification of the Numbers API, by the names of NumberSearch: order types, criteria.
_SEARCHES: Final = {
    "areaCode": "AreaCodeSearchAndOrderType",
    "rateCenter": "RateCenterSearchAndOrderType",
    "npaNxx": "NPANXXSearchAndOrderType",
    "city": "CitySearchAndOrderType",
    "state": "StateSearchAndOrderType",
    "zip": "ZIPSearchAndOrderType",
    "lata": "LATASearchAndOrderType",
    "tollFreeVanity": "TollFreeVanitySearchAndOrderType",
    "tollFreeWildCardPattern": "TollFreeWildCharSearchAndOrderType",
    "combined": "CombinedSearchAndOrderType",
}
_CRITERIA: Final = {
    "areaCode": "AreaCode",
    "rateCenter": "RateCenter",
    "city": "City",
    "state": "State",
    "npaNxx": "NpaNxx",
    "npaNxxX": "NpaNxxX",
    "lata": "Lata",
    "zip": "Zip",
    "localVanity": "LocalVanity",
    "endsIn": "EndsIn",
    "enableLca": "EnableLCA",
    "tollFreeVanity": "TollFreeVanity",
    "tollFreeWildCardPattern": "TollFreeWildCardPattern",
}


class NumberOrders(AccountApi):
    """The account's orders of new numbers."""

    def order_numbers(
        self,
        *,
        search: NumberSearch,
        quantity: int,
        site_id: str,
        location_id: str,
        customer_order_id: str | None = None,
        partial_allowed: bool = True,
        back_order_requested: bool = False,
    ) -> str:
        """Order numbers and return the order's id (heading "Order Available Numbers").

        This spends money and is not idempotent. `find_order` finds the order by its `customer_order_id`.
        Elements that have Bandwidth's default value are left out, as in the document.
        """
        order = E.Order(self._order_type(search, quantity), E.SiteId(site_id), E.PeerId(location_id))
        if customer_order_id is not None:
            order.insert(0, E.CustomerOrderId(customer_order_id))
        if not partial_allowed:
            order.append(E.PartialAllowed(format_boolean(partial_allowed)))
        if back_order_requested:
            order.append(E.BackOrderRequested(format_boolean(back_order_requested)))
        return self.place("/orders", order, "Order/id")

    def find_order(self, customer_order_id: str, *, placed_after: str | None = None) -> str | None:
        """Return the id of the order with this CustomerOrderId, None if Bandwidth knows none.

        Raises what `find_order_id` raises.
        """
        return find_order_id(
            self, "/orders", customer_order_id, first_page=FIRST_PAGE, placed_after=placed_after
        )

    def close_order(self, order_id: str) -> None:
        """Close a backorder: it becomes PARTIAL with its completed numbers, or FAILED without any.

        Raises BandwidthRejected if the order is not backordered (dev.bandwidth.com, advanced ordering).
        """
        response = self.send("PUT", f"/orders/{order_id}", E.Order(E.CloseOrder(format_boolean(True))))
        root = parse_root(response) if response.body else None
        # A final order lists its failed numbers, which are not errors of this request.
        if (
            root is not None
            and xml.text(root, "OrderStatus") is None
            and (rejection := find_rejection(response, root))
        ):
            raise rejection

    def order_status(self, order_id: str) -> OrderStatus:
        """Return the status of the order (heading "Check Order Status").

        The status is NOT_FOUND if Bandwidth does not list the order yet. A COMPLETE or PARTIAL order is
        incomplete while it lists no numbers, or fewer than its CompletedQuantity. Raises BandwidthGarbled if
        the response has no status.
        """
        body = self.read_order(f"/orders/{order_id}", "OrderStatus")
        if body is None:
            return NOT_FOUND
        numbers = xml.texts(body.root, "CompletedNumbers//FullNumber")
        completed = tuple(from_ten_digits(number) for number in numbers)
        order = OrderStatus(body.status, completed, tuple(parse_failures(body.root)))
        # At least one: an order without completed numbers has the status FAILED.
        count = xml.text(body.root, "CompletedQuantity") or ""
        expected = max(int(count) if count.isdecimal() else 0, 1)
        is_incomplete = (
            order.ended_as in {OrderState.COMPLETED, OrderState.PARTIAL} and len(completed) < expected
        )
        return replace(order, is_incomplete=is_incomplete)

    def _order_type(self, search: NumberSearch, quantity: int) -> Element:
        """Return the element of the order type. Every search has its quantity (error 5198)."""
        if search.telephone_numbers:
            numbers = (E.TelephoneNumber(self.format_number(number)) for number in search.telephone_numbers)
            return E.ExistingTelephoneNumberOrderType(E.TelephoneNumberList(*numbers))
        given = search.criteria()
        written = {
            element: format_boolean(given[name]) if isinstance(given[name], bool) else str(given[name])
            for name, element in _CRITERIA.items()
            if name in given
        }
        order_type = E(_SEARCHES[search.order_type])
        order_type.extend(
            E(element, text) for element, text in (written | {"Quantity": str(quantity)}).items()
        )
        return order_type
