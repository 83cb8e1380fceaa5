"""POST /setups/… with a customerOrderId that an earlier set-up has."""

import json

import boto3
import pytest

from bandwidth_messaging.domain.setups import MessagingV2Setup
from bandwidth_messaging.runtime import stores
from tests.functions.control.setups import (
    AT,
    end_setup,
    list_executions,
    set_status,
    start,
    start_with_key,
)

ARN = "arn:aws:states:us-east-1:123456789012:execution:messaging_v2:Order-7"


def test_the_same_customer_order_id_with_another_input_is_a_conflict(state_machine: str) -> None:
    start(areaCode="910", customerOrderId="Order-7")

    status, problem = start(areaCode="919", customerOrderId="Order-7")

    assert status == 409
    assert (
        "customerOrderId 'Order-7' is already used. That set-up has not ended (started)." in problem["detail"]
    )


def test_a_failed_set_up_continues_in_another_execution(state_machine: str) -> None:
    _, first = start(areaCode="910", customerOrderId="Order 7")
    end_setup(first, "failed")

    status, second = start(areaCode="910", customerOrderId="Order 7", deadlineHours=48)

    assert status == 202
    assert second["customerOrderId"] == "Order 7"
    assert second["executionArn"].removeprefix(first["executionArn"]) == "-again-20260101000000000"
    execution = boto3.client("stepfunctions").describe_execution(executionArn=second["executionArn"])
    assert json.loads(execution["input"])["customerOrderId"] == "Order 7"


def test_each_failure_can_be_continued_once(state_machine: str) -> None:
    _, first = start(areaCode="910", customerOrderId="Order-7")
    end_setup(first, "failed")
    _, second = start(areaCode="910", customerOrderId="Order-7", deadlineHours=48)

    status, problem = start(areaCode="910", customerOrderId="Order-7", deadlineHours=72)

    assert status == 409
    assert (
        "The execution Order-7-again-20260101000000000 was started with different input." in problem["detail"]
    )
    end_setup(second, "failed", "2026-01-02T00:00:00.000Z")
    status, third = start(areaCode="910", customerOrderId="Order-7", deadlineHours=72)
    assert status == 202
    executions = boto3.client("stepfunctions").list_executions(stateMachineArn=state_machine)["executions"]
    assert {each["executionArn"] for each in executions} == {
        each["executionArn"] for each in (first, second, third)
    }


@pytest.mark.parametrize("state", ["completed", "partial"])
def test_a_completed_set_up_started_again_is_a_conflict(state_machine: str, state: str) -> None:
    _, first = start(areaCode="910", customerOrderId="Order-7")
    end_setup(first, state)

    status, problem = start(areaCode="910", customerOrderId="Order-7", deadlineHours=48)

    assert status == 409
    assert f"has ended ({state})" in problem["detail"]


def test_a_failed_order_with_another_input_is_a_conflict(state_machine: str) -> None:
    request = {"areaCode": "910", "customerOrderId": "Order-7"}
    _, first = start(**request)
    orders = stores.orders()
    digest = MessagingV2Setup.model_validate(request).digest()
    orders.open("Order-7", kind="messaging_v2", requested=1, execution_arn=ARN, at=AT, digest=digest)
    orders.begin_ordering("Order-7", "first", AT)
    end_setup(first, "failed")

    status, problem = start(areaCode="919", customerOrderId="Order-7")

    assert status == 409
    assert "was started with different input" in problem["detail"]
    assert start(**request, deadlineHours=48)[0] == 202


def test_another_input_than_that_of_the_running_set_up_is_a_conflict(state_machine: str) -> None:
    request = {"areaCode": "910", "customerOrderId": "Order-7"}
    digest = MessagingV2Setup.model_validate(request).digest()
    stores.orders().open("Order-7", kind="messaging_v2", requested=1, execution_arn=ARN, at=AT, digest=digest)

    assert start(**request | {"areaCode": "919"})[0] == 409
    assert start(**request)[0] == 202


def test_an_undone_set_up_started_again_is_a_conflict(state_machine: str) -> None:
    _, first = start(areaCode="910", customerOrderId="Order-7")
    end_setup(first, "failed")
    stores.orders().record_undone("Order-7", by="release-1", at=AT)

    status, problem = start(areaCode="910", customerOrderId="Order-7", deadlineHours=48)

    assert status == 409
    assert "was undone" in problem["detail"]


def test_a_repeated_request_gets_the_first_response_after_the_execution_succeeded(
    state_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"areaCode": "910", "customerOrderId": "Order-7"}
    first = start(**request)
    set_status(monkeypatch, "SUCCEEDED")

    assert start(**request) == first


def test_a_request_with_the_same_key_gets_the_first_response_after_the_execution_was_stopped(
    state_machine: str,
) -> None:
    first = start_with_key("key-1", areaCode="910", customerOrderId="Order-7")
    boto3.client("stepfunctions").stop_execution(executionArn=first[1]["executionArn"])

    assert start_with_key("key-1", areaCode="910", customerOrderId="Order-7") == first


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_a_set_up_whose_end_was_never_reported_continues_in_another_execution(
    state_machine: str, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    _, first = start(areaCode="910", customerOrderId="Order-7")
    set_status(monkeypatch, status)

    accepted, second = start(areaCode="910", customerOrderId="Order-7")

    assert accepted == 202
    assert second["executionArn"].startswith(f"{first['executionArn']}-again-")
    assert stores.orders().get("Order-7")["interrupted"] is True  # type: ignore[index]


def test_a_running_set_up_that_continues_another_one_is_not_started_twice(state_machine: str) -> None:
    request = {"areaCode": "910", "customerOrderId": "Order-7"}
    _, first = start(**request)
    end_setup(first, "failed")
    _, second = start(**request)
    digest = MessagingV2Setup.model_validate(request).digest()
    stores.orders().open(
        "Order-7",
        kind="messaging_v2",
        requested=1,
        execution_arn=second["executionArn"],
        at=AT,
        digest=digest,
    )

    assert start(**request) == (202, second)
    assert len(list_executions(state_machine)) == 2


def test_a_continuation_that_ended_before_its_first_state_is_continued_too(
    state_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"areaCode": "910", "customerOrderId": "Order-7"}
    _, first = start(**request)
    end_setup(first, "failed")
    _, second = start(**request)
    set_status(monkeypatch, "ABORTED")

    accepted, third = start(**request)

    assert accepted == 202
    assert third["executionArn"].startswith(f"{first['executionArn']}-again-")
    assert third["executionArn"] != second["executionArn"]
    assert len(list_executions(state_machine)) == 3
