"""Texts for people change no behaviour: plan, undo, retries and advice are the same with scrambled texts."""

import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.domain.releases import KeepCode
from bandwidth_messaging.runtime import bandwidth_clients, stores, wiring
from bandwidth_messaging.store.number_store import Numbers
from bandwidth_messaging.store.order_store import Orders
from functions.messaging_v2 import assign_application
from tests.functions.conftest import Stack, call, sample
from tests.functions.release_numbers.test_release import (
    HOSTED,
    OF_HOSTED,
    RELEASE,
    RESOURCES,
    SETUP,
    account,
    delete,
    disconnect,
    host,
    order,
    plan,
    record,
    set_up,
    stop,
    what_of,
)
from tests.generations import both_generations

TEXT_FUNCTIONS = ("describe_outcome", "describe_keep_reason", "describe_remainder")

pytestmark = [both_generations, pytest.mark.parametrize("texts", ["plain", "scrambled"], indirect=True)]


@pytest.fixture
def texts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace every stored or derived text with a meaningless one, if the test runs with scrambled texts."""
    if request.param == "scrambled":
        noise = (f"created found in place of gone {number}" for number in count())
        scramble_functions(monkeypatch, noise)
        for store, method in ((Orders, "record_step"), (Orders, "finish")):
            scramble_arguments(monkeypatch, store, method, noise)
        for method in ("fail", "record_release_failure"):
            scramble_failure(monkeypatch, method, noise)


def scramble_functions(monkeypatch: pytest.MonkeyPatch, noise: Iterator[str]) -> None:
    modules = [module for name, module in sys.modules.items() if name.startswith(("functions", "bandwidth_"))]
    for module in modules:
        for name in TEXT_FUNCTIONS:
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda *_, **__: next(noise))


def scramble_arguments(
    monkeypatch: pytest.MonkeyPatch, store: type, method: str, noise: Iterator[str]
) -> None:
    original = getattr(store, method)

    def scrambled(*given: Any, **named: Any) -> Any:
        changed = {name: next(noise) for name in ("detail", "reason") if named.get(name)}
        return original(*given, **named | changed)

    monkeypatch.setattr(store, method, scrambled)


def scramble_failure(monkeypatch: pytest.MonkeyPatch, method: str, noise: Iterator[str]) -> None:
    original = getattr(Numbers, method)

    def scrambled(numbers: Numbers, failure: Any, *given: Any, **named: Any) -> Any:
        return original(numbers, failure | {"reason": next(noise)}, *given, **named)

    monkeypatch.setattr(Numbers, method, scrambled)


def keep_codes() -> dict[str, KeepCode]:
    """Plan to undo the set-up; return why each kept resource is kept."""
    planned = wiring.release_planner().plan(
        RELEASE, setup_order_id=SETUP, telephone_numbers=[], everything=True
    )
    return {resource.what: resource.keep.code for resource in planned.keep if resource.keep}


@pytest.mark.usefixtures("texts")
class TestWithAnyText:
    def test_a_set_up_is_undone_completely(self, stack: Stack) -> None:
        set_up(stack)

        planned = plan(customerOrderId=SETUP, everything=True)
        stop(planned)
        disconnect(planned["disconnect"])

        outcome = record(planned, delete(planned))

        assert (what_of(planned["delete"]), planned["leave"]) == (RESOURCES, [])
        assert (outcome["state"], order(SETUP)["undoneBy"]) == ("completed", RELEASE)
        assert "nextSteps" not in order(SETUP)

    def test_a_hosted_set_up_is_planned_by_its_generation(self, stack: Stack, generation: str) -> None:
        host(stack)

        planned = plan(customerOrderId=SETUP, everything=True)

        assert planned["remove"][0]["numbers"] == HOSTED
        assert what_of(planned["delete"]) == OF_HOSTED[generation]

    def test_a_replaced_application_keeps_its_advice(self, stack: Stack) -> None:
        bandwidth = stack.simulator.simulator.account
        location = bandwidth.create_location("1001", "bandwidth messaging", True)
        bandwidth_clients.dashboard().enable_sms("1001", location.id, toll_free=True, short_code=True)
        other = bandwidth.create_application("other", "https://other.example/v2")
        bandwidth.assign_application(location, other.id)
        with pytest.raises(BandwidthRejected):
            set_up(stack)
        at = {"customerOrderId": SETUP, "siteId": "1001", "replaceApplication": True}
        ids = {name: order(SETUP)[name] for name in ("applicationId", "locationId")}
        call(assign_application, sample("messaging_v2/assign_application") | at | ids)

        kept = keep_codes()

        assert kept["assignment"] == KeepCode.APPLICATION_REPLACED
        assert kept["sms"] == kept["location"] == KeepCode.NOT_OWNED

        replaced: Any = stores.orders().get(SETUP)
        assert replaced["steps"]["Assign Application to Location"]["replacedApplicationId"] == other.id

    def test_resources_of_others_are_kept(self, stack: Stack) -> None:
        bandwidth = stack.simulator.simulator.account
        bandwidth.create_location("1001", "bandwidth messaging", True)

        set_up(stack)

        assert keep_codes() == {"location": KeepCode.NOT_OWNED}

    def test_a_second_run_creates_nothing_twice(self, stack: Stack) -> None:
        numbers = set_up(stack)
        before = account(stack)

        assert set_up(stack) == numbers
        assert account(stack) == before

    def test_the_advice_follows_the_state(self, stack: Stack) -> None:
        stack.add_fault("/sippeers$", method="POST", answer={"status": 400, "body": "<r/>"})
        with pytest.raises(BandwidthRejected):
            set_up(stack)

        assert order(SETUP)["nextSteps"].startswith("Create location failed. Resolve the cause and redrive")
