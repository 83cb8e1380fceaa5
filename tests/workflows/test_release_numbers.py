"""The outcomes of the state machine release_numbers, which releases what the set-ups created."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.stack import Stack
from tests.generations import both_generations, only_classic
from tests.machines import Execution, control, get, run, unique
from tests.workflows.test_hosted_messaging import some_numbers

SAMPLES = Path(__file__).parents[2] / "events/executions"
RESOURCES = ["assignment", "mms", "sms", "location", "application"]
KINDS = ("applications", "locations", "numbers", "external_numbers", "catapult_applications")


def sample(machine: str) -> dict[str, Any]:
    machine_input: dict[str, Any] = json.loads((SAMPLES / f"{machine}.json").read_text())
    return machine_input


@pytest.fixture(autouse=True, scope="module")
def _other_default_location(clouds: dict[str, Stack]) -> None:
    """Create a default location per site for hosted numbers. A default location cannot be deleted."""
    for cloud in clouds.values():
        name = unique("default")
        own = {"applicationName": name, "locationName": name, "customerOrderId": name, "isDefaultPeer": True}
        execution = run(cloud, "messaging_v2", sample("messaging_v2") | own)
        assert execution.output is not None, execution.cause


def set_up(cloud: Stack, name: str) -> list[str]:
    """Order numbers with `name` as the name of the application and the location."""
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", sample("messaging_v2") | own)
    assert execution.output is not None, execution.cause
    numbers: list[str] = execution.output["numbers"]
    return numbers


def host(cloud: Stack, name: str, count: int = 3) -> list[str]:
    """Import numbers with `name` as the name of the application, and of the location on the current API."""
    numbers = some_numbers(count)
    own = {"applicationName": name, "customerOrderId": name, "telephoneNumbers": numbers}
    if cloud.bandwidth_api == "current":
        own["locationName"] = name
    assert run(cloud, "hosted_messaging", sample("hosted_messaging") | own).status == "SUCCEEDED"
    return numbers


def release(cloud: Stack, **fields: Any) -> Execution:
    return run(cloud, "release_numbers", fields)


def account(cloud: Stack) -> Any:
    return control(cloud, "GET", "/account")


def list_remaining(cloud: Stack, name: str, numbers: list[str]) -> list[Any]:
    """Return the account's resources that have a name or a number of the test."""
    return [
        each
        for kind in KINDS
        for each in account(cloud)[kind]
        if each.get("name") == name or each.get("number") in numbers
    ]


def list_loss_subscriptions(cloud: Stack) -> list[Any]:
    return [each for each in account(cloud)["subscriptions"] if each["topic"] == "MESSAGING_LOST"]


@both_generations
def test_the_resources_of_both_setups_are_planned_and_then_all_released(
    cloud: Stack, generation: str
) -> None:
    ordered, imported = unique("release"), unique("release hosted")
    numbers, hosted = set_up(cloud, ordered), host(cloud, imported)
    for name, own, kinds in (
        (ordered, numbers, RESOURCES),
        (imported, hosted, {"classic": ["catapultApplication"], "current": RESOURCES}[generation]),
    ):
        before = account(cloud)
        planned = release(cloud, customerOrderId=name, everything=True, dryRun=True)
        assert (planned.status, planned.states[-1]) == ("SUCCEEDED", "Plan Only")
        assert planned.output is not None
        planned_names = [each["what"] for each in planned.output["delete"]]
        assert [each for each in planned_names if each != "subscription"] == kinds
        assert {each["number"] for each in planned.output["firstNumbers"]} == set(own)
        assert list_remaining(cloud, name, own)
        assert [each for each in account(cloud)["applications"] if each["name"] == name] == [
            each for each in before["applications"] if each["name"] == name
        ]
        assert cloud.call("GET", f"/orders/{planned.name}").status_code == 404

        done = release(cloud, customerOrderId=name, everything=True)
        assert (done.status, done.cause) == ("SUCCEEDED", None)
        assert done.output is not None
        assert done.output["released"] == len(own)
        outcomes = [(each["what"], each["outcome"]) for each in done.output["resources"]]
        assert [what for what, outcome in outcomes if outcome == "deleted"] == planned_names
        kept = [what for what, outcome in outcomes if outcome == "left"]
        assert list_remaining(cloud, name, own) == []
        if own is hosted:
            # All hosted set-ups share the subscription. Numbers of other tests may still need it.
            assert kept == ["subscription"] * len(list_loss_subscriptions(cloud))
        assert {get(cloud, f"/numbers/{each}")["state"] for each in own} == {"released"}
        record = get(cloud, f"/orders/{done.name}")
        assert (record["kind"], record["state"], record["completed"]) == (
            "release_numbers",
            "completed",
            len(own),
        )
        assert get(cloud, f"/orders/{name}")["undoneBy"] == done.name


