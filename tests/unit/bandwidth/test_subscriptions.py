"""Subscriptions to orders, and the notifications that come of them."""

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.subscriptions import Notification, read_notification
from bandwidth_messaging.domain.orders import OrderedWhat
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from tests.documents.examples import outline
from tests.http_server import Response, Server

CREDENTIALS = BasicCredentials("bandwidth", "callback-password")


def test_an_order_is_subscribed_to_with_our_address_and_credentials(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(
        Response(201, headers={"Location": "/accounts/9500149/subscriptions/subscription-1"})
    )

    made = dashboard.subscribe(
        "NEW_NUMBERS", "order-1", callback_url="https://example.com/o", credentials=CREDENTIALS, seconds=3600
    )

    assert made == "subscription-1"
    assert (bandwidth.only_request.method, bandwidth.only_request.path) == (
        "POST",
        "/accounts/9500149/subscriptions",
    )
    assert outline(bandwidth.only_request.body) == [
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
        (Dashboard, "DISCONNECT", "disconnects"),
        (DashboardCurrent, "DISCONNECT", "disconnects"),
        (DashboardCurrent, "NUMBER_OPTIONS", "tnoptions"),
        (DashboardCurrent, "NEW_NUMBERS", "orders"),
        (DashboardCurrent, "IMPORT", "importtnorders"),
        (DashboardCurrent, "REMOVE", "removeImportedTnOrders"),
    ],
)
def test_each_kind_of_order_has_its_type(
    bandwidth: Server, generation: type[Dashboard], what: OrderedWhat, order_type: str
) -> None:
    bandwidth.respond_with(Response(201, headers={"Location": "/subscriptions/subscription-1"}))
    generation(bandwidth.url, "9500149", CREDENTIALS).subscribe(
        what, "order-1", callback_url="https://example.com", credentials=CREDENTIALS, seconds=1
    )
    assert (1, "OrderType", order_type) in outline(bandwidth.only_request.body)


URL = "https://example.com/o"
CONFLICT = Response(409)


def subscriptions(*subscription: str) -> Response:
    callback = f"<CallbackSubscription><URL>{URL}</URL></CallbackSubscription>"
    listed = "".join(f"<Subscription>{each}{callback}</Subscription>" for each in subscription)
    return Response(
        200, f"<SubscriptionsResponse><Subscriptions>{listed}</Subscriptions></SubscriptionsResponse>"
    )


OF_ORDER = "<SubscriptionId>s-1</SubscriptionId><OrderType>orders</OrderType><OrderId>order-1</OrderId>"
OF_ANOTHER = "<SubscriptionId>s-2</SubscriptionId><OrderType>orders</OrderType><OrderId>order-2</OrderId>"
OF_LOST_NUMBERS = "<SubscriptionId>s-3</SubscriptionId><EventType>MESSAGING_LOST</EventType>"


def subscribe(dashboard: Dashboard) -> str:
    return dashboard.subscribe(
        "NEW_NUMBERS", "order-1", callback_url=URL, credentials=CREDENTIALS, seconds=60
    )


def test_a_subscription_to_an_order_that_exists_is_replaced(bandwidth: Server, dashboard: Dashboard) -> None:
    bandwidth.respond_with(CONFLICT, subscriptions(OF_ANOTHER, OF_LOST_NUMBERS, OF_ORDER), Response(200))

    assert subscribe(dashboard) == "s-1"

    assert [(each.method, each.path.rpartition("/")[2]) for each in bandwidth.requests] == [
        ("POST", "subscriptions"),
        ("GET", "subscriptions"),
        ("PUT", "s-1"),
    ]
    assert bandwidth.requests[2].body == bandwidth.requests[0].body


def test_a_conflict_without_a_subscription_of_that_target_is_a_rejection(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(CONFLICT, subscriptions(OF_ANOTHER))

    with pytest.raises(BandwidthRejected, match="409"):
        subscribe(dashboard)


def test_a_subscription_to_lost_numbers_that_another_set_up_created_is_renewed(
    bandwidth: Server, dashboard: Dashboard
) -> None:
    bandwidth.respond_with(subscriptions(), CONFLICT, subscriptions(OF_LOST_NUMBERS), Response(200))

    outcome = dashboard.subscribe_to_lost_numbers(callback_url=URL, credentials=CREDENTIALS)

    assert outcome == StepOutcome.UPDATED
    assert (bandwidth.requests[3].method, bandwidth.requests[3].path.rpartition("/")[2]) == ("PUT", "s-3")


@pytest.mark.parametrize(
    ("inside", "notification"),
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
def test_absent_elements_of_a_notification_are_none(inside: str, notification: Notification) -> None:
    assert read_notification(f"<Notification>{inside}</Notification>".encode()) == notification


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
def test_another_body_is_not_a_notification(body: bytes) -> None:
    assert read_notification(body) is None
