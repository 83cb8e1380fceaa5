"""The state machines order numbers once for any number of starts, and record every number."""

import json
from typing import Any

import boto3
import pytest

from bandwidth_messaging.runtime import stores
from functions.control import start_setup
from functions.setups import check_input
from tests.functions.conftest import Stack, call, call_api, sample
from tests.generations import both_generations, only_current
from tests.in_process_machines import Machines, install_machines

NAMES = {"applicationName": "Alerts", "locationName": "Alerts", "areaCode": "910", "quantity": 2}


@pytest.fixture
def machines(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Machines:
    stack.simulator.simulator.imports.needs_letter = False
    return install_machines(monkeypatch)


def started(monkeypatch: pytest.MonkeyPatch, body: Any) -> Any:
    """Return the input of the execution that POST /setups/messaging-v2 starts."""
    client = boto3.client("stepfunctions")
    arn = client.create_state_machine(
        name="messaging_v2",
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )["stateMachineArn"]
    monkeypatch.setenv("MESSAGING_V2_STATE_MACHINE", arn)
    status, answer = call_api(start_setup, "POST", "/setups/messaging-v2", body=body)
    assert status == 202
    execution = client.describe_execution(executionArn=answer["executionArn"])
    return json.loads(execution["input"])


def stored_order(customer_order_id: str) -> Any:
    return stores.orders().get(customer_order_id)


@both_generations
def test_a_lost_order_with_white_space_in_its_id_is_not_placed_twice(
    stack: Stack, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = started(monkeypatch, {"areaCode": "910", "quantity": 2, "customerOrderId": "sp 1 "})
    stack.add_fault("/orders$", method="POST", lose_answer=True)

    ended = machines.run("messaging_v2", given)

    assert (ended.status, ended.output["customerOrderId"]) == ("SUCCEEDED", "sp 1")
    assert len(stack.simulator.simulator.orders.find()) == 1
    assert len(stack.simulator.simulator.account.list_numbers()) == 2


@both_generations
def test_a_lost_import_with_white_space_in_its_id_is_not_placed_twice(
    stack: Stack, machines: Machines, generation: str
) -> None:
    more = {} if generation == "classic" else sample("executions/hosted_messaging")
    given = more | {"telephoneNumbers": ["+19195550001"], "customerOrderId": " sp  1"}
    path = {"classic": "/externalTns$", "current": "/importTnOrders"}[generation]
    stack.add_fault(path, method="POST", lose_answer=True)

    assert machines.run("hosted_messaging", given).status == "SUCCEEDED"
    assert stack.requests("POST", path.rstrip("$")) == 1


@both_generations
def test_the_claim_of_a_dead_run_does_not_block_the_next_run(stack: Stack, machines: Machines) -> None:
    given = NAMES | {"customerOrderId": "left behind"}
    call(check_input, sample("setups/check_input") | {"input": given, "executionArn": "arn:first"})

    stores.orders().begin_ordering("left behind", "attempt", "2026-01-01T00:00:00.000Z")

    assert machines.run("messaging_v2", given).status == "SUCCEEDED"
    assert len(stack.simulator.simulator.orders.find("left behind")) == 1


@both_generations
def test_white_space_in_names_creates_no_second_application_or_location(
    stack: Stack, machines: Machines
) -> None:
    for name in ("My Alerts", " My  Alerts "):
        given = NAMES | {"applicationName": name, "locationName": name}
        assert machines.run("messaging_v2", given).status == "SUCCEEDED"
    account = stack.simulator.simulator.account

    assert [each.name for each in account.applications()] == ["My Alerts"]
    assert [each.name for each in account.locations()] == ["My Alerts"]


# An order that has ended, but lists fewer numbers than it completed


def few(word: str, *numbers: str) -> dict[str, Any]:
    listed = "".join(
        f"<TelephoneNumber><FullNumber>{each}</FullNumber></TelephoneNumber>" for each in numbers
    )
    body = f"<CompletedQuantity>2</CompletedQuantity><OrderStatus>{word}</OrderStatus>"
    body = f"<OrderResponse>{body}<CompletedNumbers>{listed}</CompletedNumbers></OrderResponse>"
    return {"status": 200, "body": body}


@pytest.mark.parametrize("word", ["COMPLETE", "PARTIAL"])
@pytest.mark.parametrize("listed", [(), ("9105550000",)])
@only_current
def test_numbers_that_are_listed_late_are_recorded(
    stack: Stack, machines: Machines, word: str, listed: tuple[str, ...]
) -> None:
    stack.add_fault("/orders/[^/]+$", method="GET", times=3, answer=few(word, *listed))
    ended = machines.run("messaging_v2", NAMES | {"customerOrderId": "late"})
    assert (ended.status, len(ended.output["numbers"])) == ("SUCCEEDED", 2)

    order = stored_order("late")
    assert (order["orderState"], order["completed"], order["failed"]) == ("completed", 2, 0)


@only_current
def test_a_set_up_fails_while_its_numbers_are_not_listed_and_continues_afterwards(
    stack: Stack, machines: Machines
) -> None:
    stack.add_fault("/orders/[^/]+$", method="GET", times=1000, answer=few("COMPLETE"))
    given = NAMES | {"customerOrderId": "never"}
    ended = machines.run("messaging_v2", given)
    assert (ended.status, ended.error) == ("FAILED", "BandwidthGarbled")
    assert "lists fewer numbers than it completed" in str(ended.cause)
    assert stored_order("never")["orderState"] == "ordered"
    assert 5 <= ended.states.count("Check Order Status") <= 20

    stack.simulator.simulator.faults.reset()

    assert machines.run("messaging_v2", given).status == "SUCCEEDED"
    assert stored_order("never")["completed"] == 2
    assert len(stack.simulator.simulator.orders.find()) == 1


@pytest.mark.generations("classic")
def test_imported_numbers_that_are_listed_late_are_imported(stack: Stack, machines: Machines) -> None:
    body = (
        "<ExternalTnsOrder><OrderId>order-1</OrderId><ProcessingStatus>COMPLETE</ProcessingStatus><Order>"
        "<TelephoneNumbers><TelephoneNumber>9195550001</TelephoneNumber></TelephoneNumbers></Order>"
        "</ExternalTnsOrder>"
    )
    stack.add_fault("/externalTns/[^/]+$", method="GET", times=3, answer={"status": 200, "body": body})
    given = {"telephoneNumbers": ["+19195550001", "+19195550002"], "customerOrderId": "late"}

    ended = machines.run("hosted_messaging", given)

    assert (ended.status, ended.output["completed"], ended.output["failed"]) == ("SUCCEEDED", 2, 0)


# One record, one order


@only_current
def test_another_input_with_the_id_of_a_running_set_up_is_rejected(stack: Stack, machines: Machines) -> None:
    given = NAMES | {"customerOrderId": "one"}
    first = sample("setups/check_input") | {"input": given, "executionArn": "arn:first"}
    call(check_input, first)
    before = stores.orders().get("one")

    second = machines.run("messaging_v2", given | {"quantity": 3})

    assert (second.status, second.error) == ("FAILED", "InvalidInput")
    assert "one belongs to another order" in str(second.cause)
    assert stores.orders().get("one") == before
    assert stack.requests("POST", "/orders") == 0


@only_current
def test_a_release_with_the_id_of_its_failed_set_up_does_not_change_the_record(stack: Stack) -> None:
    stores.orders().open(
        "set-up-1",
        kind="messaging_v2",
        requested=2,
        execution_arn="arn:1",
        at="2026-01-01T00:00:00.000Z",
        digest="d",
        generation="current",
    )
    stores.orders().finish("set-up-1", "failed", at="2026-01-01T00:00:01.000Z", reason="no such site")
    before = stores.orders().get("set-up-1")
    release = {"kind": "release_numbers", "input": {"customerOrderId": "set-up-1"}}
    event = sample("setups/check_input") | release | {"executionName": "set-up-1", "executionArn": "arn:2"}

    with pytest.raises(Exception, match="Start the release under another execution name"):
        call(check_input, event)

    assert stores.orders().get("set-up-1") == before
