"""Subscriptions to order changes. Each notification is sent at most once."""

import itertools
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from lxml import etree
from pydantic import BaseModel, ConfigDict, NonNegativeInt

from simulator.account.account import Account, Change
from simulator.account.api.xml import element, numbers
from simulator.account.placed_orders import FINAL
from simulator.callbacks import Callback, Courier, Endpoint
from simulator.rejections import RejectedError
from simulator.timestamps import timestamp
from simulator.urls import scheme_and_host

# The published statuses that each order type reports.
ORDER_TYPES = {
    "orders": ("BACKORDERED", *FINAL),
    "disconnects": FINAL,
    "externalTns": FINAL,
    "importtnorders": FINAL,
    "removeImportedTnOrders": ("PROCESSING", *FINAL),
    "tnoptions": ("RECEIVED", "PROCESSING", *FINAL),
}
# Only these order types have CompletedTelephoneNumbers (page on order webhooks).
WITH_NUMBERS = ("orders", "disconnects")
MESSAGING_LOST = "MESSAGING_LOST"
# The order of the elements on the page, and their order in a real notification.
ELEMENT_ORDERS = (
    ("SubscriptionId", "OrderType", "EventType", "OrderId", "CustomerOrderId", "Status", "Message", "Note"),
    ("Status", "SubscriptionId", "Message", "OrderId", "OrderType", "EventType", "CustomerOrderId", "Note"),
)
TICK_SECONDS = 0.02

NumberFormat = Literal["LEGACY", "E164"]


class NotificationFaults(BaseModel):
    """Faults of notifications: the next `lose` are not sent, and the elements in `without` are left out.

    Each element in `without` is absent from at least one published sample.
    """

    model_config = ConfigDict(extra="forbid")
    lose: NonNegativeInt = 0
    without: list[Literal["OrderId", "CustomerOrderId", "Message", "CompletedTelephoneNumbers"]] = []


@dataclass(frozen=True)
class Subscription:
    """`topic` is an order type or MESSAGING_LOST. A subscription with an `order_id` ends with the order."""

    topic: str
    order_id: str | None
    endpoint: Endpoint
    expiry: int
    number_format: NumberFormat
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def target(self) -> tuple[str, str | None, str]:
        """Return the key that is unique among subscriptions."""
        return self.topic, self.order_id, self.endpoint.url

    @property
    def is_expired(self) -> bool:
        return datetime.now(UTC) >= self.created + timedelta(seconds=self.expiry)


@dataclass(frozen=True)
class Notification:
    """A notification that was sent, or withheld if `is_lost`."""

    subscription: Subscription
    callback: Callback
    is_lost: bool


