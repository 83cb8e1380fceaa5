"""Notifications of changed orders: subscribed to once, never trusted, and not required."""

import base64
import json
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services import parallel
from functions.messages import replay_quarantine
from functions.setups import await_notification, check_input, receive_notification
from tests.clock import Clock
from tests.functions.conftest import NOTIFICATION_URL, Stack, call, sample
from tests.generations import both_generations

ORDER = sample("setups/check_input")["executionName"]
ORDER_ID = sample("setups/await_notification")["orderId"]
NOTIFIED = sample("setups/receive_notification")
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")
HOME = Home(api="v1", customer_order_id=ORDER, site_id="743")


class Machines:
    """Step Functions with one task token. It records the waits that were ended."""

    exceptions = boto3.client("stepfunctions", region_name="us-east-1").exceptions

    def __init__(self) -> None:
        self.ended_waits: list[str] = []
        self.error: str | None = None

    def send_task_success(self, *, taskToken: str, output: str) -> None:  # noqa: N803 - boto3's name
        if self.error:
            raise getattr(self.exceptions, self.error)({"Error": {"Code": self.error}}, "SendTaskSuccess")
        assert output == "{}"
        self.ended_waits.append(taskToken)


@pytest.fixture
def machines(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Machines:
    """A set-up that has placed its order."""
    machines = Machines()
    monkeypatch.setattr(stores, "step_functions", lambda: machines)
    call(check_input, sample("setups/check_input"))
    stores.orders().record_ordered(ORDER, ORDER_ID, "2026-11-22T09:30:00.000Z")
    return machines


def wait(task: str = "first", **fields: Any) -> Any:
    return call(await_notification, sample("setups/await_notification") | {"taskToken": task} | fields)


def notify(body: str | None = None, **different: str) -> Any:
    event = NOTIFIED | {"body": NOTIFIED["body"] if body is None else body}
    for before, after in different.items():
        event["body"] = event["body"].replace(before, after)
    return call(receive_notification, event)


def lost(*numbers: str) -> str:
    listed = "".join(f"<TelephoneNumber>{number.removeprefix('+1')}</TelephoneNumber>" for number in numbers)
    return (
        "<Notification><EventType>MESSAGING_LOST</EventType>"
        f"<ImpactedTelephoneNumbers>{listed}</ImpactedTelephoneNumbers></Notification>"
    )


def activate(*numbers: str) -> None:
    for number in numbers:
        stores.numbers().activate(number, HOME, "2026-02-03T04:05:06.000Z")


def states(*numbers: str) -> list[str]:
    return [item["state"] for item in stores.numbers().get_all(numbers)]


def subscriptions(stack: Stack) -> Any:
    return stack.simulator.simulator.subscriptions.find()


@both_generations
class TestWaiting:
    def test_subscribes_to_the_order_once_with_url_and_credentials(
        self, stack: Stack, machines: Machines
    ) -> None:
        assert wait("first", deadline="2100-01-01T00:00:00.000Z")["detail"] == "subscribed"
        assert wait("second")["detail"] == "subscribed before"

        (made,) = subscriptions(stack)
        assert (made.topic, made.order_id, made.endpoint.url) == ("orders", ORDER_ID, NOTIFICATION_URL)
        assert (made.endpoint.user, made.endpoint.password) == ("bandwidth", "callback:password")
        assert made.expiry > 365 * 24 * 3600

    @pytest.mark.parametrize(
        ("what", "topics"),
        [
            ("IMPORT", {"classic": "externalTns", "current": "importtnorders"}),
            ("REMOVE", {"classic": "externalTns", "current": "removeImportedTnOrders"}),
        ],
    )
    def test_imports_and_removals_are_orders_of_their_own_type(
        self, stack: Stack, machines: Machines, generation: str, what: str, topics: dict[str, str]
    ) -> None:
        wait(what=what)
        assert [each.topic for each in subscriptions(stack)] == [topics[generation]]

    @pytest.mark.parametrize("status", [400, 403, 429, 500])
    def test_a_failed_subscription_is_logged_and_the_wait_continues_without_it(
        self, stack: Stack, machines: Machines, capsys: pytest.CaptureFixture[str], status: int
    ) -> None:
        stack.add_fault("/subscriptions", answer={"status": status})

        assert wait("first")["detail"].startswith("not subscribed (Bandwidth")
        assert wait("second")["detail"] == "subscribed"

        assert capsys.readouterr().out.count("subscription failed") == 1

    def test_after_the_deadline_the_wait_for_a_closed_order_lasts_an_hour(
        self, stack: Stack, machines: Machines
    ) -> None:
        wait(deadline="2026-01-01T00:00:00.000Z")
        assert [each.expiry for each in subscriptions(stack)] == [3600]


class TestOrdersOfOptions:
    def test_have_a_subscription_of_their_own_and_end_their_wait(
        self, stack: Stack, machines: Machines
    ) -> None:
        wait("order")

        assert wait("options", what="NUMBER_OPTIONS", orderId="options-1")["detail"] == "subscribed"
        assert wait("again", what="NUMBER_OPTIONS", orderId="options-1")["detail"] == "subscribed before"

        topics = [(each.topic, each.order_id) for each in subscriptions(stack)]
        assert topics == [("orders", ORDER_ID), ("tnoptions", "options-1")]
        notify()
        assert machines.ended_waits == []
        notify(**{ORDER_ID: "options-1"})
        assert machines.ended_waits == ["again"]

    def test_end_their_wait_also_after_the_set_up_is_recorded(self, machines: Machines) -> None:
        stores.orders().finish(ORDER, "completed", at="2026-11-22T09:31:00.000Z", completed=2)

        wait("options", what="NUMBER_OPTIONS", orderId="options-1")
        notify(**{ORDER_ID: "options-1"})

        assert machines.ended_waits == ["options"]


@both_generations
def test_a_disconnect_is_subscribed_to(stack: Stack, machines: Machines) -> None:
    wait(what="DISCONNECT")
    assert [each.topic for each in subscriptions(stack)] == ["disconnects"]


def test_a_wait_of_an_earlier_version_is_for_the_order_itself(stack: Stack, machines: Machines) -> None:
    stores.orders()._table.update(
        {"pk": f"ORDER#{ORDER}"}, assign={"taskToken": "old", "subscriptionId": "subscription-1"}
    )

    notify(**{ORDER_ID: "another"})
    assert machines.ended_waits == []
    notify()
    assert machines.ended_waits == ["old"]
    assert wait("new")["detail"] == "subscribed before"


class TestANotification:
    def test_ends_the_wait_for_its_order_with_the_latest_token(self, machines: Machines) -> None:
        wait("first")

        wait("second")

        assert notify() == {"statusCode": 204}
        assert machines.ended_waits == ["second"]

    def test_without_an_order_id_ends_the_wait(self, machines: Machines) -> None:
        wait()
        notify(**{f"<OrderId>{ORDER_ID}</OrderId>": ""})
        assert machines.ended_waits == ["first"]

    def test_does_not_change_the_order(self, machines: Machines) -> None:
        wait()
        before = stores.orders().get(ORDER)

        notify(COMPLETE="FAILED")

        assert stores.orders().get(ORDER) == before

    @pytest.mark.parametrize(
        "different",
        [
            {ORDER: "another"},
            {ORDER_ID: "another"},
            {f"<CustomerOrderId>{ORDER}</CustomerOrderId>": ""},
            {ORDER: "x" * 3000},
            {"Notification>": "Order>"},
        ],
        ids=["another set-up", "another order", "no CustomerOrderId", "no id at all", "no notification"],
    )
    def test_for_another_order_ends_no_wait(self, machines: Machines, different: dict[str, str]) -> None:
        wait()
        assert notify(**different) == {"statusCode": 204}
        assert machines.ended_waits == []

    @pytest.mark.parametrize(
        "body", ["", "{}", "<Notification>", "<!DOCTYPE r [<!ENTITY it 'x'>]><r>&it;</r>"]
    )
    def test_that_is_garbled_ends_no_wait(self, machines: Machines, body: str) -> None:
        wait()

        assert notify(body) == {"statusCode": 204}
        assert call(receive_notification, NOTIFIED | {"body": "€", "isBase64Encoded": True}) == {
            "statusCode": 204
        }
        assert machines.ended_waits == []

    def test_before_the_wait_ends_no_wait(self, machines: Machines) -> None:
        assert notify() == {"statusCode": 204}
        assert machines.ended_waits == []

    @pytest.mark.parametrize("error", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
    def test_after_the_wait_timed_out_returns_204(self, machines: Machines, error: str) -> None:
        wait()
        machines.error = error
        assert notify() == {"statusCode": 204}

    def test_after_the_end_ends_no_wait(self, machines: Machines) -> None:
        wait()
        stores.orders().finish(ORDER, "completed", at="2026-11-22T09:31:00.000Z", completed=2)

        notify()

        assert machines.ended_waits == []

    @pytest.mark.parametrize("failing", ["StateMachineDoesNotExist", "orders"])
    def test_that_could_not_be_applied_is_quarantined_and_replayed(
        self, stack: Stack, machines: Machines, monkeypatch: pytest.MonkeyPatch, failing: str
    ) -> None:
        wait()

        with monkeypatch.context() as failed:
            if failing == "orders":
                failed.setattr(stores.orders(), "get", Mock(side_effect=THROTTLED))
            else:
                failed.setattr(machines, "error", failing)
            assert notify() == {"statusCode": 204}

        assert machines.ended_waits == []

        assert call(replay_quarantine, {}) == {"stored": 1, "left": 0, "reasons": {}}

        assert machines.ended_waits == ["first"]
        assert stack.receive_messages(stack.quarantine_queue) == []

    def test_that_cannot_be_read_is_quarantined(self, stack: Stack, machines: Machines) -> None:
        assert notify("<Notification>") == {"statusCode": 204}

        (message,) = stack.receive_messages(stack.quarantine_queue)
        kept = json.loads(message["Body"])
        assert kept["reasons"] == ["the notification cannot be read"]
        assert kept["callback"]["body"] == "<Notification>"
        assert kept["callback"]["resource"] == "/callbacks/orders"

    def test_that_can_be_neither_applied_nor_quarantined_is_an_error(
        self, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wait()
        monkeypatch.setattr(stores.orders(), "get", Mock(side_effect=THROTTLED))
        monkeypatch.setattr(stores.quarantine(), "keep", Mock(side_effect=THROTTLED))
        with pytest.raises(ClientError):
            notify()


class TestLostNumbers:
    def test_that_could_not_be_recorded_are_quarantined_and_replayed(
        self, stack: Stack, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        numbers = [f"+191955512{number:02}" for number in range(20)]
        activate(*numbers)
        lose = stores.numbers().record_messaging_lost

        def throttle_one(number: str, at: str) -> None:
            if number == numbers[3]:
                raise THROTTLED
            lose(number, at)

        with monkeypatch.context() as throttled:
            throttled.setattr(stores.numbers(), "record_messaging_lost", throttle_one)
            assert notify(lost(*numbers)) == {"statusCode": 204}

        assert states(*numbers) == ["released"] * 3 + ["active"] + ["released"] * 16

        assert call(replay_quarantine, {}) == {"stored": 1, "left": 0, "reasons": {}}

        assert states(*numbers) == ["released"] * 20

    def test_that_became_active_before_the_replay_stay_active(
        self, stack: Stack, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = "+19195551200"
        with monkeypatch.context() as throttled:
            throttled.setattr(stores.numbers(), "record_messaging_lost", Mock(side_effect=THROTTLED))
            assert notify(lost(number)) == {"statusCode": 204}

        stores.numbers().activate(number, HOME, "2999-01-01T00:00:00.000Z")

        assert call(replay_quarantine, {})["stored"] == 1

        assert states(number) == ["active"]

    def test_that_cannot_all_be_recorded_in_time_are_quarantined(
        self, stack: Stack, machines: Machines, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = Clock()
        monkeypatch.setattr(parallel, "monotonic", clock)
        monkeypatch.setattr(stores.numbers(), "record_messaging_lost", lambda *_, **__: clock.advance(0.1))
        assert notify(lost(*(f"+1919555{number:04}" for number in range(1000)))) == {"statusCode": 204}

        (message,) = stack.receive_messages(stack.quarantine_queue)
        assert json.loads(message["Body"])["reasons"] == ["not all numbers could be released in time"]

    def test_a_notification_that_names_none_is_quarantined(self, stack: Stack, machines: Machines) -> None:
        assert notify(lost()) == {"statusCode": 204}
        assert len(stack.receive_messages(stack.quarantine_queue)) == 1

    def test_a_byte_order_mark_before_the_body_is_ignored(self, stack: Stack, machines: Machines) -> None:
        activate("+19195551200")

        body = base64.b64encode(b"\xef\xbb\xbf" + lost("+19195551200").encode()).decode()

        assert call(receive_notification, NOTIFIED | {"body": body, "isBase64Encoded": True})
        assert states("+19195551200") == ["released"]