def test_a_second_run_succeeds_with_everything_already_released(cloud: Stack) -> None:
    name = unique("again")
    set_up(cloud, name)
    for _ in range(2):
        assert release(cloud, customerOrderId=name, everything=True).status == "SUCCEEDED"


@both_generations
def test_selected_numbers_of_both_machines_are_released_and_the_others_remain(cloud: Stack) -> None:
    name = unique("single")
    (first, second), (third, *others) = set_up(cloud, name), host(cloud, f"{name} h")

    execution = release(cloud, telephoneNumbers=[first, third])

    assert (execution.status, execution.cause) == ("SUCCEEDED", None)
    assert [get(cloud, f"/numbers/{each}")["state"] for each in (first, third)] == ["released"] * 2
    assert {get(cloud, f"/numbers/{each}")["state"] for each in (second, *others)} == {"active"}


def test_an_unreleased_number_keeps_its_location_and_a_second_run_continues(cloud: Stack) -> None:
    name, execution_name = unique("partial"), unique("stuck").replace(" ", "-")
    stuck, released = set_up(cloud, name)
    errors = [{"code": 5012, "description": "The number is locked"}]
    fate = {"fate": "PARTIAL", "failed_numbers": [stuck], "errors": errors}
    control(cloud, "PUT", f"/orders/{execution_name}", fate)
    machine_input = {"customerOrderId": name, "everything": True}

    first = run(cloud, "release_numbers", machine_input, name=execution_name)

    assert (first.status, first.error) == ("FAILED", "ReleaseIncomplete")
    assert "numbers not released: 1 of 2 (5012 The number is locked)" in str(first.cause)
    assert get(cloud, f"/numbers/{stuck}")["state"] == "releasing"
    assert get(cloud, f"/numbers/{released}")["state"] == "released"
    record = get(cloud, f"/orders/{execution_name}")
    assert (record["state"], record["completed"], record["failed"]) == ("partial", 1, 1)
    assert record["failures"] == [{"number": stuck, "code": "5012", "reason": "The number is locked"}]
    assert {each["outcome"] for each in record["resources"]} == {"left"}
    (location,) = [each for each in account(cloud)["locations"] if each["name"] == name]
    assert location["application_id"] is not None

    second = release(cloud, **machine_input)

    assert (second.status, second.cause) == ("SUCCEEDED", None)
    assert list_remaining(cloud, name, [stuck, released]) == []


@only_classic
def test_a_hosted_number_that_cannot_be_removed_reports_the_reason(cloud: Stack) -> None:
    name, execution_name = unique("rejected"), unique("stuck").replace(" ", "-")
    stuck, *released = host(cloud, name)
    errors = [{"code": 25040, "description": "Cannot be removed"}]
    fate = {"fate": "PARTIAL", "failed_numbers": [stuck], "errors": errors}
    control(cloud, "PUT", f"/orders/{execution_name}-removal-1", fate)

    execution = run(cloud, "release_numbers", {"customerOrderId": name}, name=execution_name)

    assert (execution.status, execution.error) == ("FAILED", "ReleaseIncomplete")
    assert "numbers not released: 1 of 3 (25040 Cannot be removed)" in str(execution.cause)
    assert {get(cloud, f"/numbers/{each}")["state"] for each in released} == {"released"}


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_unknown_setup_is_reported_and_nothing_is_released(cloud: Stack, dry_run: bool) -> None:
    execution = release(cloud, customerOrderId="unknown setup", dryRun=dry_run)

    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    reason = "customerOrderId: 'unknown setup' is unknown. Give the customerOrderId of a set-up of this stack"
    assert str(execution.cause).startswith(f"{reason}. Resolve the cause, then start ")

    recorded = cloud.call("GET", f"/orders/{execution.name}")

    assert recorded.status_code == (404 if dry_run else 200)
    if not dry_run:
        assert (recorded.json()["state"], recorded.json()["reason"]) == ("failed", reason)


def test_an_invalid_input_is_reported(cloud: Stack) -> None:
    execution = release(cloud)

    assert (execution.status, execution.error) == ("FAILED", "InvalidInput")
    assert execution.states == ["Check Input", "Release Failed"]
    assert "give either telephoneNumbers or the customerOrderId of a set-up" in str(execution.cause)