class Subscriptions:
    """The account's subscriptions. While one exists, a thread advances the orders continuously."""

    def __init__(self, account: Account, courier: Courier) -> None:
        self._account = account
        self._courier = courier
        self._subscriptions: dict[str, Subscription] = {}
        self._notifications: list[Notification] = []
        self._faults = NotificationFaults()
        self._variants = itertools.count()
        self._wake = threading.Event()
        self._is_open = True
        account.add_listener(self._notify)
        threading.Thread(target=self._watch, name="bandwidth-orders", daemon=True).start()

    def reset(self) -> None:
        with self._account.lock:
            self._subscriptions.clear()
            self._notifications.clear()
            self._faults = NotificationFaults()

    def close(self) -> None:
        self._is_open = False
        self._wake.set()

    def subscribe(self, subscription: Subscription, instead_of: str | None = None) -> None:
        """Add a subscription, or replace the one with id `instead_of`. Raises RejectedError."""
        if subscription.topic not in (*ORDER_TYPES, MESSAGING_LOST):
            raise RejectedError(400, "1006", f"'{subscription.topic}' is no OrderType or EventType.")
        if scheme_and_host(subscription.endpoint.url) is None:
            raise RejectedError(400, "1006", "URL is not a valid URL.")
        if subscription.expiry < 1:
            raise RejectedError(400, "1006", "Expiry must be a positive number of seconds.")
        with self._account.lock:
            if instead_of is not None:
                self.cancel(instead_of)
            if any(each.target == subscription.target for each in self.find()):
                raise RejectedError(409, "1015", "A subscription for this target already exists.")
            self._subscriptions[subscription.id] = subscription
        self._wake.set()

    def get(self, subscription_id: str) -> Subscription:
        if found := next((each for each in self.find() if each.id == subscription_id), None):
            return found
        raise RejectedError(404, "1016", f"Subscription '{subscription_id}' does not exist.")

    def find(self) -> list[Subscription]:
        with self._account.lock:
            for each in [each for each in self._subscriptions.values() if each.is_expired]:
                del self._subscriptions[each.id]
            return list(self._subscriptions.values())

    def cancel(self, subscription_id: str) -> None:
        with self._account.lock:
            del self._subscriptions[self.get(subscription_id).id]

    def last_status(self, subscription: Subscription) -> str | None:
        """Return the HTTP status or error of the subscription's latest callback."""
        callbacks = [each.callback for each in self._notifications if each.subscription.id == subscription.id]
        attempts = [attempt for each in callbacks for attempt in self._delivery(each).get("attempts", [])]
        return None if not attempts else f"{attempts[-1].get('status') or attempts[-1]['error']}"

    def set_faults(self, faults: NotificationFaults) -> None:
        with self._account.lock:
            self._faults = faults

    def notifications(self) -> list[dict[str, Any]]:
        """Return every notification, oldest first, with its attempts and without credentials."""
        with self._account.lock:
            notifications = list(self._notifications)
        shown = []
        for each in notifications:
            delivery = {"state": "lost", "reason": "lost on request", "attempts": []}
            if not each.is_lost:
                delivery = self._delivery(each.callback)
            shown.append(
                {
                    "subscription_id": each.subscription.id,
                    "topic": each.subscription.topic,
                    "order_id": each.callback.message_id or None,
                    "body": each.callback.body.decode(),
                    **{name: delivery[name] for name in ("state", "reason", "attempts")},
                }
            )
        return shown

    def report_messaging_lost(self, lost: Sequence[str]) -> None:
        """Notify subscribers that these hosted numbers (ten digits) moved to another provider."""
        with self._account.lock:
            for each in self.find():
                if each.topic == MESSAGING_LOST:
                    content = {"EventType": MESSAGING_LOST}
                    self._send(each, "", content, "ImpactedTelephoneNumbers", lost)

    def _delivery(self, callback: Callback) -> dict[str, Any]:
        found = (each.shown() for each in self._courier.deliveries() if each.callback is callback)
        return next(found, {"state": "pending", "reason": None, "attempts": []})

    def _notify(self, change: Change) -> None:
        for each in self.find():
            if each.topic != change.order_type or each.order_id not in (None, change.order_id):
                continue
            if change.status in ORDER_TYPES[change.order_type]:
                content = {
                    "OrderType": change.order_type,
                    "OrderId": change.order_id,
                    "CustomerOrderId": change.customer_order_id,
                    "Status": change.status,
                    "Message": change.message,
                }
                # For a failed order the list has the failed numbers (published sample).
                listed = change.failed if change.status == "FAILED" else change.completed
                is_shown = change.order_type in WITH_NUMBERS and change.status in FINAL
                self._send(
                    each,
                    change.order_id,
                    content,
                    "CompletedTelephoneNumbers",
                    listed if is_shown else (),
                    change.modified,
                )
            if each.order_id is not None and change.status in FINAL:
                del self._subscriptions[each.id]

    def _send(
        self,
        subscription: Subscription,
        order_id: str,
        content: Mapping[str, str | None],
        list_name: str,
        listed: Sequence[str],
        modified: datetime | None = None,
    ) -> None:
        content = {"SubscriptionId": subscription.id, **content}
        root = etree.Element("Notification")
        for name in ELEMENT_ORDERS[next(self._variants) % len(ELEMENT_ORDERS)]:
            if (value := content.get(name)) is not None and name not in self._faults.without:
                root.append(element(name, value))
        if listed and list_name not in self._faults.without:
            prefix = "+1" if subscription.number_format == "E164" else ""
            root.append(numbers(list_name, [f"{prefix}{each}" for each in listed]))
        if modified is not None:
            root.append(element("LastModifiedDate", timestamp(modified)))
        callback = Callback(
            "account",
            (subscription.endpoint,),
            type=subscription.topic,
            message_id=order_id,
            to="",
            body=etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True),
            content_type="application/xml; charset=utf-8",
            repeats=False,
        )
        is_lost = self._faults.lose > 0
        if is_lost:
            self._faults = self._faults.model_copy(update={"lose": self._faults.lose - 1})
        self._notifications.append(Notification(subscription, callback, is_lost))
        if not is_lost:
            self._courier.send([callback])

    def _watch(self) -> None:
        while self._is_open:
            self._wake.wait()
            self._account.update_orders()
            with self._account.lock:
                if self._is_open and not self.find():
                    self._wake.clear()
            time.sleep(TICK_SECONDS)
