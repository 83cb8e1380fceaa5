"""Order notifications on the local cloud: a wait that ends early, and one that ends all the same."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from local.stack import Stack
from tests.machines import (
    Execution,
    control,
    entered_states,
    history,
    start,
    unique,
    wait_for_end,
    wait_until,
)

SAMPLE = json.loads((Path(__file__).parents[2] / "events/executions/messaging_v2.json").read_text())
WAIT, POLL = "Wait For Notification", "Check Order Status"
# Waits of 2, 4, 8 … 128 seconds at a twentieth: in the last of them there is time to do something.
ENOUGH_WAITS = 6


@pytest.fixture
def notified(cloud: Stack) -> Iterator[Stack]:
    """The stack as it is with OrderNotifications=true."""
    client = cloud.client("lambda")
    (name,) = (
        each["FunctionName"]
        for each in client.list_functions()["Functions"]
        if each["Handler"] == "check_input.handler"
        and each["Environment"]["Variables"]["STACK_NAME"] == cloud.stack_name
    )
    before = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    switched = before | {"ORDER_NOTIFICATIONS": "true"}
    client.update_function_configuration(FunctionName=name, Environment={"Variables": switched})
    yield cloud
    client.update_function_configuration(FunctionName=name, Environment={"Variables": before})


def wait_long(cloud: Stack, name: str) -> str:
    """Start a set-up whose order is backordered, and return its execution's ARN once it waits long."""
    control(cloud, "PUT", f"/orders/{name}", {"fate": "BACKORDERED"})
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    arn = start(cloud, "messaging_v2", SAMPLE | own)
    wait_until(
        lambda: waits(entered_states(cloud, arn)) >= ENOUGH_WAITS, lambda: str(entered_states(cloud, arn))
    )
    return arn


def waits(passed: list[str]) -> int:
    return passed.count(WAIT)


def complete(cloud: Stack, name: str, arn: str) -> tuple[Execution, float]:
    """Let the order complete; return the execution and how many seconds after that it ended."""
    control(cloud, "PUT", f"/orders/{name}", {"fate": "COMPLETE"})
    begun = time.monotonic()
    execution = wait_for_end(cloud, arn)
    return execution, time.monotonic() - begun


def ends_of_waits(cloud: Stack, arn: str) -> list[str]:
    """Return how each wait for a notification ended."""
    found: list[Any] = history(cloud, arn)
    return [
        after["type"]
        for before, after in pairwise(found)
        if before["type"] == "TaskScheduled"
        and before["taskScheduledEventDetails"]["resource"].endswith(".waitForTaskToken")
    ]


@pytest.mark.xdist_group("notifications")
def test_a_notification_ends_the_wait_at_once(
    notified: Stack, record_property: Callable[[str, object], None]
) -> None:
    name = unique("notified")
    arn = wait_long(notified, name)
    execution, seconds = complete(notified, name, arn)
    assert execution.status == "SUCCEEDED"
    assert ends_of_waits(notified, arn)[-1] == "TaskSucceeded"
    told = control(notified, "GET", "/notifications")["notifications"]
    assert [each["state"] for each in told if name in each["body"]][-1] == "delivered"
    wait = 2 ** (ENOUGH_WAITS + 1)
    record_property(
        "an order that ended in a wait of up to",
        f"{wait} s was seen after {seconds:.1f} s, with {execution.states.count(POLL)} polls",
    )


@pytest.mark.xdist_group("notifications")
def test_the_next_poll_replaces_a_lost_notification(notified: Stack) -> None:
    name = unique("unnotified")
    arn = wait_long(notified, name)
    control(notified, "PUT", "/notifications", {"lose": 1})
    execution, _ = complete(notified, name, arn)
    assert execution.status == "SUCCEEDED"
    assert ends_of_waits(notified, arn)[-1] == "TaskFailed"
