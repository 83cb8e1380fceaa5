"""The state machines, each step killed before or after its call to Bandwidth, or without the response.

The run is continued by a second start with the same customerOrderId, or by the machine's own retry. In
the end each resource exists once at Bandwidth.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from ministack.services import stepfunctions
from requests import PreparedRequest

from bandwidth_messaging.bandwidth.transport import Response, Transport
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores
from simulator.account.order_outcomes import COMPLETE, OrderOutcome
from simulator.account.registrations import Campaign
from tests.functions.conftest import Stack, sample
from tests.generations import both_generations, only_current
from tests.in_process_machines import Died, Ended, Killed, Machines, install_machines

AUTHORITY = {
    name: sample("executions/hosted_messaging")[name] for name in ("subscriber", "loaAuthorizingPerson")
}
CAMPAIGN = "CABC123"

type Given = Callable[[str], Any]


@dataclass(frozen=True)
class Step:
    """A state and the call to Bandwidth at which it is killed. `makes`: the call creates a resource."""

    state: str
    method: str
    path: str
    makes: bool = False


MESSAGING_V2 = [
    Step("Check Account", "GET", "/sippeers$"),
    Step("Create application", "POST", "/applications$", makes=True),
    Step("Create location", "POST", "/sippeers$", makes=True),
    Step("Enable SMS on Location", "POST", "/features/sms$"),
    Step("Enable MMS on Location", "POST", "/features/mms$"),
    Step("Assign Application to Location", "PUT", "/applicationSettings$"),
    Step("Order Available Numbers", "POST", "/orders$", makes=True),
    Step("Close Order", "PUT", "/orders/[^/]+$"),
    Step("Check Order Status", "GET", "/orders/[^/]+$"),
]
# Their order completes when they are struck, so that the wait has an end.
NOTIFIED = [Step("Wait For Notification", "POST", "/subscriptions$")]
WITH_A_CAMPAIGN = [Step("Set Number Options", "POST", "/tnoptions$")]
IMPORT = {
    "classic": [
        Step("Create Import Request", "POST", "/externalTns$"),
        Step("Get Status", "GET", "/externalTns/[^/]+$"),
        Step("Create Application", "POST", "/applications/$"),
        Step("Import Number", "POST", "/phoneNumbers$"),
    ],
    "current": [
        Step("Prepare Location", "POST", "/applications$"),
        Step("Prepare Location", "POST", "/sippeers$"),
        Step("Prepare Location", "POST", "/features/sms$"),
        Step("Prepare Location", "POST", "/features/mms$"),
        Step("Prepare Location", "PUT", "/applicationSettings$"),
        Step("Check Numbers", "POST", "/importTnChecker"),
        Step("Create Import Request", "POST", "/importTnOrders"),
        Step("Get Status", "GET", "/importTnOrders/"),
    ],
}
REMOVE = {
    "classic": [
        Step("Release Number", "DELETE", "/phoneNumbers/"),
        Step("Create Import Request", "POST", "/externalTns$"),
        Step("Get Status", "GET", "/externalTns/[^/]+$"),
    ],
    "current": [
        Step("Create Import Request", "POST", "/removeImportedTnOrders"),
        Step("Get Status", "GET", "/removeImportedTnOrders/"),
    ],
}
# They cost nothing, and the second order leaves what the first one left.
OPTIONS = "orders of options"
FAULTS = ("killed before", "killed after", "died after", "answer lost")


@contextmanager
def fault(
    stack: Stack, machines: Machines, step: Step, kind: str, then: Callable[[], None]
) -> Iterator[list[str]]:
    """Inject a fault into one call of a step, and call `then`; yield the affected calls."""
    struck: list[str] = []
    send = Transport._send

    def strike(self: Transport, request: str, prepared: PreparedRequest, max_bytes: int | None) -> Response:
        method, path = str(prepared.method), urlsplit(str(prepared.url)).path
        hit = not struck and machines.state == step.state and method == step.method
        if not (hit and re.search(step.path, path)):
            return send(self, request, prepared, max_bytes)
        struck.append(f"{method} {path}")
        then()
        machines.is_killed = kind.startswith("killed")
        match kind:
            case "killed before":
                raise Killed
            case "killed after":
                send(self, request, prepared, max_bytes)
                raise Killed
            case "died after":
                send(self, request, prepared, max_bytes)
                raise Died
            case _:
                stack.add_fault(re.escape(path), method=method, lose_answer=True)
                return send(self, request, prepared, max_bytes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "_send", strike)
        yield struck


def calls(stack: Stack) -> Counter[str]:
    """Count the requests to Bandwidth by method, without token requests."""
    asked = stack.simulator.simulator.capture.requests("", None, bodies=False)
    return Counter(each["method"] for each in asked if "oauth2" not in each["path"])


def at_bandwidth(stack: Stack, name: str) -> dict[str, int]:
    """Count the resources of a case at Bandwidth. Each has the name of the case."""
    simulator = stack.simulator.simulator
    locations = [each for each in simulator.account.locations() if each.name == name]
    at = {each.id for each in locations}
    classic = Counter(each.action for each in simulator.external_tns.find(name))
    ours = {number.removeprefix("+1") for number in numbers(name)}
    found = {
        "applications": sum(each.name == name for each in simulator.account.applications()),
        "Catapult applications": sum(each.name == name for each in simulator.catapult.applications()),
        "locations": len(locations),
        "SMS": sum(each.sms is not None for each in locations),
        "MMS": sum(each.mms_proxy_peer_id is not None for each in locations),
        "assignments": sum(each.application_id is not None for each in locations),
        "orders": len(simulator.orders.find(name)),
        "imports": classic["IMPORT"] + len(simulator.imports.find(name)),
        "removals": classic["REMOVE"] + len(simulator.removals.find(name)),
        "numbers": sum(each.location_id in at for each in simulator.account.list_numbers()),
        "Catapult numbers": sum(each.number[2:] in ours for each in simulator.catapult.numbers()),
        OPTIONS: len(simulator.number_options.find(name)),
    }
    return {what: count for what, count in found.items() if count}


@dataclass
class Table:
    """One row for each case: step, call, fault, continuation, requests, and final resources."""

    stack: Stack
    machines: Machines
    rows: list[str]

    def play(self, machine: str, step: Step, kind: str, given: Given, expected: dict[str, int]) -> None:
        """Inject a fault into a step, continue, and compare the final resources with the expected ones."""
        name = f"case {len(self.rows)} {machine.replace('_', ' ')}"
        asked = given(name) | {"customerOrderId": name}
        before = calls(self.stack)
        complete = partial(self.stack.simulator.simulator.orders.decide_order, name, COMPLETE)
        then = complete if step in NOTIFIED else lambda: None
        with fault(self.stack, self.machines, step, kind, then) as struck:
            first = self.machines.run(machine, asked)
        assert struck, f"{step} was not called: {first}"
        last = first
        if first.status == "KILLED":
            record: Any = stores.orders().get(name)
            assert record["steps"][step.state]["state"] == "running"
            last = self.machines.run(machine, asked)
        assert (last.status, last.cause) == ("SUCCEEDED", None), (step, kind)
        there = at_bandwidth(self.stack, name)
        assert {what: count for what, count in there.items() if what != OPTIONS} == expected, (step, kind)
        call = re.sub(r"\[.*\]\+|[$/]*$", "", step.path).rstrip("/")
        happened = "started again" if last is not first else "went on by itself"
        made = ", ".join(
            f"{count} {method}" for method, count in sorted((calls(self.stack) - before).items())
        )
        things = ", ".join(f"{count} {what}" for what, count in there.items())
        self.rows.append(
            f"{step.state:<30} {step.method:<6} {call:<23} {kind:<13} {happened:<17} {made:<28} {things}"
        )

    def play_all(self, machine: str, steps: list[Step], given: Given, expected: dict[str, int]) -> None:
        """Inject every fault into every step."""
        for step in steps:
            for kind in FAULTS:
                self.play(machine, step, kind, given, expected)

    def __str__(self) -> str:
        return "\n".join(["", *self.rows])


@pytest.fixture
def table(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Table:
    """An empty table, with order notifications, and imports that need no letter."""
    monkeypatch.setenv("ORDER_NOTIFICATIONS", "true")
    settings_module.settings.cache_clear()
    stack.simulator.simulator.imports.needs_letter = False
    return Table(stack, install_machines(monkeypatch), [])


PROVISIONED = {"applications": 1, "locations": 1, "SMS": 1, "MMS": 1, "assignments": 1}


@both_generations
def test_a_messaging_2_set_up_killed_at_any_step_creates_and_orders_nothing_twice(
    table: Table, generation: str, record_property: Callable[[str, object], None]
) -> None:
    orders = table.stack.simulator.simulator.orders

    def backordered(name: str, **fate: Any) -> Any:
        orders.decide_order(name, OrderOutcome(fate="BACKORDERED", **fate))
        own = {"applicationName": name, "locationName": name, "areaCode": "910", "quantity": 2}
        return own | {"backOrderRequested": True}

    def closed(name: str) -> Any:
        # At its deadline at once.
        return backordered(name, completed=1) | {"closeBackOrder": True, "deadlineHours": 0.0001}

    # The documents' generation has the same steps: only what is made is made in another way.
    steps = MESSAGING_V2 if generation == "current" else [each for each in MESSAGING_V2 if each.makes]
    table.play_all("messaging_v2", steps, closed, PROVISIONED | {"orders": 1, "numbers": 1})
    if generation == "current":
        table.play_all("messaging_v2", NOTIFIED, backordered, PROVISIONED | {"orders": 1, "numbers": 2})
    record_property(f"messaging_v2, {generation}", str(table))


@only_current
def test_a_set_up_killed_at_any_step_assigns_the_campaign(
    table: Table, record_property: Callable[[str, object], None]
) -> None:
    registered = Campaign(CAMPAIGN, "REGISTERED", {})
    table.stack.simulator.simulator.registrations.set_campaign(registered)

    def given(name: str) -> Any:
        own = {"applicationName": name, "locationName": name, "areaCode": "919"}
        return own | {"campaignId": CAMPAIGN}

    table.play_all("messaging_v2", WITH_A_CAMPAIGN, given, PROVISIONED | {"orders": 1, "numbers": 1})
    record_property("messaging_v2 with a campaign", str(table))


def numbers(case: str) -> list[str]:
    """Return two numbers that are unique to the case."""
    position = int(case.split()[1])
    return [f"+1919555{position:03}{last}" for last in range(2)]


def hosted(name: str, generation: str) -> dict[str, Any]:
    """Return the input of a hosted import except its numbers."""
    application = {"applicationName": name}
    return application if generation == "classic" else application | {"locationName": name} | AUTHORITY


@both_generations
def test_an_import_killed_at_any_step_imports_every_number_once(
    table: Table, generation: str, record_property: Callable[[str, object], None]
) -> None:
    def given(name: str) -> Any:
        return hosted(name, generation) | {"telephoneNumbers": numbers(name)}

    expected = {
        "classic": {"Catapult applications": 1, "imports": 1, "Catapult numbers": 2},
        "current": PROVISIONED | {"imports": 1, "numbers": 2},
    }[generation]
    table.play_all("hosted_messaging", IMPORT[generation], given, expected)
    record_property(f"hosted_messaging IMPORT, {generation}", str(table))


@both_generations
def test_a_removal_killed_at_any_step_removes_every_number(
    table: Table, generation: str, record_property: Callable[[str, object], None]
) -> None:
    def given(name: str) -> Any:
        return {"telephoneNumbers": numbers(name), "action": "REMOVE"}

    cases = range(len(REMOVE[generation]) * len(FAULTS))
    imported = [each for case in cases for each in numbers(f"case {case}")]
    ended = table.machines.run(
        "hosted_messaging", hosted("imported", generation) | {"telephoneNumbers": imported}
    )
    assert ended.status == "SUCCEEDED"

    table.play_all("hosted_messaging", REMOVE[generation], given, {"removals": 1})
    record_property(f"hosted_messaging REMOVE, {generation}", str(table))


@pytest.mark.parametrize("second", ["same", "another"])
def test_two_concurrent_starts_order_once_per_id_and_create_one_application(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    machines = install_machines(monkeypatch)
    # Real time, since each execution can wait for the other.
    monkeypatch.setattr(stepfunctions, "_scaled_sleep", lambda _: time.sleep(0.4))
    names = {"applicationName": "at once", "locationName": "at once", "areaCode": "910"}
    # In Lambda each has its own clients. Here both share clients that an earlier run created.
    machines.run("messaging_v2", names | {"applicationName": "before", "locationName": "before"})
    stack.add_fault("/applications$", method="GET", delay=0.3, times=2)
    together = threading.Barrier(2)

    def set_up(customer_order_id: str) -> Ended:
        together.wait()
        return machines.run("messaging_v2", names | {"customerOrderId": customer_order_id})

    with ThreadPoolExecutor(2) as threads:
        ended = [each.result() for each in [threads.submit(set_up, name) for name in ("same", second)]]
    assert [(each.status, each.cause) for each in ended] == [("SUCCEEDED", None)] * 2

    simulator = stack.simulator.simulator
    assert [len(simulator.orders.find(name)) for name in ("same", second)] == [1, 1]
    assert sum(each.name == "at once" for each in simulator.account.applications()) == 1
    assert sum(each.name == "at once" for each in simulator.account.locations()) == 1
