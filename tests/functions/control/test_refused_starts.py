"""POST /setups/… if Step Functions refuses to start the execution."""

from typing import Any

import pytest

from bandwidth_messaging.domain.setups import MessagingV2Setup
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services import setup_start
from bandwidth_messaging.store.executions import Executions, StartRejected
from bandwidth_messaging.store.keys import order_key
from bandwidth_messaging.store.setup_requests import hash_idempotency_key
from functions.control import browse
from functions.setups import check_input
from tests.functions.conftest import call_api
from tests.functions.control.setups import AT, end_setup, list_executions, refuse_start, start, start_with_key


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_a_refused_start_fails_the_order_and_a_repeated_request_continues_it(
    state_machine: str, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    request = {"areaCode": "910", "customerOrderId": "Order-7"}
    with monkeypatch.context() as patch:
        refuse_start(patch, code)
        assert start(**request)[0] == 500

    order = call_api(browse, "GET", "/orders/Order-7")[1]
    assert order["state"] == "failed"
    assert order["reason"] == f"Step Functions did not start the execution ({code})."
    assert start(**request)[0] == 202


def test_a_refused_start_does_not_change_the_order_of_a_running_set_up(
    state_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"areaCode": "910", "customerOrderId": "Order-7"}
    assert start(**request)[0] == 202
    with monkeypatch.context() as patch:
        refuse_start(patch, "ThrottlingException")
        assert start(**request)[0] == 500

    assert call_api(browse, "GET", "/orders/Order-7")[1]["state"] == "started"


def test_a_refused_start_does_not_change_the_order_of_a_request_in_the_same_millisecond(
    state_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup_start, "now", lambda: AT)
    assert start(areaCode="910", customerOrderId="Order-7")[0] == 202
    refuse_start(monkeypatch, "ThrottlingException")

    assert start(areaCode="910", customerOrderId="Order-7")[0] == 500

    assert call_api(browse, "GET", "/orders/Order-7")[1]["state"] == "started"


def test_a_refused_start_does_not_change_the_order_of_an_execution_in_the_same_millisecond(
    state_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = {"areaCode": "910", "customerOrderId": "Order-7"}
    digest = MessagingV2Setup.model_validate(setup).digest()
    stores.orders().open(
        "Order-7", kind="messaging_v2", requested=1, execution_arn="arn", at=AT, digest=digest
    )
    monkeypatch.setattr(setup_start, "now", lambda: AT)
    refuse_start(monkeypatch, "ThrottlingException")

    assert start(**setup)[0] == 500

    assert call_api(browse, "GET", "/orders/Order-7")[1]["state"] == "started"


def test_a_refused_start_does_not_change_the_order_of_a_version_without_start_tokens(
    state_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start(areaCode="910", customerOrderId="Order-7")[0] == 202
    stores.orders()._table.update(order_key("Order-7"), assign={"startToken": None})
    refuse_start(monkeypatch, "ThrottlingException")

    assert start(areaCode="910", customerOrderId="Order-7")[0] == 500

    assert call_api(browse, "GET", "/orders/Order-7")[1]["state"] == "started"


@pytest.mark.parametrize("earlier_attempt", [None, 500], ids=["no response", "500"])
def test_a_refusal_after_an_attempt_that_may_have_started_does_not_change_the_order(
    state_machine: str, monkeypatch: pytest.MonkeyPatch, earlier_attempt: int | None
) -> None:
    with monkeypatch.context() as patch:
        refuse_start(patch, "ThrottlingException", earlier_attempt=earlier_attempt)
        assert start(areaCode="910", customerOrderId="Order-7")[0] == 500

    assert call_api(browse, "GET", "/orders/Order-7")[1]["state"] == "started"


@pytest.mark.parametrize("customer_order_id", [None, "Order-7"])
def test_a_request_with_a_key_can_be_repeated_after_refused_starts(
    state_machine: str, monkeypatch: pytest.MonkeyPatch, customer_order_id: str | None
) -> None:
    request = {"areaCode": "910"} | ({"customerOrderId": customer_order_id} if customer_order_id else {})
    for _ in range(2):
        with monkeypatch.context() as patch:
            refuse_start(patch, "ThrottlingException")
            assert start_with_key("key-1", **request)[0] == 500
        order_id = customer_order_id or f"setup-{hash_idempotency_key('key-1')}"
        assert call_api(browse, "GET", f"/orders/{order_id}")[1]["state"] == "failed"

    status, started = start_with_key("key-1", **request)

    assert status == 202
    order = call_api(browse, "GET", f"/orders/{order_id}")[1]
    assert (order["state"], order["executionArn"]) == ("started", started["executionArn"])
    assert "reason" not in order
    assert len(list_executions(state_machine)) == 1


REQUEST = {"areaCode": "910", "customerOrderId": "Order-7"}


def check(arn: str) -> None:
    """Run the first state of an execution."""
    execution = {"kind": "messaging_v2", "executionName": arn.rpartition(":")[2], "executionArn": arn}
    check_input.handler({**execution, "input": REQUEST}, None)  # type: ignore[arg-type]


def assert_one_execution_runs(state_machine: str) -> None:
    """Assert that the order shows the only execution, and that an equal request starts no other one."""
    assert call_api(browse, "GET", "/orders/Order-7")[1]["state"] == "started"
    assert start(**REQUEST)[0] == 202
    assert len(list_executions(state_machine)) == 1


@pytest.mark.parametrize("key", [None, "key-1"])
@pytest.mark.parametrize("checks_before_the_refusal", [True, False])
def test_a_refused_start_does_not_fail_the_order_that_an_equal_request_started(
    state_machine: str, monkeypatch: pytest.MonkeyPatch, checks_before_the_refusal: bool, key: str | None
) -> None:
    def request() -> tuple[int, Any]:
        return start_with_key(key, **REQUEST) if key else start(**REQUEST)

    if key:
        # The requests below are repeats.
        with monkeypatch.context() as patch:
            refuse_start(patch, "ThrottlingException")
            assert request()[0] == 500
    with monkeypatch.context() as patch:

        def refuse_after_an_equal_request(*_: object) -> None:
            patch.undo()
            status, started = request()
            assert status == 202
            if checks_before_the_refusal:
                check(started["executionArn"])
            raise StartRejected("ThrottlingException")

        patch.setattr(Executions, "start", refuse_after_an_equal_request)
        assert request()[0] == 500
    if not checks_before_the_refusal:
        (execution,) = list_executions(state_machine)
        check(execution["executionArn"])

    assert_one_execution_runs(state_machine)


def test_a_failure_after_a_refused_start_is_not_a_refused_start(
    state_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        refuse_start(patch, "ThrottlingException")
        assert start(**REQUEST)[0] == 500
    started = start_with_key("key-1", **REQUEST)[1]
    check(started["executionArn"])
    end_setup(started, "failed")

    assert start_with_key("key-1", **REQUEST)[0] == 202

    assert call_api(browse, "GET", "/orders/Order-7")[1]["state"] == "failed"
