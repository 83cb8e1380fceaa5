"""A set-up killed around each of its calls to Bandwidth, or left without the answer, and then continued."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import BandwidthOutcomeUnknown, BandwidthUnavailable
from bandwidth_messaging.bandwidth.transport import Transport
from bandwidth_messaging.domain.times import rfc3339
from bandwidth_messaging.runtime import making, placing
from functions.hosted_messaging import create_application as create_catapult_application
from functions.hosted_messaging import create_import_request, get_status, import_numbers
from functions.messaging_v2 import (
    assign_application,
    check_order_status,
    create_application,
    create_location,
    enable_mms,
    enable_sms,
    order_numbers,
)
from functions.setups import check_input
from tests.functions.conftest import CONFIG, House, call, sample
from tests.generations import both_generations, only_classic

# Each step's own call to Bandwidth: what it makes, or for the last one of an order, what it asks.
MESSAGING_V2 = {
    "Create application": ("POST", "/applications$"),
    "Create location": ("POST", "/sippeers$"),
    "Enable SMS on Location": ("POST", "/features/sms$"),
    "Enable MMS on Location": ("POST", "/features/mms$"),
    "Assign Application to Location": ("PUT", "/applicationSettings$"),
    "Order Available Numbers": ("POST", "/orders$"),
    "Check Order Status": ("GET", "/orders/[^/]+$"),
}
HOSTED_MESSAGING = {
    "Create Import Request": ("POST", "/externalTns$"),
    "Get Status": ("GET", "/externalTns/[^/]+$"),
    "Create Application": ("POST", "/applications/$"),
    "Import Number": ("POST", "/phoneNumbers$"),
}
FAULTS = ("killed right before", "killed right after", "answer lost")
every_fault = pytest.mark.parametrize("fault", FAULTS)
NUMBERS = sample("hosted_messaging/import_numbers")["numbers"]
V1_CALLBACK_URL = "https://abcdef1234.execute-api.us-east-1.amazonaws.com/live/callbacks/v1"


class Killed(BaseException):
    """What no code of ours catches, as nothing catches the end of a Lambda environment."""


@dataclass
class Run:
    """A set-up as its machine runs it: a step that may be repeated is, and a killed run is started again."""

    minutes: int = 0
    calls: int = 0
    happened: list[str] = field(default_factory=list)

    def now(self) -> str:
        """Return the time, which every repetition and every new start moves on."""
        return rfc3339((datetime.now(UTC) + timedelta(minutes=2 * self.minutes)).isoformat())

    def step(self, module: Any, event: Any) -> Any:
        """Call a step as its state does: what Bandwidth left open, or refused for now, is tried again."""
        for _ in range(6):
            try:
                return call(module, event)
            except (BandwidthOutcomeUnknown, BandwidthUnavailable) as error:
                self.happened.append(type(error).__name__)
                self.minutes += 1
        pytest.fail(f"{module.__name__} did not come to an end: {self.happened}")

    def to_its_end(self, machine: Callable[["Run"], Any]) -> Any:
        """Run a machine; one that is killed is started again with the same customerOrderId."""
        try:
            return machine(self)
        except Killed:
            self.happened.append("killed, started again")
            self.minutes += 1
            return machine(self)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    run = Run()
    for module in (placing, making):
        monkeypatch.setattr(module, "now", run.now)
    return run


def strike(run: Run, house: House, patch: pytest.MonkeyPatch, fault: str, method: str, path: str) -> None:
    """Let the fault happen at the first request of this method and path, and count those that are sent."""
    send, left = Transport.send, [fault]
    if fault == "answer lost":
        house.fault(path, method=method, lose_answer=True)
        left.clear()

    def send_or_die(self: Transport, method_: str, path_: str, **parts: Any) -> Any:
        if method_ != method or re.search(path, path_) is None:
            return send(self, method_, path_, **parts)
        dies = left.pop() if left else None
        if dies == "killed right before":
            raise Killed
        run.calls += 1
        answer = send(self, method_, path_, **parts)
        if dies:
            raise Killed
        return answer

    patch.setattr(Transport, "send", send_or_die)


def messaging_v2(run: Run) -> Any:
    """The steps of messaging_v2 in their order."""
    checked = call(check_input, sample("setups/check_input"))
    at = {"customerOrderId": checked["customerOrderId"], "siteId": checked["siteId"]}

    def step(module: Any, name: str, **found: Any) -> Any:
        event = sample(f"messaging_v2/{name}")
        return run.step(module, event | {key: value for key, value in (at | found).items() if key in event})

    application = step(create_application, "create_application")["applicationId"]
    location = step(create_location, "create_location")["locationId"]
    step(enable_sms, "enable_sms", locationId=location)
    step(enable_mms, "enable_mms", locationId=location)
    step(assign_application, "assign_application", locationId=location, applicationId=application)
    order = step(order_numbers, "order_numbers", locationId=location)["orderId"]
    ids = {"applicationId": application, "locationId": location, "orderId": order}
    return step(check_order_status, "check_order_status", **ids)


def hosted_messaging(run: Run) -> Any:
    """The steps of hosted_messaging in their order, numbers as given."""
    order_id = sample("hosted_messaging/create_import_request")["customerOrderId"]
    given = {"telephoneNumbers": NUMBERS, "customerOrderId": order_id}
    call(check_input, sample("setups/check_input") | {"kind": "hosted_messaging", "input": given})
    at = {"siteId": CONFIG.site_id, "sipPeerId": None, "batches": [NUMBERS], "numbers": NUMBERS}

    def step(module: Any, name: str, **found: Any) -> Any:
        event = sample(f"hosted_messaging/{name}")
        return run.step(module, event | {key: value for key, value in (at | found).items() if key in event})

    order = step(create_import_request, "create_import_request")["orderId"]
    assert step(get_status, "get_status", orderId=order)["state"] == "completed"
    application = step(create_catapult_application, "create_application")["applicationId"]
    return step(import_numbers, "import_numbers", orderId=order, applicationId=application)


def told(run: Run, made: Counter[str]) -> str:
    happened = ", ".join(run.happened) or "nothing"
    resources = ", ".join(f"{count} {name}" for name, count in made.items())
    return f"{happened}; {run.calls} such calls; at the end {resources}"


@both_generations
@every_fault
@pytest.mark.parametrize("name", MESSAGING_V2)
def test_messaging_v2_makes_nothing_and_orders_nothing_twice(
    house: House,
    run: Run,
    generation: str,
    name: str,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    strike(run, house, monkeypatch, fault, *MESSAGING_V2[name])
    ended = run.to_its_end(messaging_v2)
    assert run.happened, "the fault did not happen"
    assert (ended["state"], len(ended["numbers"])) == ("completed", 2)
    bandwidth = house.simulator.simulator
    (location,) = bandwidth.account.locations()
    (application,) = bandwidth.account.applications()
    assert location.application_id == application.id
    assert location.sms is not None
    assert location.mms_proxy_peer_id is not None
    assert len(bandwidth.orders.find()) == 1
    made = Counter(application=1, location=1, order=1, numbers=len(bandwidth.account.numbers_of()))
    assert made["numbers"] == 2
    record_property(f"{generation}, {name}, {fault}", told(run, made))


@only_classic
@every_fault
@pytest.mark.parametrize("name", HOSTED_MESSAGING)
def test_hosted_messaging_makes_nothing_and_orders_nothing_twice(
    house: House,
    run: Run,
    name: str,
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    monkeypatch.setenv("CALLBACK_URL", V1_CALLBACK_URL)
    strike(run, house, monkeypatch, fault, *HOSTED_MESSAGING[name])
    ended = run.to_its_end(hosted_messaging)
    assert run.happened, "the fault did not happen"
    assert (ended["completed"], ended["failed"]) == (len(NUMBERS), 0)
    bandwidth = house.simulator.simulator
    made = Counter(
        application=len(bandwidth.catapult.applications()),
        order=len(bandwidth.external_tns.find()),
        numbers=len(bandwidth.catapult.numbers()),
    )
    assert made == Counter(application=1, order=1, numbers=len(NUMBERS))
    record_property(f"{name}, {fault}", told(run, made))
