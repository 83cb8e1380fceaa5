"""Order notifications on the local cloud: a notification ends a wait, and a poll replaces a lost one."""

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
    run,
    set_variables,
    start,
    unique,
    wait_for_end,
    wait_until,
)

SAMPLE = json.loads((Path(__file__).parents[2] / "events/executions/messaging_v2.json").read_text())
WAIT, POLL = "Wait For Notification", "Check Order Status"
# Waits of 2, 4, 8 … 128 seconds, scaled to a twentieth. The last leaves time for the test to act.
ENOUGH_WAITS = 6


@pytest.fixture
def notified(cloud: Stack) -> Iterator[Stack]:
    """Return the stack with the setting of OrderNotifications=true."""
    earlier = set_variables(cloud, "CheckInput", {"ORDER_NOTIFICATIONS": "true"})
    yield cloud
    set_variables(cloud, "CheckInput", earlier)


def start_until_long_wait(cloud: Stack, name: str) -> str:
    """Start a set-up with a backordered order, and return the execution's ARN once its wait is long."""
    control(cloud, "PUT", f"/orders/{name}", {"fate": "BACKORDERED"})
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    arn = start(cloud, "messaging_v2", SAMPLE | own)
    wait_for_long_wait(cloud, arn, name)
    return arn


def wait_for_long_wait(cloud: Stack, arn: str, customer_order_id: str) -> None:
    """Wait until an execution is in a long wait that a notification can end.

    A notification ends a wait only after the wait's step has stored its task token.
    """
    table, key = cloud.client("dynamodb"), {"pk": {"S": f"ORDER#{customer_order_id}"}}
    tokens: dict[int, str | None] = {}

    def can_be_notified() -> bool:
        waits = entered_states(cloud, arn).count(WAIT)
        order = table.get_item(TableName=cloud.numbers_table, Key=key, ConsistentRead=True).get("Item", {})
        tokens[waits] = order.get("taskToken", {}).get("S")
        return waits >= ENOUGH_WAITS and tokens[waits] != tokens.get(waits - 1)

    wait_until(can_be_notified, lambda: str(entered_states(cloud, arn)))


def complete(cloud: Stack, name: str, arn: str) -> tuple[Execution, float]:
    """Complete the order. Return the execution and the seconds from completion to its end."""
    control(cloud, "PUT", f"/orders/{name}", {"fate": "COMPLETE"})
    start_time = time.monotonic()
    execution = wait_for_end(cloud, arn)
    return execution, time.monotonic() - start_time


def list_wait_ends(cloud: Stack, arn: str) -> list[str]:
    """Return how each wait for a notification ended."""
    events: list[Any] = history(cloud, arn)
    return [
        after["type"]
        for before, after in pairwise(events)
        if before["type"] == "TaskScheduled"
        and before["taskScheduledEventDetails"]["resource"].endswith(".waitForTaskToken")
    ]


@pytest.mark.xdist_group("notifications")
def test_a_notification_ends_the_wait_at_once(
    notified: Stack, record_property: Callable[[str, object], None]
) -> None:
    name = unique("notified")
    arn = start_until_long_wait(notified, name)

    execution, seconds = complete(notified, name, arn)

    assert execution.status == "SUCCEEDED"
    assert list_wait_ends(notified, arn)[-1] == "TaskSucceeded"
    notifications = control(notified, "GET", "/notifications")["notifications"]
    assert [each["state"] for each in notifications if name in each["body"]][-1] == "delivered"
    wait = 2 ** (ENOUGH_WAITS + 1)
    record_property(
        "an order that ended in a wait of up to",
        f"{wait} s was seen after {seconds:.1f} s, with {execution.states.count(POLL)} polls",
    )


@pytest.mark.xdist_group("notifications")
def test_the_next_poll_replaces_a_lost_notification(notified: Stack) -> None:
    name = unique("unnotified")
    arn = start_until_long_wait(notified, name)
    control(notified, "PUT", "/notifications", {"lose": 1})

    execution, _ = complete(notified, name, arn)

    assert execution.status == "SUCCEEDED"
    assert list_wait_ends(notified, arn)[-1] == "TaskFailed"


@pytest.mark.xdist_group("notifications")
def test_a_notification_of_the_disconnect_ends_the_wait_of_a_release(notified: Stack) -> None:
    name, release = unique("disconnected"), unique("release").replace(" ", "-")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    assert run(notified, "messaging_v2", SAMPLE | own).status == "SUCCEEDED"
    control(notified, "PUT", f"/orders/{release}", {"fate": "RECEIVED"})
    arn = start(notified, "release_numbers", {"customerOrderId": name}, name=release)
    wait_for_long_wait(notified, arn, release)

    execution, _ = complete(notified, release, arn)

    assert execution.status == "SUCCEEDED"
    assert list_wait_ends(notified, arn)[-1] == "TaskSucceeded"
