"""Subscriptions of the account API, and the notifications that Bandwidth sends to their URLs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import AccountApi
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.xml import E, Element
from bandwidth_messaging.domain.orders import OrderedWhat
from bandwidth_messaging.domain.phone_numbers import from_ten_digits
from bandwidth_messaging.domain.step_outcomes import StepOutcome

_MESSAGING_LOST: Final = "MESSAGING_LOST"
_TEN_YEARS_SECONDS: Final = 10 * 365 * 24 * 3600


@dataclass(frozen=True)
class Notification:
    """A notification of a changed order, or of hosted numbers (E.164) that lost messaging (`lost`).

    The lists of numbers in a notification of an order are unreliable: published samples list a failed number
    as completed. Read the order itself.
    """

    order_id: str | None
    customer_order_id: str | None
    status: str | None
    lost: tuple[str, ...] = ()


class Subscriptions(AccountApi):
    """The account's subscriptions."""

    notified_order_types: Mapping[OrderedWhat, str] = MappingProxyType(
        {
            "NEW_NUMBERS": "orders",
            "DISCONNECT": "disconnects",
            "IMPORT": "externalTns",
            "REMOVE": "externalTns",
        }
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
        """Subscribe to changes of an order for `seconds`, or until the order ends. Return the id.

        Bandwidth does not repeat a notification that failed (dev.bandwidth.com, webhooks of numbers). An
        existing subscription to the order is replaced.
        """
        subscription = E.Subscription(
            E.OrderType(self.notified_order_types[what]),
            E.OrderId(order_id),
            _callback(callback_url, credentials, seconds),
        )
        subscription_id, _ = self._subscribe(
            subscription, lambda: self._find_by_url(callback_url, "OrderId", order_id)
        )
        return subscription_id

    def subscribe_to_lost_numbers(self, *, callback_url: str, credentials: BasicCredentials) -> StepOutcome:
        """Subscribe to notifications of hosted numbers that lost messaging, or renew the subscription.

        Current API only (specification of the Numbers API).
        """
        subscription = E.Subscription(
            E.EventType(_MESSAGING_LOST), _callback(callback_url, credentials, _TEN_YEARS_SECONDS)
        )
        for subscription_id in self.list_lost_number_subscriptions(callback_url):
            self.write("PUT", f"/subscriptions/{subscription_id}", subscription)
            return StepOutcome.UPDATED
        _, is_new = self._subscribe(subscription, lambda: self.list_lost_number_subscriptions(callback_url))
        return StepOutcome.CREATED if is_new else StepOutcome.UPDATED

    def _subscribe(self, subscription: Element, existing: Callable[[], list[str]]) -> tuple[str, bool]:
        """Create a subscription, or replace the existing one. Return its id and whether it is new.

        Bandwidth rejects a second subscription for the same target with 409. `existing` then returns the ids
        of the first.
        """
        try:
            return self.write("POST", "/subscriptions", subscription).created_id, True
        except BandwidthRejected as error:
            if error.status != HTTPStatus.CONFLICT or not (found := existing()):
                raise
        self.write("PUT", f"/subscriptions/{found[0]}", subscription)
        return found[0], False

    def list_lost_number_subscriptions(self, callback_url: str) -> list[str]:
        """Return the ids of the subscriptions that notify this URL of hosted numbers that lost messaging.

        Subscriptions to orders notify the same URL and are not included.
        """
        return self._find_by_url(callback_url, "EventType", _MESSAGING_LOST)

    def _find_by_url(self, callback_url: str, element: str, value: str) -> list[str]:
        """Return the ids of the subscriptions that notify a URL and have this value in an element."""
        listed = self.find("/subscriptions")
        return [
            subscription_id
            for subscription in ([] if listed is None else listed.iter("Subscription"))
            if xml.text(subscription, element) == value
            and xml.text(subscription, "CallbackSubscription/URL") == callback_url
            and (subscription_id := xml.text(subscription, "SubscriptionId"))
        ]

    def delete_subscription(self, subscription_id: str) -> bool:
        """Delete a subscription. Return whether it existed."""
        return self.delete(f"/subscriptions/{subscription_id}")


def _callback(url: str, credentials: BasicCredentials, seconds: int) -> Element:
    basic = E.BasicAuthentication(E.Username(credentials.username), E.Password(credentials.password))
    return E.CallbackSubscription(E.URL(url), E.Expiry(str(seconds)), E.CallbackCredentials(basic))


def read_notification(body: bytes) -> Notification | None:
    """Parse a notification. Return None if the body is not one, or if a loss of messaging names no number."""
    try:
        root = xml.read(body)
    except xml.Malformed:
        return None
    if root.tag != "Notification":
        return None
    lost: tuple[str, ...] = ()
    if xml.text(root, "EventType") == _MESSAGING_LOST:
        lost = tuple(map(from_ten_digits, xml.texts(root, "ImpactedTelephoneNumbers/TelephoneNumber")))
        if not lost:
            return None
    return Notification(
        xml.text(root, "OrderId"), xml.text(root, "CustomerOrderId"), xml.text(root, "Status"), lost
    )
