"""POST /setups/… with an Idempotency-Key: one set-up per key and body, also if a response is lost."""

from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError

from bandwidth_messaging.runtime import stores
from functions.control import browse, start_setup
from tests.functions.conftest import call_api, sample
from tests.functions.control.setups import AT, list_executions, start_with_key


def test_requests_with_the_same_key_and_body_start_one_set_up(state_machine: str) -> None:
    first = start_with_key("key-1", areaCode="910", quantity=2)
    assert first[0] == 202
    assert [start_with_key("key-1", areaCode="910", quantity=2) for _ in range(3)] == [first] * 3
    assert len(list_executions(state_machine)) == 1


def test_another_key_starts_another_set_up(state_machine: str) -> None:
    first = start_with_key("key-1", areaCode="910")[1]
    second = start_with_key("key-2", areaCode="910")[1]
    assert first["customerOrderId"] != second["customerOrderId"]
    assert len(list_executions(state_machine)) == 2


@pytest.mark.parametrize("customer_order_id", [None, "Order-7"])
def test_another_body_is_rejected_and_starts_nothing(
    state_machine: str, customer_order_id: str | None
) -> None:
    named = {"customerOrderId": customer_order_id} if customer_order_id else {}
    start_with_key("key-1", areaCode="910", **named)

    for other in ({"areaCode": "919", **named}, {"areaCode": "910", "customerOrderId": "Order-8"}):
        status, problem = start_with_key("key-1", **other)
        assert (status, problem["errors"][0]["field"]) == (422, "Idempotency-Key")

    assert len(list_executions(state_machine)) == 1
    assert call_api(browse, "GET", "/orders/Order-8")[0] == 404


def test_a_key_of_another_operation_is_rejected(state_machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_MESSAGING_STATE_MACHINE", state_machine)
    start_with_key("key-1", areaCode="910")

    status, problem = call_api(
        start_setup,
        "POST",
        "/setups/hosted-messaging",
        body=sample("executions/hosted_messaging"),
        headers={"Idempotency-Key": "key-1"},
    )

    assert (status, problem["errors"][0]["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_an_ended_set_up_gets_the_first_response(state_machine: str, state: str) -> None:
    first = start_with_key("key-1", areaCode="910", customerOrderId="Order-7")
    boto3.client("stepfunctions").stop_execution(executionArn=first[1]["executionArn"])
    stores.orders().finish("Order-7", state, at=AT)

    assert start_with_key("key-1", areaCode="910", customerOrderId="Order-7") == first
    assert len(list_executions(state_machine)) == 1


def test_a_new_key_continues_a_set_up_that_failed_once(state_machine: str) -> None:
    request = {"areaCode": "910", "customerOrderId": "Order-7"}
    first = start_with_key("key-1", **request)
    stores.orders().finish("Order-7", "failed", at=AT)

    second = start_with_key("key-2", **request)

    assert second[1]["executionArn"] == f"{first[1]['executionArn']}-again-20260101000000000"
    boto3.client("stepfunctions").stop_execution(executionArn=second[1]["executionArn"])
    assert start_with_key("key-2", **request) == second
    assert start_with_key("key-1", **request) == first
    assert len(list_executions(state_machine)) == 2


def test_a_repeated_dry_run_is_one_execution(state_machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANDWIDTH_API", "current")
    monkeypatch.setenv("HOSTED_MESSAGING_STATE_MACHINE", state_machine)
    setup = sample("executions/hosted_messaging") | {"dryRun": True}
    parts: Any = {"body": setup, "headers": {"Idempotency-Key": "key-1"}}

    first, second = (call_api(start_setup, "POST", "/setups/hosted-messaging", **parts) for _ in range(2))

    assert first == second
    assert len(list_executions(state_machine)) == 1


@pytest.mark.parametrize("call_that_fails", ["UpdateItem", "StartExecution"])
@pytest.mark.parametrize("is_lost", [True, False], ids=["response lost", "not carried out"])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_failed_request_can_be_repeated(
    state_machine: str,
    monkeypatch: pytest.MonkeyPatch,
    call_that_fails: str,
    is_lost: bool,
    nth: int,
) -> None:
    calls: list[str] = []
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    def fail(client: Any, name: str, parameters: Any) -> Any:
        calls.append(name)
        if name != call_that_fails or calls.count(name) != nth:
            return send(client, name, parameters)
        if is_lost:
            send(client, name, parameters)
        raise EndpointConnectionError(endpoint_url="https://aws.example")

    with monkeypatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", fail)
        status, _ = start_with_key("key-1", areaCode="910", quantity=2)
    has_failed = calls.count(call_that_fails) >= nth
    assert status == (500 if has_failed else 202)

    status, started = start_with_key("key-1", areaCode="910", quantity=2)

    assert status == 202
    (execution,) = list_executions(state_machine)
    assert execution["executionArn"] == started["executionArn"]
    # The start is the last call, so that no later call can fail.
    assert "StartExecution" not in calls[:-1]
