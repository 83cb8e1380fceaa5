"""Orders of new numbers in the account API."""

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import (
    NOT_FOUND,
    AccountApi,
    failures_of,
    only_one,
    rejection_of,
    required,
    root_of,
)
from bandwidth_messaging.bandwidth.xml import E
from bandwidth_messaging.domain.orders import OrderStatus
from bandwidth_messaging.domain.phone_numbers import from_ten_digits


class NumberOrders(AccountApi):
    """The account's orders of new numbers."""

    def order_numbers(
        self,
        *,
        area_code: str,
        quantity: int,
        site_id: str,
        location_id: str,
        customer_order_id: str | None = None,
    ) -> str:
        """Order numbers of an area code and return the order's id (heading "Order Available Numbers").

        This spends money and is not idempotent; `customer_order_id` is what the order is found again by.
        """
        order = E.Order(
            E.AreaCodeSearchAndOrderType(E.AreaCode(area_code), E.Quantity(str(quantity))),
            E.SiteId(site_id),
            E.PeerId(location_id),
        )
        if customer_order_id is not None:
            order.insert(0, E.CustomerOrderId(customer_order_id))
        answer = self.write("POST", "/orders", order)
        return required(answer, "Order/id")

    def find_order(self, customer_order_id: str) -> str | None:
        """Return the id of the order with this CustomerOrderId, None if Bandwidth knows none.

        Raises BandwidthRejected if there are several.
        """
        root = self.get("/orders", {"customerOrderId": customer_order_id})
        found = {
            order_id
            for listed in root.iterfind(".//OrderIdUserIdDate")
            if xml.text(listed, "CustomerOrderId") in {customer_order_id, None}
            and (order_id := xml.text(listed, "OrderId") or xml.text(listed, "orderId"))
        }
        return only_one(found, "GET /orders", customer_order_id)

    def order_status(self, order_id: str) -> OrderStatus:
        """Return how far the order is (heading "Check Order Status").

        An order that is not to be found yet, right after it was placed, has the status NOT_FOUND.
        Raises BandwidthGarbled if the answer tells no status.
        """
        answer = self.get_order(f"/orders/{order_id}")
        if answer is None:
            return NOT_FOUND
        root = root_of(answer)
        if (status := xml.text(root, "OrderStatus")) is None:
            raise rejection_of(answer, root) or answer.garbled("tells no OrderStatus")
        completed = xml.texts(root, "CompletedNumbers//FullNumber")
        return OrderStatus(
            status, tuple(from_ten_digits(number) for number in completed), tuple(failures_of(root))
        )
