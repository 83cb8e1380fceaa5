"""The state machine hosted_messaging on the local cloud: every way it can go, and at full size."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from local.stack import Stack
from tests.generations import only_classic
from tests.machines import TEXT, Execution, control, get, history, run, unique

pytestmark = only_classic

ROOT = Path(__file__).parents[2]
SAMPLE = json.loads((ROOT / "events/executions/hosted_messaging.json").read_text())
IMPORT_PATH = [
    "Check Input",
    "Check Account",
    "Import Or Remove",
    "Create Import Request",
    "Wait For Status",
    "Get Status",
    "Order Ended",
]


# Events that AWS writes for a state of each type: a task is entered, scheduled, started, succeeded, exited.
EVENTS = {"Task": 5, "Map": 4, "Choice": 2, "Pass": 2, "Wait": 2}
MACHINE = json.loads((ROOT / "statemachines/hosted_messaging.asl.json").read_text())["States"]


def kind(state: str) -> str:
    """Return a state's type."""
    found: str = (MACHINE | MACHINE["Import Number"]["ItemProcessor"]["States"])[state]["Type"]
    return found


def some_numbers(count: int) -> list[str]:
    """Return numbers that no other test uses."""
    area, start = random.randint(201, 989), random.randint(2_000_000, 9_900_000)  # noqa: S311 - not a secret
    return [f"+1{area}{start + each}" for each in range(count)]


def set_up(cloud: Stack, name: str, numbers: list[str], **given: Any) -> Execution:
    """Run with an application of the test's own; `name` is the CustomerOrderID too."""
    own = {"applicationName": name, "customerOrderId": name, "telephoneNumbers": numbers}
    return run(cloud, "hosted_messaging", own | given)


def decide(cloud: Stack, name: str, **fate: Any) -> None:
    control(cloud, "PUT", f"/orders/{name}", fate)


def numbers_of(cloud: Stack, name: str, state: str) -> set[str]:
    """Return the numbers that an order's record holds in a state."""
    found: set[str] = set()
    cursor = ""
    while True:
        page = get(cloud, f"/numbers?state={state}&limit=100{cursor}")
        found |= {item["number"] for item in page["items"] if item["customerOrderId"] == name}
        if page["cursor"] is None:
            return found
        cursor = f"&cursor={quote(page['cursor'])}"


def in_catapult(cloud: Stack) -> set[str]:
    numbers = control(cloud, "GET", "/account")["phone_numbers"]
    return {number["number"] for number in numbers if number["state"] == "enabled"}


def test_the_sample_input_imports_numbers_that_then_text_through_v1(cloud: Stack) -> None:
    execution = run(cloud, "hosted_messaging", SAMPLE)
    assert (execution.status, execution.cause) == ("SUCCEEDED", None)
    assert execution.states[: len(IMPORT_PATH)] == IMPORT_PATH
    assert execution.states[-1] == "Set-up Done"
    assert execution.output is not None
    assert (execution.output["state"], execution.output["completed"], execution.output["failed"]) == (
        "completed",
        4,
        0,
    )
    number = get(cloud, "/numbers/+19199918388")
    assert (number["state"], number["api"]) == ("active", "v1")
    assert number["applicationId"] == execution.output["applicationId"]


@pytest.mark.parametrize("shape", ["document", "later"])
def test_a_partial_order_continues_with_the_good_numbers_in_both_shapes(cloud: Stack, shape: str) -> None:
    name, numbers = unique("partial"), some_numbers(3)
    errors = [{"code": 25080, "description": "Cannot be provisioned"}]
    decide(cloud, name, fate="PARTIAL", failed_numbers=numbers[:1], errors=errors, shape=shape)
    execution = set_up(cloud, name, numbers)
    assert execution.status == "SUCCEEDED"
    assert execution.output is not None
    assert (execution.output["state"], execution.output["completed"]) == ("partial", 2)
    failure = {"number": numbers[0], "code": "25080", "reason": "Cannot be provisioned"}
    assert execution.output["failures"] == [failure]
    assert numbers_of(cloud, name, "active") == set(numbers[1:])
    order = get(cloud, f"/orders/{name}")
    assert (order["state"], order["completed"], order["failed"]) == ("partial", 2, 1)
    assert order["failures"] == [failure]


def test_failed_ends_with_bandwidths_reason(cloud: Stack) -> None:
    name, numbers = unique("failed"), some_numbers(2)
    decide(cloud, name, fate="FAILED", errors=[{"code": 25060, "description": "Bandwidth-owned number"}])
    execution = set_up(cloud, name, numbers)
    assert (execution.status, execution.error) == ("FAILED", "OrderFailed")
    assert "25060 Bandwidth-owned number" in str(execution.cause)
    order = get(cloud, f"/orders/{name}")
    assert (order["state"], order["completed"], order["failed"]) == ("failed", 0, 2)
    assert "25060 Bandwidth-owned number" in order["reason"]


def test_invalid_numbers_are_reported_and_no_order_is_placed(cloud: Stack) -> None:
    execution = set_up(cloud, unique("wrong"), ["home", "+19199918388", "17"])
    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    assert "telephoneNumbers[0]: " in str(execution.cause)
    assert "telephoneNumbers[2]: " in str(execution.cause)


