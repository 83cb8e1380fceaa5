"""Executions that end without having recorded it on their order, and executions that are redriven."""

import json
from typing import Any

import boto3
import pytest

from bandwidth_messaging.api.views import order_view, transfer_view
from bandwidth_messaging.domain.orders import Kind, build_customer_order_id, name_continuation
from bandwidth_messaging.domain.problems import ExecutionReplaced
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services.order_placement import place_order_once
from bandwidth_messaging.store.dynamodb import from_dynamodb
from bandwidth_messaging.store.executions import ExecutionOutdated
from functions.setups import check_account, record_execution, record_failure
from tests.functions.conftest import Stack, call, sample
from tests.functions.control.setups import AT, set_status
from tests.generations import only_current

pytestmark = only_current

SECRET_INPUT = "the text of a message"


@pytest.fixture
def machine(stack: Stack) -> str:
    """The ARN of a state machine whose executions end at once."""
    arn: str = boto3.client("stepfunctions").create_state_machine(
        name="messaging_v2",
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )["stateMachineArn"]
    return arn


def start(machine: str, name: str, given: dict[str, Any], *, kind: Kind = "messaging_v2") -> str:
    """Start an execution, open its order, and return the execution's ARN."""
    arn: str = boto3.client("stepfunctions").start_execution(
        stateMachineArn=machine, name=name, input=json.dumps(given | {"note": SECRET_INPUT})
    )["executionArn"]
    order_id = build_customer_order_id(name) if kind == "release_numbers" else order_of(name, given)
    stores.orders().open(order_id, kind=kind, requested=1, execution_arn=arn, at=AT, digest="digest")
    return arn


def order_of(name: str, given: dict[str, Any]) -> str:
    return str(given.get("customerOrderId", name))


def report(arn: str, status: str = "ABORTED", redrives: int = 0) -> None:
    """Call the function with the status change of an execution."""
    event = sample("setups/record_execution")
    changed = {"executionArn": arn, "status": status, "redriveCount": redrives}
    call(record_execution, event | {"detail": event["detail"] | changed})


def order(order_id: str = "Order-7") -> Any:
    return stores.orders().get(order_id)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("FAILED", "The execution failed (Sandbox.Timedout)."),
        ("TIMED_OUT", "The execution timed out."),
        ("ABORTED", "The execution was stopped."),
    ],
)
def test_an_execution_that_ended_without_a_record_fails_its_order(
    machine: str, monkeypatch: pytest.MonkeyPatch, status: str, reason: str
) -> None:
    arn = start(machine, "Order-7", {})
    set_status(monkeypatch, status, "Sandbox.Timedout")

    report(arn)

    assert (order()["orderState"], order()["reason"]) == ("failed", reason)
    assert SECRET_INPUT not in str(order())


