"""The simulated Dashboard: subscriptions, and their notifications."""

from collections.abc import Callable

import pytest
from lxml import etree

from tests.simulator.support import (
    NUMBERS,
    Client,
    Receiver,
    challenge,
    disconnect_body,
    import_body,
    new_location,
    order_body,
    wait_until,
)

ORDER_ID = "a18a8979-ebed-42f0-ae5f-3cfa7941d4c2"


def subscription_body(url: str, topic: str = "orders", extra: str = "", credentials: str = "") -> str:
    name = "EventType" if topic == "MESSAGING_LOST" else "OrderType"
    return (
        f"<Subscription><{name}>{topic}</{name}>{extra}<CallbackSubscription><URL>{url}</URL>"
        f"<Expiry>12000</Expiry>{credentials}</CallbackSubscription></Subscription>"
    )


BASIC = (
    "<CallbackCredentials><BasicAuthentication><Username>hook</Username><Password>open-sesame</Password>"
    "</BasicAuthentication></CallbackCredentials>"
)


@pytest.fixture
def subscribe(dashboard: Client, receiver: Receiver) -> Callable[..., str]:
    """Subscribe the receiver and return the id of the subscription."""

    def run(topic: str = "orders", **options: str) -> str:
        body = subscription_body(receiver.url, topic, **options)
        response = dashboard.post("/subscriptions", data=body)
        assert (response.status_code, response.content) == (201, b"")
        start, subscription_id = response.headers["Location"].rsplit("/", 1)
        assert start == f"{dashboard.base}/subscriptions"
        return subscription_id

    return run


def received_notifications(receiver: Receiver, count: int = 1) -> list[etree._Element]:
    """Return the first `count` notifications."""
    wait_until(lambda: len(receiver.received) >= count)
    return [etree.fromstring(each.body) for each in receiver.received[:count]]


def order(dashboard: Client, customer_order_id: str = "run-1", quantity: int = 2) -> str:
    location = dashboard.xml("GET", "/sites/701/sippeers").findtext(".//PeerId")
    location = location or new_location(dashboard).rsplit("/", 1)[1]
    body = order_body(location, f"<CustomerOrderId>{customer_order_id}</CustomerOrderId>", quantity)
    return dashboard.xml("POST", "/orders", body, 201).findtext("Order/id") or ""


class TestSubscribing:
    def test_a_subscription_is_returned_without_its_password(
        self, dashboard: Client, receiver: Receiver, control: Client, subscribe: Callable[..., str]
    ) -> None:
        extra = f"<OrderId>{ORDER_ID}</OrderId>"
        subscription_id = subscribe(extra=extra, credentials=BASIC)
        for path in ("/subscriptions", f"/subscriptions/{subscription_id}"):
            root = dashboard.xml("GET", path, status=200)
            assert root.tag == "SubscriptionsResponse"
            [shown] = root.findall("Subscriptions/Subscription")
            assert shown.findtext("SubscriptionId") == subscription_id
            assert (shown.findtext("OrderType"), shown.findtext("OrderId")) == ("orders", ORDER_ID)
            assert shown.findtext("CallbackSubscription/URL") == receiver.url
            assert shown.findtext("CallbackSubscription/Expiry") == "12000"
            assert [each.text for each in shown.iter("Username")] == ["hook"]
            assert b"open-sesame" not in etree.tostring(root)

        for path in ("/account", "/requests?bodies=1"):
            assert "open-sesame" not in control.get(path).text

        [listed] = control.get("/account").json()["subscriptions"]
        assert (listed["topic"], listed["order_id"], listed["has_credentials"]) == ("orders", ORDER_ID, True)

    def test_a_subscription_can_be_changed_and_cancelled(
        self, dashboard: Client, receiver: Receiver, subscribe: Callable[..., str]
    ) -> None:
        path = f"/subscriptions/{subscribe()}"
        changed = subscription_body(f"{receiver.url}/elsewhere", "disconnects")
        assert dashboard.put(path, data=changed).status_code == 200

        shown = dashboard.xml("GET", path)

        assert [each.text for each in shown.iter("OrderType")] == ["disconnects"]
        assert dashboard.delete(path).status_code == 200
        assert dashboard.xml("GET", "/subscriptions").findtext("Subscriptions") in (None, "")
        assert [dashboard.request(each, path).status_code for each in ("GET", "DELETE")] == [404, 404]

    @pytest.mark.parametrize("topic", ["orders", "MESSAGING_LOST"])
    def test_a_target_has_at_most_one_subscription(
        self, dashboard: Client, receiver: Receiver, topic: str
    ) -> None:
        bodies = {
            "first": subscription_body(receiver.url, topic),
            "again": subscription_body(receiver.url, topic, credentials=BASIC),
            "another URL": subscription_body(f"{receiver.url}/2", topic),
            "another topic": subscription_body(receiver.url, "disconnects"),
        }
        responses = {name: dashboard.post("/subscriptions", data=body) for name, body in bodies.items()}

        statuses = {name: response.status_code for name, response in responses.items()}
        assert statuses == {"first": 201, "again": 409, "another URL": 201, "another topic": 201}
        first = responses["first"].headers["Location"].removeprefix(dashboard.base)
        assert dashboard.put(first, data=bodies["again"]).status_code == 200
        assert dashboard.delete(first).status_code == 200
        assert dashboard.post("/subscriptions", data=bodies["first"]).status_code == 201

    def test_a_subscription_ends_with_its_expiry(self, dashboard: Client, receiver: Receiver) -> None:
        body = subscription_body(receiver.url).replace("12000", "1")
        path = dashboard.post("/subscriptions", data=body).headers["Location"].removeprefix(dashboard.base)
        assert dashboard.get(path).status_code == 200
        wait_until(lambda: dashboard.get(path).status_code == 404)

    @pytest.mark.parametrize(
        ("old", "new", "code"),
        [
            ("<OrderType>orders</OrderType>", "", "1003"),
            ("<OrderType>orders", "<EventType>MESSAGING_LOST</EventType><OrderType>orders", "1003"),
            ("<OrderType>orders", "<OrderType>pizzas", "1006"),
            ("<URL>https://a.example/hook</URL>", "", "1003"),
            ("https://a.example/hook", "a.example/hook", "1006"),
            ("<Expiry>12000</Expiry>", "", "1003"),
            (">12000<", ">soon<", "1006"),
            ("CallbackSubscription", "EmailSubscription", "1003"),
            ("<Expiry>", "<NumberFormat>NATIONAL</NumberFormat><Expiry>", "1006"),
        ],
    )
    def test_an_invalid_subscription_returns_its_error_code(
        self, dashboard: Client, old: str, new: str, code: str
    ) -> None:
        body = subscription_body("https://a.example/hook").replace(old, new)
        root = dashboard.xml("POST", "/subscriptions", body, 400)
        assert (root.tag, root.findtext("ResponseStatus/ErrorCode")) == ("SubscriptionsResponse", code)