def test_removed_numbers_are_released_and_can_no_longer_send(cloud: Stack) -> None:
    name, numbers = unique("removal"), some_numbers(3)
    assert set_up(cloud, name, numbers).status == "SUCCEEDED"
    assert set(numbers) <= in_catapult(cloud)
    removal = unique("removed")
    execution = set_up(cloud, removal, numbers, action="REMOVE")
    assert execution.status == "SUCCEEDED"
    assert execution.output is not None
    assert (execution.output["action"], execution.output["completed"]) == ("REMOVE", 3)
    assert numbers_of(cloud, removal, "released") == set(numbers)
    assert not set(numbers) & in_catapult(cloud)
    answer = cloud.call("POST", "/messages", {"from": numbers[0], "to": "+19195551234", "text": TEXT})
    assert answer.status_code == 422


def test_a_second_start_after_a_crash_runs_only_the_remaining_steps(cloud: Stack) -> None:
    name, numbers = unique("crash"), some_numbers(150)
    refuse = {"method": "POST", "path": "/phoneNumbers$", "match": numbers[120], "answer": {"status": 401}}
    control(cloud, "POST", "/faults", refuse)
    crashed = set_up(cloud, name, numbers)
    assert (crashed.status, crashed.error) == ("FAILED", "BandwidthUnauthorized")
    assert len(numbers_of(cloud, name, "active")) < len(numbers)
    again = set_up(cloud, name, numbers)
    assert again.status == "SUCCEEDED"
    assert again.output is not None
    assert again.output["completed"] == 150
    assert numbers_of(cloud, name, "active") == set(numbers)
    asked = control(cloud, "GET", "/requests?path=/phoneNumbers&method=POST&bodies=1")["requests"]
    taken = [json.loads(each["body"])["number"] for each in asked if each["status"] == 201]
    assert sorted(each for each in taken if each in set(numbers)) == sorted(numbers)


# Catapult's pace is everybody's: with it 5,000 numbers would take too long.
one_after_another = pytest.mark.xdist_group("pace")


@one_after_another
def test_at_catapults_pace_no_number_is_lost(cloud: Stack) -> None:
    name, numbers = unique("pace"), some_numbers(150)
    # Far below what even a busy machine asks for.
    control(cloud, "PUT", "/pace", {"imports_per_minute": 600, "burst": 20})
    try:
        execution = set_up(cloud, name, numbers)
    finally:
        control(cloud, "DELETE", "/pace")
    assert execution.status == "SUCCEEDED"
    assert numbers_of(cloud, name, "active") == set(numbers)
    asked = control(cloud, "GET", "/requests?path=/phoneNumbers&method=POST&bodies=1")["requests"]
    ours = [each for each in asked if json.loads(each["body"])["number"] in set(numbers)]
    assert 429 in {each["status"] for each in ours}
    assert sum(each["status"] == 201 for each in ours) == len(numbers)


def calls_but_polls(cloud: Stack, name: str, numbers: list[str]) -> int:
    """Count what Bandwidth was asked for an order: its numbers one by one, and few calls for all of them."""
    asked = control(cloud, "GET", "/requests?bodies=1")["requests"]
    ours = set(numbers)
    one_by_one = [
        each
        for each in asked
        if "/phoneNumbers" in each["path"]
        and (json.loads(each.get("body") or "{}").get("number") or f"+{each['path'].rpartition('+')[2]}")
        in ours
    ]
    for_all = [each for each in asked if name in (each.get("body") or "") and each not in one_by_one]
    looked_up = 2  # the applications, and the order by its CustomerOrderID: asked by no name of ours
    return len(one_by_one) + len(for_all) + looked_up


@one_after_another
def test_5000_numbers_run_within_the_limits_of_step_functions(
    cloud: Stack, record_property: Callable[[str, str], None]
) -> None:
    name, numbers = unique("size"), some_numbers(5000)
    execution = set_up(cloud, name, numbers)
    assert (execution.status, execution.cause) == ("SUCCEEDED", None)
    assert execution.output is not None
    assert (execution.output["completed"], execution.output["failed"]) == (5000, 0)
    events = history(cloud, execution.arn)
    payloads = [
        len(details[part].encode())
        for event in events
        for details in event.values()
        if isinstance(details, dict)
        for part in ("input", "output", "parameters")
        if isinstance(details.get(part), str)
    ]
    # The emulator's history leaves out what happens inside a Map, and some of AWS's events: both are counted.
    batches = len(numbers) // 100
    inside = ["Import Numbers Of A Batch", "Batch Done", "Batch Imported"]
    transitions = len(execution.states) + batches * len(inside)
    events_on_aws = sum(EVENTS[kind(state)] for state in execution.states) + batches * (
        2 + sum(EVENTS[kind(state)] for state in inside)
    )
    measured = {
        "state transitions per number": transitions / 5000,
        "Bandwidth calls per number, polls apart": calls_but_polls(cloud, name, numbers) / 5000,
        "largest payload of a state, bytes": max(payloads),
        "history events on AWS": events_on_aws,
    }
    for what, value in measured.items():
        record_property(f"5,000 numbers, {what}", f"{value:g}")
    assert measured["state transitions per number"] <= 0.1
    assert measured["Bandwidth calls per number, polls apart"] <= 1.02
    assert measured["largest payload of a state, bytes"] < 256 * 1024
    assert measured["history events on AWS"] < 25_000