def test_an_operator_records_an_end_with_the_arn_alone(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = start(machine, "Order-7", {})
    set_status(monkeypatch, "TIMED_OUT")

    call(record_execution, {"detail": {"executionArn": arn}})

    assert order()["reason"] == "The execution timed out."


def test_the_reason_names_the_failed_step(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = start(machine, "Order-7", {})
    detail = "BandwidthUnauthorized: GET /accounts/1 returned 401"
    stores.orders().record_step("Order-7", "Check Account", state="failed", at=AT, detail=detail)
    set_status(monkeypatch, "FAILED", "BandwidthUnauthorized")

    report(arn)

    assert order()["reason"] == f"Check Account failed: {detail}"


def test_a_status_change_that_is_reported_twice_changes_the_order_once(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = start(machine, "Order-7", {})
    set_status(monkeypatch, "ABORTED")
    report(arn)
    once = order()

    report(arn)

    assert order() == once


@pytest.mark.parametrize("state", ["completed", "partial", "failed"])
def test_an_order_that_has_recorded_its_end_does_not_change(
    machine: str, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    arn = start(machine, "Order-7", {})
    stores.orders().finish("Order-7", state, at=AT, reason="recorded")
    recorded = order()
    set_status(monkeypatch, "FAILED")

    report(arn)

    assert order() == recorded


def test_an_order_that_another_execution_continues_does_not_change(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start(machine, "Order-7", {})
    stores.orders().finish("Order-7", "failed", at=AT)
    start(machine, "Order-7-again", {"customerOrderId": "Order-7"})
    continued = order()
    set_status(monkeypatch, "FAILED")

    report(first)

    assert order() == continued
    assert continued["orderState"] == "started"


def start_continuation(machine: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stop the execution of an order, and start one that continues the order but stops before it opens it."""
    first = start(machine, "Order-7", {})
    set_status(monkeypatch, "ABORTED")
    report(first)
    name = name_continuation("Order-7", order()["failedAt"])
    arn: str = boto3.client("stepfunctions").start_execution(
        stateMachineArn=machine, name=name, input=json.dumps({"customerOrderId": "Order-7"})
    )["executionArn"]
    return arn


def test_a_continuation_that_ended_before_its_first_state_is_recorded_once(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = start_continuation(machine, monkeypatch)
    set_status(monkeypatch, "FAILED", "Sandbox.Timedout")
    before = order()

    report(arn)
    once = order()
    report(arn)

    assert once["failedAt"] > before["failedAt"]
    assert once == before | {
        "failedAt": once["failedAt"],
        "reason": "The execution failed (Sandbox.Timedout).",
    }
    assert order() == once


def test_a_running_continuation_does_not_reopen_the_order_for_the_execution_before(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = start_continuation(machine, monkeypatch)
    before = order()
    set_status(monkeypatch, "RUNNING")

    report(arn, "RUNNING")

    assert order() == before


def test_the_input_names_the_order_of_a_set_up(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = start(machine, "some-name", {"customerOrderId": "Order-7"})
    set_status(monkeypatch, "ABORTED")

    report(arn)

    assert order()["orderState"] == "failed"


def test_a_stopped_release_fails_its_own_order_and_not_that_of_the_set_up(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(machine, "Order-7", {})
    given = {"customerOrderId": "Order-7", "everything": True}
    arn = start(machine, "undo-order-7", given, kind="release_numbers")
    set_status(monkeypatch, "ABORTED")

    report(arn)

    assert order("undo-order-7")["orderState"] == "failed"
    assert order()["orderState"] == "started"


def test_an_execution_that_succeeded_since_the_report_changes_nothing(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = start(machine, "Order-7", {})
    before = order()
    set_status(monkeypatch, "SUCCEEDED")

    report(arn)

    assert order() == before


def test_an_execution_without_an_order_creates_none(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = boto3.client("stepfunctions").start_execution(stateMachineArn=machine, name="dry", input="[1]")
    set_status(monkeypatch, "ABORTED")

    report(arn["executionArn"])

    assert order("dry") is None


@pytest.mark.parametrize(
    ("read", "reported", "redrives"), [("RUNNING", "FAILED", 0), ("FAILED", "RUNNING", 1)]
)
def test_a_status_that_step_functions_does_not_return_yet_is_processed_again(
    machine: str, monkeypatch: pytest.MonkeyPatch, read: str, reported: str, redrives: int
) -> None:
    arn = start(machine, "Order-7", {})
    before = order()
    set_status(monkeypatch, read)

    with pytest.raises(ExecutionOutdated, match="does not return the new status"):
        report(arn, reported, redrives)

    assert order() == before


@pytest.mark.parametrize(("order_id", "state"), [(None, "started"), ("bandwidths-order", "ordered")])
def test_a_redriven_execution_reopens_its_order(
    machine: str, monkeypatch: pytest.MonkeyPatch, order_id: str | None, state: str
) -> None:
    arn = start(machine, "Order-7", {})
    if order_id:
        stores.orders().record_ordered("Order-7", order_id, AT)
    set_status(monkeypatch, "FAILED")
    report(arn)
    set_status(monkeypatch, "RUNNING")

    report(arn, "RUNNING")

    assert order()["orderState"] == state
    assert not {"reason", "failedAt", "interrupted"} & order().keys()


def test_a_redriven_execution_does_not_reopen_an_order_that_recorded_its_failure(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = start(machine, "Order-7", {})
    stores.orders().finish("Order-7", "failed", at=AT, reason="rejected")
    set_status(monkeypatch, "RUNNING")

    report(arn, "RUNNING")

    assert order()["orderState"] == "failed"


def test_a_replaced_execution_that_is_redriven_fails_and_calls_bandwidth_no_more(
    machine: str, monkeypatch: pytest.MonkeyPatch, stack: Stack
) -> None:
    old = start(machine, "Order-7", {})
    set_status(monkeypatch, "ABORTED")
    report(old)
    new = start(machine, "Order-7-again", {"customerOrderId": "Order-7"})
    before = order()

    for module, name in ((check_account, "check_account"), (record_failure, "record_failure")):
        request = sample(f"setups/{name}") | {"customerOrderId": "Order-7"}
        with pytest.raises(ExecutionReplaced) as raised:
            call(module, request | {"executionArn": old})
        assert str(raised.value) == (
            f"the order Order-7 is now processed by the execution {new}."
            " Follow that execution, and do not redrive this one."
        )
    report(old)

    assert order() == before
    assert stack.requests("GET", "") == 0


def test_an_order_that_bandwidth_accepts_after_a_stop_is_kept_and_shown(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = start(machine, "Order-7", {})
    set_status(monkeypatch, "ABORTED")

    def place() -> str:
        report(arn)
        return "bandwidths-order"

    place_order_once(stores.orders(), "Order-7", place=place, find=lambda _: None)

    shown = order_view("Order-7", order())
    assert (shown["state"], shown["orderId"]) == ("failed", "bandwidths-order")
    assert "Bandwidth continues its order bandwidths-order" in shown["nextSteps"]


def test_a_redriven_execution_that_completes_leaves_no_trace_of_its_interruption(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = start(machine, "Order-7", {})
    set_status(monkeypatch, "FAILED")
    report(arn)

    stores.orders().finish("Order-7", "completed", at=AT, completed=1)

    assert order()["orderState"] == "completed"
    assert "interrupted" not in order()


# Imports and exports of opt-outs


IMPORT = {"action": "IMPORT", "key": "imports/opt-outs.csv"}


@pytest.fixture
def opt_outs_machine(machine: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ARN of the state machine that imports and exports opt-outs."""
    monkeypatch.setenv("OPT_OUTS_STATE_MACHINE", machine)
    settings.cache_clear()
    return machine


def start_transfer(machine: str, given: Any) -> str:
    response = boto3.client("stepfunctions").start_execution(
        stateMachineArn=machine, name="import-1", input=json.dumps(given)
    )
    return str(response["executionArn"])


def transfer(stack: Stack) -> Any:
    """Return the stored transfer without its times."""
    key = {"pk": {"S": "TRANSFER#import-1"}}
    item = stack.dynamodb.get_item(TableName=settings().numbers_table, Key=key).get("Item", {})
    shown = transfer_view(from_dynamodb(item)) if item else {}
    return {name: value for name, value in shown.items() if name != "times"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("FAILED", "The execution failed (InvalidInput)."),
        ("TIMED_OUT", "The execution timed out."),
        ("ABORTED", "The execution was stopped."),
    ],
)
def test_a_transfer_that_ended_without_success_is_recorded(
    stack: Stack, opt_outs_machine: str, monkeypatch: pytest.MonkeyPatch, status: str, reason: str
) -> None:
    arn = start_transfer(opt_outs_machine, IMPORT)
    set_status(monkeypatch, status, "InvalidInput")

    report(arn)
    report(arn)

    assert transfer(stack) == {"state": "failed", "executionArn": arn, "reason": reason, **IMPORT}
    assert order("import-1") is None


@pytest.mark.parametrize("given", [[], {"action": "DELETE", "key": 7, "note": SECRET_INPUT}], ids=str)
def test_the_record_of_a_transfer_has_nothing_of_an_invalid_input(
    stack: Stack, opt_outs_machine: str, monkeypatch: pytest.MonkeyPatch, given: Any
) -> None:
    arn = start_transfer(opt_outs_machine, given)
    set_status(monkeypatch, "FAILED", "InvalidInput")

    report(arn)

    assert transfer(stack).keys() == {"state", "executionArn", "reason"}


def test_a_redriven_transfer_runs_and_can_fail_again(
    stack: Stack, opt_outs_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = start_transfer(opt_outs_machine, IMPORT)
    states = []

    for status in ("RUNNING", "ABORTED", "RUNNING", "TIMED_OUT"):
        set_status(monkeypatch, status)
        report(arn, status)
        states.append(transfer(stack).get("state"))

    assert states == [None, "failed", "running", "failed"]


def test_a_transfer_that_succeeded_since_the_report_is_not_recorded(
    stack: Stack, opt_outs_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = start_transfer(opt_outs_machine, IMPORT)
    set_status(monkeypatch, "SUCCEEDED")

    report(arn)

    assert transfer(stack) == {}
