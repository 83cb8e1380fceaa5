"""The preflight of a number: its location has the application, which has the callback URL of the stack."""

from dataclasses import dataclass
from typing import Any

import pytest

from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.services import message_delivery
from functions.control import browse
from functions.messages import deliver_message, send_message
from simulator.account.account import SmsFeature
from simulator.account.order_outcomes import OrderOutcome
from simulator.callbacks import Endpoint
from tests.functions.conftest import CALLBACK_URL, CONFIG, PASSED, Stack, call, call_api, sample
from tests.generations import both_generations

pytestmark = both_generations

RECIPIENT = "+19195551234"
AT = "2026-01-01T00:00:00.000Z"
SMS = SmsFeature({"Protocol": "HTTP"}, "539692")


@dataclass
class Number:
    """A number with a correct set-up at Bandwidth and no recorded preflight."""

    stack: Stack
    number: str
    location: Any
    application_id: str

    def activate(self, order_id: str = "order-1") -> None:
        home = Home(
            api="v2",
            customer_order_id=order_id,
            order_id=order_id,
            application_id=self.application_id,
            location_id=self.location.id,
            site_id=CONFIG.site_id,
        )
        stores.numbers().activate(self.number, home, AT)

    def send(self) -> str:
        """Accept a message and return its id."""
        body = {"from": self.number, "to": RECIPIENT, "text": "Good morning"}
        status, message = call_api(send_message, "POST", "/messages", body=body)
        assert status == 202
        message_id: str = message["messageId"]
        return message_id

    def deliver(self, message_id: str) -> Any:
        """Run the worker with the record of a message. Return its `batchItemFailures`."""
        self.stack.make_visible()
        queued = {each["Body"]: each for each in self.stack.receive_messages(self.stack.send_queue)}
        (record,) = sample("messages/deliver_message")["Records"]
        record = record | {"body": message_id, "receiptHandle": queued[message_id]["ReceiptHandle"]}
        return call(deliver_message, {"Records": [record]})["batchItemFailures"]

    def preflight(self) -> Any:
        return call_api(browse, "GET", f"/numbers/{self.number}")[1].get("preflight")

    def look_ups(self) -> int:
        """Count the look-ups of the number's set-up at Bandwidth."""
        paths = ("/applicationSettings", f"/applications/{self.application_id}")
        return sum(self.stack.requests("GET", path) for path in paths)


def state(message_id: str) -> Any:
    return call_api(browse, "GET", f"/messages/{message_id}")[1]["state"]


@pytest.fixture
def number(stack: Stack) -> Number:
    bandwidth = stack.simulator.simulator
    application = bandwidth.account.create_application("ours", CALLBACK_URL)
    location = bandwidth.account.create_location(CONFIG.site_id, "ours", True)
    bandwidth.account.enable_sms(location, SMS)
    bandwidth.account.assign_application(location, application.id)
    bandwidth.orders.decide_order("order-1", OrderOutcome(fate="COMPLETE"))
    bandwidth_clients.dashboard().order_numbers(
        search=NumberSearch(area_code="910"),
        quantity=1,
        site_id=CONFIG.site_id,
        location_id=location.id,
        customer_order_id="order-1",
    )
    (ordered,) = bandwidth.account.list_numbers()
    made = Number(stack, f"+1{ordered.number}", location, application.id)
    made.activate()
    return made


def test_a_passed_preflight_is_recorded_and_the_message_is_sent(number: Number) -> None:
    message_id = number.send()
    assert number.deliver(message_id) == []
    assert state(message_id) == "sent"
    found = number.preflight()

    assert (found["ok"], found["problems"]) == (True, [])
    assert found["at"] > AT


def test_a_number_is_checked_once(number: Number) -> None:
    number.deliver(number.send())
    assert number.look_ups() == 2
    number.deliver(number.send())

    assert number.look_ups() == 2


def test_messages_accepted_before_the_first_send_need_no_second_check(
    number: Number,
) -> None:
    first, second = number.send(), number.send()
    for message_id in (first, second):
        number.deliver(message_id)
    assert (state(first), state(second), number.look_ups()) == ("sent", "sent", 2)


def test_a_number_that_the_set_up_checked_is_not_checked_again(number: Number) -> None:
    stores.numbers().record_preflight(number.number, PASSED)
    number.deliver(number.send())
    assert number.look_ups() == 0


def detach(number: Number) -> None:
    number.location.application_id = None


def give_another(number: Number) -> None:
    account = number.stack.simulator.simulator.account
    number.location.application_id = account.create_application("another", CALLBACK_URL).id


