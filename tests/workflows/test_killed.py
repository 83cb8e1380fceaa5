"""Set-ups that are stopped or started concurrently. tests/functions stops them at every step."""

from typing import Any

import pytest

from local.stack import Stack
from tests.machines import (
    control,
    get,
    receive_events,
    start,
    subscribe,
    unique,
    wait_for_end,
    wait_until,
)

HELD_SECONDS = 3
KINDS = ("applications", "locations", "orders")


def setup_input(name: str, customer_order_id: str | None = None) -> dict[str, Any]:
    names = {"applicationName": name, "locationName": name, "customerOrderId": customer_order_id or name}
    return {"areaCode": "910", "quantity": 2, **names}


def list_resources(cloud: Stack, kind: str, name: str) -> list[Any]:
    name_field = "customer_order_id" if kind == "orders" else "name"
    return [each for each in control(cloud, "GET", "/account")[kind] if each[name_field] == name]


@pytest.mark.parametrize(("path", "kind"), [("/applications$", "applications"), ("/orders$", "orders")])
def test_an_execution_stopped_during_a_response_resumes_without_duplicate_resources(
    cloud: Stack, path: str, kind: str
) -> None:
    name = unique("stopped")
    hold = {"method": "POST", "path": path, "match": name, "delay": HELD_SECONDS}
    control(cloud, "POST", "/faults", hold)
    arn = start(cloud, "messaging_v2", setup_input(name))
    wait_until(lambda: list_resources(cloud, kind, name), lambda: f"no {kind}")

    cloud.client("stepfunctions").stop_execution(executionArn=arn)

    assert wait_for_end(cloud, arn).status == "ABORTED"

    again = wait_for_end(cloud, start(cloud, "messaging_v2", setup_input(name)))

    assert (again.status, again.cause) == ("SUCCEEDED", None)
    assert [len(list_resources(cloud, each, name)) for each in KINDS] == [1, 1, 1]


def test_a_stopped_execution_fails_its_order_and_publishes_it(cloud: Stack) -> None:
    name = unique("announced")
    queue = subscribe(cloud, {"detail-type": ["Order Failed"], "detail": {"customerOrderId": [name]}})
    control(
        cloud, "POST", "/faults", {"method": "POST", "path": "/orders$", "match": name, "delay": HELD_SECONDS}
    )
    arn = start(cloud, "messaging_v2", setup_input(name))
    wait_until(lambda: list_resources(cloud, "orders", name), lambda: "no order")

    cloud.client("stepfunctions").stop_execution(executionArn=arn)

    wait_until(lambda: get(cloud, f"/orders/{name}")["state"] == "failed", lambda: "the order has not failed")
    assert get(cloud, f"/orders/{name}")["reason"] == "The execution was stopped."
    (event,) = wait_until(lambda: receive_events(cloud, queue), lambda: "no event")
    assert event["detail"]["customerOrderId"] == name


def test_three_concurrent_starts_place_one_order_per_id_and_create_one_application(cloud: Stack) -> None:
    name, other = unique("at once"), unique("other")
    control(cloud, "POST", "/faults", {"method": "GET", "path": "/applications$", "delay": 1, "times": 3})
    arns = [start(cloud, "messaging_v2", setup_input(name, each)) for each in (name, name, other)]

    executions = [wait_for_end(cloud, arn) for arn in arns]

    assert [(each.status, each.cause) for each in executions] == [("SUCCEEDED", None)] * 3
    assert [len(list_resources(cloud, each, name)) for each in KINDS] == [1, 1, 1]
    assert len(list_resources(cloud, "orders", other)) == 1
