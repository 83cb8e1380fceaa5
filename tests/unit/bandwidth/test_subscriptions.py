"""Subscriptions to orders, and the notifications that come of them."""

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.dashboard_today import DashboardToday
from bandwidth_messaging.bandwidth.subscriptions import Notification, read_notification
from bandwidth_messaging.domain.orders import OrderedWhat
from tests.documents.examples import outline
from tests.http_server import Answer, Server

CREDENTIALS = BasicCredentials("bandwidth", "callback-password")


def test_an_order_is_subscribed_to_with_our_address_and_credentials(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.answers(Answer(201, headers={"Location": "/accounts/9500149/subscriptions/subscription-1"}))
    made = dashboard.subscribe(
        "NEW_NUMBERS", "order-1", callback_url="https://example.com/o", credentials=CREDENTIALS, seconds=3600
    )
    assert made == "subscription-1"
    assert (bandwidth.only.method, bandwidth.only.path) == ("POST", "/accounts/9500149/subscriptions")
    assert outline(bandwidth.only.body) == [
        (0, "Subscription", ""),
        (1, "OrderType", "orders"),
        (1, "OrderId", "order-1"),
        (1, "CallbackSubscription", ""),
        (2, "URL", "https://example.com/o"),
        (2, "Expiry", "3600"),
        (2, "CallbackCredentials", ""),
        (3, "BasicAuthentication", ""),
        (4, "Username", "bandwidth"),
        (4, "Password", "callback-password"),
    ]


@pytest.mark.parametrize(
    ("generation", "what", "order_type"),
    [
        (Dashboard, "IMPORT", "externalTns"),
        (Dashboard, "REMOVE", "externalTns"),
        (DashboardToday, "NEW_NUMBERS", "orders"),
        (DashboardToday, "IMPORT", "importtnorders"),
        (DashboardToday, "REMOVE", "removeImportedTnOrders"),
    ],
)
def test_each_kind_of_order_has_its_type(
    bandwidth: Server, generation: type[Dashboard], what: OrderedWhat, order_type: str
) -> None:
    bandwidth.answers(Answer(201, headers={"Location": "/subscriptions/subscription-1"}))
    generation(bandwidth.url, "9500149", CREDENTIALS).subscribe(
        what, "order-1", callback_url="https://example.com", credentials=CREDENTIALS, seconds=1
    )
    assert (1, "OrderType", order_type) in outline(bandwidth.only.body)


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (
            "<Status>COMPLETE</Status><OrderId>order-1</OrderId><CustomerOrderId>demo</CustomerOrderId>",
            Notification("order-1", "demo", "COMPLETE"),
        ),
        (
            "<OrderId>order-1</OrderId><Note/><OrderType>orders</OrderType>",
            Notification("order-1", None, None),
        ),
        ("", Notification(None, None, None)),
    ],
)
def test_what_a_notification_leaves_out_is_not_told(inside: str, told: Notification) -> None:
    assert read_notification(f"<Notification>{inside}</Notification>".encode()) == told


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<Notification>",
        b"<Order><OrderId>order-1</OrderId></Order>",
        b"<Notification><EventType>MESSAGING_LOST</EventType></Notification>",
    ],
)
def test_what_is_no_notification_tells_nothing(body: bytes) -> None:
    assert read_notification(body) is None