def delete(number: Number) -> None:
    account = number.stack.simulator.simulator.account
    account._applications.pop(number.application_id)


def call_back_elsewhere(number: Number) -> None:
    account = number.stack.simulator.simulator.account
    account.application(number.application_id).callback_url = "https://elsewhere.example/v2"


def take_no_receipts(number: Number) -> None:
    application = number.stack.simulator.simulator.account.application(number.application_id)
    application.callback_url, application.inbound = "", Endpoint(CALLBACK_URL, None, None)


def lose_the_location(number: Number) -> None:
    account = number.stack.simulator.simulator.account
    account._locations.pop(number.location.id)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (
            detach,
            "location {location} does not exist, or has no application; assign the application {application}",
        ),
        (lose_the_location, "location {location} does not exist, or has no application"),
        (
            give_another,
            "location {location} has the application {another}; assign the application {application}",
        ),
        (delete, "application {application} does not exist; start the set-up again to create one"),
        (call_back_elsewhere, "application {application} has another callback URL; set it to {url}"),
        (take_no_receipts, "application {application} has no OutboundCallbackUrl; set it to {url}"),
    ],
)
def test_a_wrong_set_up_fails_the_message_with_the_fix(number: Number, broken: Any, words: str) -> None:
    broken(number)
    message_id = number.send()
    assert number.deliver(message_id) == []
    message = call_api(browse, "GET", f"/messages/{message_id}")[1]

    expected = words.format(
        location=number.location.id,
        application=number.application_id,
        another=number.location.application_id,
        url=CALLBACK_URL,
    )

    assert (message["state"], message["errorClass"]) == ("failed", "sender")
    assert message["reason"].startswith(f"Bandwidth would accept the message and drop it: {expected}")
    assert number.stack.simulator.simulator.messages.sent() == []
    assert number.preflight()["ok"] is False
    assert number.preflight()["problems"][0].startswith(expected)


def test_the_next_message_is_sent_after_the_fix(number: Number) -> None:
    detach(number)
    number.deliver(number.send())
    number.location.application_id = number.application_id
    message_id = number.send()

    number.deliver(message_id)

    assert state(message_id) == "sent"
    assert number.preflight()["ok"] is True


def test_the_next_set_up_of_a_number_resets_its_preflight(number: Number) -> None:
    detach(number)
    number.deliver(number.send())
    stores.numbers().start_release(
        number.number, Home(api="v2", customer_order_id="release-1", site_id=CONFIG.site_id), AT
    )
    stores.numbers().release(number.number, AT)

    number.activate("order-2")

    assert number.preflight() is None


def test_a_message_waits_while_the_account_api_is_unavailable(number: Number) -> None:
    message_id = number.send()
    number.stack.add_fault("/applicationSettings", method="GET", answer={"status": 503})

    assert len(number.deliver(message_id)) == 1
    assert state(message_id) == "accepted"
    assert number.preflight() is None
    assert number.deliver(message_id) == []
    assert state(message_id) == "sent"


@pytest.mark.parametrize("status", [401, 403, 400])
def test_a_rejected_look_up_is_counted_and_the_message_is_sent(
    number: Number, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    message_id = number.send()
    # After a 401 the current client repeats the request with a new token.
    number.stack.add_fault("/applicationSettings", method="GET", answer={"status": status}, times=2)

    assert number.deliver(message_id) == []
    assert state(message_id) == "sent"
    assert number.preflight() is None
    assert '"PreflightSkipped":[1' in capsys.readouterr().out.replace(" ", "")


def test_a_slow_preflight_leaves_the_message_to_another_worker(
    number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = number.send()
    times = iter([AT, AT, AT, "2026-01-01T00:00:21.000Z"])
    with monkeypatch.context() as slow:
        slow.setattr(message_delivery, "now", lambda: next(times))
        assert len(number.deliver(message_id)) == 1
    assert state(message_id) == "accepted"
    number.deliver(message_id)

    assert (state(message_id), number.look_ups()) == ("sent", 2)


def test_a_number_without_a_recorded_location_is_not_checked(number: Number) -> None:
    home = Home(
        api="v2",
        customer_order_id="order-2",
        site_id=CONFIG.site_id,
        order_id="order-2",
        application_id=number.application_id,
    )
    stores.numbers().activate(number.number, home, AT)
    message_id = number.send()

    number.deliver(message_id)

    assert (state(message_id), number.look_ups()) == ("sent", 0)
