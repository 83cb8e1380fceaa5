"""POST /releases: the order and the execution of a release."""

import json
from typing import Any

import boto3
import pytest

from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.services.setup_check import Execution
from functions.control import browse, start_setup
from tests.functions.conftest import call_api
from tests.functions.control.setups import list_executions, refuse_start

NUMBER = "+19102398766"


@pytest.fixture(autouse=True)
def _release_machine(state_machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the state machine of the tests for releases too."""
    monkeypatch.setenv("RELEASE_NUMBERS_STATE_MACHINE", state_machine)


def release(key: str | None = None, **body: Any) -> tuple[int, Any]:
    headers = {"Idempotency-Key": key} if key else None
    return call_api(start_setup, "POST", "/releases", body=body, headers=headers)


def execution_input(started: Any) -> Any:
    arn = started["executionArn"]
    return json.loads(boto3.client("stepfunctions").describe_execution(executionArn=arn)["input"])


def test_the_execution_gets_the_body_and_its_order_can_be_read_at_once() -> None:
    status, started = release(telephoneNumbers=["(910) 239-8766"])

    assert status == 202
    assert execution_input(started) == {"telephoneNumbers": [NUMBER]}
    _, order = call_api(browse, "GET", f"/orders/{started['customerOrderId']}")
    assert (order["kind"], order["state"], order["requested"]) == ("release_numbers", "started", 1)
    assert order["executionArn"] == started["executionArn"]


def test_the_release_has_an_order_besides_that_of_its_set_up() -> None:
    _, started = release(customerOrderId="order-1", everything=True)

    assert started["customerOrderId"].startswith("release-")
    assert execution_input(started) == {"customerOrderId": "order-1", "everything": True}
    assert stores.orders().get("order-1") is None


def test_the_execution_continues_the_order_of_the_request() -> None:
    _, started = release(customerOrderId="order-1")
    arn = started["executionArn"]

    checked = wiring.setup_check().check(
        Execution("release_numbers", arn.rpartition(":")[2], arn), execution_input(started)
    )

    assert checked["customerOrderId"] == started["customerOrderId"]
    assert checked["setupOrderId"] == "order-1"


def test_requests_with_the_same_key_start_one_release(state_machine: str) -> None:
    first = release("key-1", customerOrderId="order-1")

    assert release("key-1", customerOrderId="order-1") == first
    assert len(list_executions(state_machine)) == 1
    assert release("key-2", customerOrderId="order-1")[1] != first[1]


def test_another_release_with_the_same_key_is_rejected() -> None:
    release("key-1", customerOrderId="order-1")

    status, problem = release("key-1", customerOrderId="order-1", everything=True)

    assert (status, problem["code"]) == (422, "idempotency_key_reused")


def test_a_dry_run_has_no_order() -> None:
    status, started = release(customerOrderId="order-1", dryRun=True)

    assert status == 202
    assert execution_input(started) == {"customerOrderId": "order-1", "dryRun": True}
    assert call_api(browse, "GET", f"/orders/{started['customerOrderId']}")[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"telephoneNumbers": [NUMBER], "customerOrderId": "order-1"}, "body"),
        ({"telephoneNumbers": ["12"]}, "telephoneNumbers[0]"),
        ({"telephoneNumbers": []}, "telephoneNumbers"),
        ({"telephoneNumbers": [NUMBER], "everything": True}, "everything"),
        ({"customerOrderId": "order-1", "deadlineHours": 0}, "deadlineHours"),
        ({"customerOrderId": "order-1", "force": True}, "force"),
    ],
)
def test_an_invalid_release_is_a_422_and_starts_nothing(
    body: dict[str, Any], field: str, state_machine: str
) -> None:
    status, problem = release(**body)

    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])
    assert list_executions(state_machine) == []


def test_a_refused_start_fails_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        refuse_start(patch, "ThrottlingException")
        assert release("key-1", customerOrderId="order-1")[0] == 500

    status, started = release("key-1", customerOrderId="order-1")

    assert status == 202
    order = call_api(browse, "GET", f"/orders/{started['customerOrderId']}")[1]
    assert order["state"] == "started"
