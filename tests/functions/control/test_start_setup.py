"""POST /setups/…: the order and the execution of a set-up."""

import json
from typing import Any

import boto3
import pytest

from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.settings import settings
from functions.control import browse, start_setup
from tests.functions.conftest import call_api, sample
from tests.functions.control.setups import start


def test_the_order_records_its_generation(state_machine: str) -> None:
    _, started = start(areaCode="910")
    order: Any = stores.orders().get(started["customerOrderId"])

    assert order["generation"] == settings().bandwidth_api


def test_the_execution_gets_the_input_with_the_customer_order_id(state_machine: str) -> None:
    status, started = start(areaCode="910", quantity=3, customerOrderId="Order 7")

    assert status == 202
    assert started["customerOrderId"] == "Order 7"
    execution = boto3.client("stepfunctions").describe_execution(executionArn=started["executionArn"])
    assert json.loads(execution["input"]) == {
        "areaCode": "910",
        "quantity": 3,
        "customerOrderId": "Order 7",
    }


def test_the_order_can_be_read_at_once(state_machine: str) -> None:
    _, started = start(areaCode="910", quantity=3)

    status, order = call_api(browse, "GET", f"/orders/{started['customerOrderId']}")

    assert status == 200
    assert (order["state"], order["kind"], order["requested"]) == ("started", "messaging_v2", 3)
    assert order["executionArn"] == started["executionArn"]


def test_a_dry_run_has_no_order_and_the_set_up_can_follow(
    state_machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANDWIDTH_API", "current")
    monkeypatch.setenv("HOSTED_MESSAGING_STATE_MACHINE", state_machine)
    setup = sample("executions/hosted_messaging") | {"customerOrderId": "Order-7"}

    for options, order_status in (({"dryRun": True}, 404), ({"dryRun": True}, 404), ({}, 200)):
        status, started = call_api(start_setup, "POST", "/setups/hosted-messaging", body=setup | options)
        assert (status, started["customerOrderId"]) == (202, "Order-7")
        assert call_api(browse, "GET", "/orders/Order-7")[0] == order_status


@pytest.mark.parametrize("given", ["Order 7 ", "\tOrder  7"])
def test_white_space_in_an_id_is_normalized(state_machine: str, given: str) -> None:
    _, first = start(areaCode="910", customerOrderId="Order 7")
    assert start(areaCode="910", customerOrderId=given) == (202, first)
    execution = boto3.client("stepfunctions").describe_execution(executionArn=first["executionArn"])
    assert json.loads(execution["input"])["customerOrderId"] == "Order 7"


def test_every_invalid_field_is_named(state_machine: str) -> None:
    status, problem = start(areaCode="91", quantity=5001, siteId="main")
    assert status == 422
    assert {error["field"] for error in problem["errors"]} == {"areaCode", "quantity", "siteId"}
