"""The outcomes of the state machine hosted_messaging on the classic API, and a run with 5,000 numbers."""

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


# History events that AWS writes per state type. A task is entered, scheduled, started, succeeded, exited.
EVENTS = {"Task": 5, "Map": 4, "Choice": 2, "Pass": 2, "Wait": 2}
MACHINE = json.loads((ROOT / "statemachines/hosted_messaging.asl.json").read_text())["States"]


def state_type(state: str) -> str:
    """Return the type of a state."""
    type_: str = (MACHINE | MACHINE["Import Number"]["ItemProcessor"]["States"])[state]["Type"]
    return type_


def some_numbers(count: int) -> list[str]:
    """Return numbers that no other test uses."""
    area, start = random.randint(201, 989), random.randint(2_000_000, 9_900_000)  # noqa: S311 - not a secret
    return [f"+1{area}{start + each}" for each in range(count)]


def set_up(cloud: Stack, name: str, numbers: list[str], **fields: Any) -> Execution:
    """Run with `name` as the name of the application and as customerOrderId."""
    own = {"applicationName": name, "customerOrderId": name, "telephoneNumbers": numbers}
    return run(cloud, "hosted_messaging", own | fields)


def decide(cloud: Stack, name: str, **fate: Any) -> None:
    control(cloud, "PUT", f"/orders/{name}", fate)


def numbers_of(cloud: Stack, name: str, state: str) -> set[str]:
    """Return the numbers of an order that are in a state."""
    numbers: set[str] = set()
    cursor = ""
    while True:
        page = get(cloud, f"/numbers?state={state}&limit=100{cursor}")
        numbers |= {item["number"] for item in page["items"] if item["customerOrderId"] == name}
        if page["cursor"] is None:
            return numbers
        cursor = f"&cursor={quote(page['cursor'])}"


def enabled_in_catapult(cloud: Stack) -> set[str]:
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
    execution = set_up(cloud, unique("invalid"), ["home", "+19199918388", "17"])

    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    assert "telephoneNumbers[0]: " in str(execution.cause)
    assert "telephoneNumbers[2]: " in str(execution.cause)


def test_removed_numbers_are_released_and_can_no_longer_send(cloud: Stack) -> None:
    name, numbers = unique("removal"), some_numbers(3)

    assert set_up(cloud, name, numbers).status == "SUCCEEDED"
    assert set(numbers) <= enabled_in_catapult(cloud)
    removal = unique("removed")

    execution = set_up(cloud, removal, numbers, action="REMOVE")

    assert execution.status == "SUCCEEDED"
    assert execution.output is not None
    assert (execution.output["action"], execution.output["completed"]) == ("REMOVE", 3)
    assert numbers_of(cloud, removal, "released") == set(numbers)
    assert not set(numbers) & enabled_in_catapult(cloud)

    response = cloud.call("POST", "/messages", {"from": numbers[0], "to": "+19195551234", "text": TEXT})

    assert response.status_code == 422


def test_a_second_start_after_a_crash_runs_only_the_remaining_steps(cloud: Stack) -> None:
    name, numbers = unique("crash"), some_numbers(150)
    rejection = {"method": "POST", "path": "/phoneNumbers$", "match": numbers[120], "answer": {"status": 401}}
    control(cloud, "POST", "/faults", rejection)

    crashed = set_up(cloud, name, numbers)

    assert (crashed.status, crashed.error) == ("FAILED", "BandwidthUnauthorized")
    assert len(numbers_of(cloud, name, "active")) < len(numbers)

    again = set_up(cloud, name, numbers)

    assert again.status == "SUCCEEDED"
    assert again.output is not None
    assert again.output["completed"] == 150
    assert numbers_of(cloud, name, "active") == set(numbers)
    requests = control(cloud, "GET", "/requests?path=/phoneNumbers&method=POST&bodies=1")["requests"]
    imported = [json.loads(each["body"])["number"] for each in requests if each["status"] == 201]
    assert sorted(each for each in imported if each in set(numbers)) == sorted(numbers)


# The limit of Catapult applies to all tests of this stack. With it, 5,000 numbers would take too long.
one_after_another = pytest.mark.xdist_group("catapult")


@one_after_another
def test_at_catapults_pace_no_number_is_lost(cloud: Stack) -> None:
    name, numbers = unique("pace"), some_numbers(150)
    # Low enough that a busy machine still exceeds it.
    control(cloud, "PUT", "/pace", {"imports_per_minute": 600, "burst": 20})

    try:
        execution = set_up(cloud, name, numbers)
    finally:
        control(cloud, "DELETE", "/pace")

    assert execution.status == "SUCCEEDED"
    assert numbers_of(cloud, name, "active") == set(numbers)
    requests = control(cloud, "GET", "/requests?path=/phoneNumbers&method=POST&bodies=1")["requests"]
    imports = [each for each in requests if json.loads(each["body"])["number"] in set(numbers)]
    assert 429 in {each["status"] for each in imports}
    assert sum(each["status"] == 201 for each in imports) == len(numbers)


def count_calls_without_polls(cloud: Stack, name: str, numbers: list[str]) -> int:
    """Count the requests of an order: one per number, and a few for the whole order."""
    requests = control(cloud, "GET", "/requests?bodies=1")["requests"]
    own_numbers = set(numbers)
    one_by_one = [
        each
        for each in requests
        if "/phoneNumbers" in each["path"]
        and (json.loads(each.get("body") or "{}").get("number") or f"+{each['path'].rpartition('+')[2]}")
        in own_numbers
    ]
    for_all = [each for each in requests if name in (each.get("body") or "") and each not in one_by_one]
    # The queries for applications and for the order by CustomerOrderID do not contain the name.
    queries = 2
    return len(one_by_one) + len(for_all) + queries


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
    # The emulator's history omits the states inside a Map and some of AWS's events. Add both.
    batches = len(numbers) // 100
    inside = ["Import Numbers Of A Batch", "Batch Done", "Batch Imported"]
    transitions = len(execution.states) + batches * len(inside)
    events_on_aws = sum(EVENTS[state_type(state)] for state in execution.states) + batches * (
        2 + sum(EVENTS[state_type(state)] for state in inside)
    )
    measured = {
        "state transitions per number": transitions / 5000,
        "Bandwidth calls per number, polls apart": count_calls_without_polls(cloud, name, numbers) / 5000,
        "largest payload of a state, bytes": max(payloads),
        "history events on AWS": events_on_aws,
    }
    for label, value in measured.items():
        record_property(f"5,000 numbers, {label}", f"{value:g}")
    assert measured["state transitions per number"] <= 0.1
    assert measured["Bandwidth calls per number, polls apart"] <= 1.02
    assert measured["largest payload of a state, bytes"] < 256 * 1024
    assert measured["history events on AWS"] < 25_000
