"""Subscriptions of the account API: who is called when an order has changed, and what that call says."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import AccountApi
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.xml import E
from bandwidth_messaging.domain.orders import OrderedWhat


@dataclass(frozen=True)
class Notification:
    """What a notification says of an order. It is a hint: published ones list failed numbers as completed."""

    order_id: str | None
    customer_order_id: str | None
    status: str | None


class Subscriptions(AccountApi):
    """The account's subscriptions."""

    notified_order_types: Mapping[OrderedWhat, str] = MappingProxyType(
        {"NEW_NUMBERS": "orders", "IMPORT": "externalTns", "REMOVE": "externalTns"}
    )

    def subscribe(
        self,
        what: OrderedWhat,
        order_id: str,
        *,
        callback_url: str,
        credentials: BasicCredentials,
        seconds: int,
    ) -> str:
        """Let changes of an order be told, for so many seconds or until it has ended; return the id.

        Bandwidth calls once and never again (wire: order and event notifications). Several subscriptions to
        one order tell it several times.
        """
        callback = E.CallbackSubscription(
            E.URL(callback_url),
            E.Expiry(str(seconds)),
            E.CallbackCredentials(
                E.BasicAuthentication(E.Username(credentials.username), E.Password(credentials.password))
            ),
        )
        subscription = E.Subscription(
            E.OrderType(self.notified_order_types[what]), E.OrderId(order_id), callback
        )
        return self.write("POST", "/subscriptions", subscription).created_id


def read_notification(body: bytes) -> Notification | None:
    """Return what a notification says, None if it is none."""
    try:
        root = xml.read(body)
    except xml.Malformed:
        return None
    if root.tag != "Notification":
        return None
    return Notification(
        xml.text(root, "OrderId"), xml.text(root, "CustomerOrderId"), xml.text(root, "Status")
    )