class TestNotifications:
    def test_an_order_is_reported_without_any_read_of_the_account(
        self, dashboard: Client, receiver: Receiver, subscribe: Callable[..., str]
    ) -> None:
        subscription_id = subscribe()
        order_id = order(dashboard)
        [notification] = received_notifications(receiver)

        numbers = [each.text for each in dashboard.xml("GET", f"/orders/{order_id}").iter("FullNumber")]

        assert notification.tag == "Notification"
        assert notification.findtext("SubscriptionId") == subscription_id
        assert (notification.findtext("OrderType"), notification.findtext("OrderId")) == ("orders", order_id)
        assert (notification.findtext("CustomerOrderId"), notification.findtext("Status")) == (
            "run-1",
            "COMPLETE",
        )
        assert [
            each.text for each in notification.iterfind("CompletedTelephoneNumbers/TelephoneNumber")
        ] == numbers
        assert notification.findtext("LastModifiedDate")
        assert receiver.received[0].headers["content-type"] == "application/xml; charset=utf-8"

    def test_each_documented_status_is_reported_once(
        self, dashboard: Client, receiver: Receiver, control: Client, subscribe: Callable[..., str]
    ) -> None:
        subscribe()
        control.put("/orders/run-1", json={"fate": "BACKORDERED"})
        order_id = order(dashboard)
        received_notifications(receiver)

        dashboard.xml("PUT", f"/orders/{order_id}", "<Order><CloseOrder>true</CloseOrder></Order>", 200)

        assert [each.findtext("Status") for each in received_notifications(receiver, 2)] == [
            "BACKORDERED",
            "FAILED",
        ]
        assert len(control.get("/notifications").json()["notifications"]) == 2

    def test_the_notification_of_a_failed_order_lists_the_failed_numbers(
        self, dashboard: Client, receiver: Receiver, control: Client, subscribe: Callable[..., str]
    ) -> None:
        subscribe()
        location = new_location(dashboard).rsplit("/", 1)[1]
        control.put("/supply/9195550121", json={"available": 0})
        listed = "<TelephoneNumberList><TelephoneNumber>9195550121</TelephoneNumber></TelephoneNumberList>"
        body = (
            f"<Order><ExistingTelephoneNumberOrderType>{listed}</ExistingTelephoneNumberOrderType>"
            f"<SiteId>701</SiteId><PeerId>{location}</PeerId></Order>"
        )

        dashboard.xml("POST", "/orders", body, 201)

        [notification] = received_notifications(receiver)
        assert notification.findtext("Status") == "FAILED"
        assert (notification.findtext("Message") or "").startswith("5005: ")
        assert notification.findtext("CompletedTelephoneNumbers/TelephoneNumber") == "9195550121"
        assert notification.find("CustomerOrderId") is None

    def test_the_order_of_elements_varies(
        self, dashboard: Client, receiver: Receiver, subscribe: Callable[..., str]
    ) -> None:
        subscribe()
        order(dashboard, "run-1")
        order(dashboard, "run-2")

        one, other = (
            [each.tag for each in notification] for notification in received_notifications(receiver, 2)
        )

        assert one != other
        assert set(one) == set(other)

    @pytest.mark.parametrize("topic", ["disconnects", "externalTns"])
    def test_orders_of_every_type_are_reported(
        self, dashboard: Client, receiver: Receiver, subscribe: Callable[..., str], topic: str
    ) -> None:
        order(dashboard)
        subscribe(topic)

        if topic == "externalTns":
            dashboard.xml("POST", "/externalTns", import_body(numbers=NUMBERS[:1]), 201)
        else:
            dashboard.xml("POST", "/disconnects", disconnect_body(["9195550199"]), 201)

        [notification] = received_notifications(receiver)
        status = {"disconnects": "FAILED", "externalTns": "COMPLETE"}[topic]
        assert (notification.findtext("OrderType"), notification.findtext("Status")) == (topic, status)
        assert (notification.find("CompletedTelephoneNumbers") is not None) == (topic == "disconnects")

    def test_a_subscription_to_one_order_reports_only_that_order_and_ends_with_it(
        self, dashboard: Client, receiver: Receiver, control: Client, subscribe: Callable[..., str]
    ) -> None:
        control.put("/orders/run-1", json={"fate": "BACKORDERED"})
        order_id = order(dashboard)
        subscribe(extra=f"<OrderId>{order_id}</OrderId>")
        order(dashboard, "run-2")
        control.put("/orders/run-1", json={"fate": "COMPLETE"})
        notification = received_notifications(receiver)
        wait_until(lambda: control.get("/account").json()["subscriptions"] == [])

        assert {each.findtext("OrderId") for each in notification} == {order_id}

        shown = control.get("/notifications").json()["notifications"]
        assert {each["order_id"] for each in shown} == {order_id}

    def test_notifications_can_have_numbers_in_e164(
        self, dashboard: Client, receiver: Receiver, subscribe: Callable[..., str]
    ) -> None:
        subscribe(credentials="<NumberFormat>E164</NumberFormat>")
        order(dashboard, quantity=1)
        [notification] = received_notifications(receiver)
        assert (notification.findtext(".//TelephoneNumber") or "").startswith("+1910")

    def test_credentials_are_sent_after_the_challenge(
        self, dashboard: Client, receiver: Receiver, control: Client, subscribe: Callable[..., str]
    ) -> None:
        receiver.responses = challenge("hook", "open-sesame")
        subscription_id = subscribe(credentials=BASIC)
        order(dashboard)
        received_notifications(receiver, 2)

        assert [each.authorization is None for each in receiver.received] == [True, False]

        wait_until(lambda: control.get("/notifications").json()["notifications"][0]["state"] == "delivered")
        shown = dashboard.xml("GET", f"/subscriptions/{subscription_id}")
        assert [each.text for each in shown.iter("Status")] == ["200"]
        assert "open-sesame" not in control.get("/notifications").text

    def test_a_rejected_notification_is_not_sent_again(
        self, dashboard: Client, receiver: Receiver, control: Client, subscribe: Callable[..., str]
    ) -> None:
        receiver.responses = lambda _: 503
        subscribe()
        order(dashboard)
        wait_until(lambda: receiver.received)
        wait_until(lambda: control.get("/health").json()["callbacks_pending"] == 0)

        [shown] = control.get("/notifications").json()["notifications"]

        assert (shown["state"], len(shown["attempts"])) == ("lost", 1)

    def test_the_next_notifications_can_be_lost(
        self, dashboard: Client, receiver: Receiver, control: Client, subscribe: Callable[..., str]
    ) -> None:
        subscribe()
        control.put("/notifications", json={"lose": 1})
        lost, notification = order(dashboard, "run-1"), order(dashboard, "run-2")
        assert [each.findtext("OrderId") for each in received_notifications(receiver)] == [notification]

        shown = control.get("/notifications").json()["notifications"]

        assert [(each["order_id"], each["state"] == "lost") for each in shown] == [
            (lost, True),
            (notification, False),
        ]

    def test_elements_absent_from_samples_can_be_omitted(
        self, dashboard: Client, receiver: Receiver, control: Client, subscribe: Callable[..., str]
    ) -> None:
        subscribe()
        left_out = ["OrderId", "CustomerOrderId", "Message", "CompletedTelephoneNumbers"]

        control.put("/notifications", json={"without": left_out})

        order(dashboard)
        [notification] = received_notifications(receiver)
        assert {each.tag for each in notification} == {
            "SubscriptionId",
            "OrderType",
            "Status",
            "LastModifiedDate",
        }

    def test_no_notification_is_sent_after_a_reset(
        self, dashboard: Client, receiver: Receiver, control: Client, subscribe: Callable[..., str]
    ) -> None:
        subscribe()

        control.post("/reset")

        order_id = order(dashboard)
        assert dashboard.xml("GET", f"/orders/{order_id}").findtext("OrderStatus") == "COMPLETE"
        assert control.get("/notifications").json() == {"notifications": []}
        assert receiver.received == []
