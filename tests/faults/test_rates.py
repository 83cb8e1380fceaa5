"""Texts wait for the rates of their lanes: Bandwidth gets each text once and at its pace, in their order.

The lanes are those of numbers, because other tests send through the account's lane at the same time.
RATE_MESSAGES=1000 RATE_PER_SECOND=10 RATE_TOLERANCE=1.1 in the environment makes a large and strict run. It
needs two idle cores: the emulator alone is busy for most of a second with ten texts.
"""

import json
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from statistics import median
from typing import Any, Final
from urllib.parse import quote

import pytest

from local.stack import Stack
from tests.machines import (
    TEXT,
    WAIT_TIMEOUT_SECONDS,
    control,
    list_messages,
    physical_id,
    run,
    subscribe_to_messages,
    unique,
    wait_until,
)

MESSAGES: Final = int(os.environ.get("RATE_MESSAGES", "80"))
PER_SECOND: Final = int(os.environ.get("RATE_PER_SECOND", "4"))
# How much longer than ideal a run may take. The usual suite shares two cores, so its time proves nothing.
TOLERANCE: Final = float(os.environ.get("RATE_TOLERANCE", "inf"))
IDEAL_SECONDS: Final = MESSAGES / PER_SECOND
CLIENTS: Final = 8
# A worker sleeps for up to 1.5 seconds until the slot of its message.
WORKERS: Final = max(8, PER_SECOND * 2)
SLOW_PER_MINUTE: Final = 75
SLOW_MESSAGES: Final = 20
EVENT_TYPES: Final = ["Message Accepted", "Message Sending", "Message Sent", "Message Delivered"]

# Bandwidth's limits are those of the whole simulator.
pytestmark = pytest.mark.xdist_group("pace")
recipients = count(3_000_000)


@pytest.fixture
def workers(cloud: Stack) -> Iterator[None]:
    """Let as many workers run as the rates need: SendConcurrency."""
    functions = cloud.client("lambda")
    mappings = functions.list_event_source_mappings(FunctionName=physical_id(cloud, "DeliverMessage"))
    before = {each["UUID"]: each["ScalingConfig"] for each in mappings["EventSourceMappings"]}
    for mapping in before:
        functions.update_event_source_mapping(UUID=mapping, ScalingConfig={"MaximumConcurrency": WORKERS})
    yield
    for mapping, scaling in before.items():
        functions.update_event_source_mapping(UUID=mapping, ScalingConfig=scaling)


@pytest.fixture
def pace(cloud: Stack) -> Iterator[None]:
    """Let Bandwidth send at the rate of the lane, and queue what it sends in 15 minutes."""
    control(cloud, "PUT", "/pace", {"v2_segments_per_second": PER_SECOND})
    yield
    control(cloud, "DELETE", "/pace")


def order_owner_numbers(cloud: Stack, quantity: int) -> list[str]:
    name = unique("rates")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", {"areaCode": "704", "quantity": quantity} | own)
    assert execution.output is not None, execution.cause
    numbers: list[str] = execution.output["numbers"]
    return numbers


def set_rate(cloud: Stack, number: str, per_minute: int) -> None:
    """Set the rate of a number's lane, as the API stores it: in microseconds per segment."""
    cloud.client("dynamodb").update_item(
        TableName=cloud.numbers_table,
        Key={"pk": {"S": "RATES"}},
        UpdateExpression="SET #lane = :interval",
        ExpressionAttributeNames={"#lane": f"number:{number}"},
        ExpressionAttributeValues={":interval": {"N": str(60_000_000 // per_minute)}},
    )


def send(cloud: Stack, number: str, **fields: str) -> str:
    body = {"from": number, "to": f"+1919{next(recipients)}", "text": TEXT} | fields
    response = cloud.call("POST", "/messages", body)
    assert response.status_code == 202, response.text
    message_id: str = response.json()["messageId"]
    return message_id


def start_workers(cloud: Stack, number: str) -> None:
    """Send a text with each worker. The emulator takes a second or more to start one."""
    send_all(cloud, [number] * WORKERS)
    wait_for_delivery(cloud, number, WORKERS)


def send_all(cloud: Stack, numbers: list[str]) -> None:
    """Send a text from each of these numbers, several at the same time."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda number: send(cloud, number), numbers))


def wait_for_delivery(cloud: Stack, number: str, quantity: int) -> list[Any]:
    """Return the messages of a number after all are delivered, in the order of their acceptance."""
    path = f"/messages?from={quote(number)}&summary=1"
    deadline = time.monotonic() + WAIT_TIMEOUT_SECONDS + quantity
    while control(cloud, "GET", path)["count"] < quantity:
        assert time.monotonic() < deadline, control(cloud, "GET", path)
        time.sleep(1)
    states: Counter[str] = Counter()

    def read() -> list[Any] | None:
        messages = list_messages(cloud, number)
        states.clear()
        states.update(message["state"] for message in messages)
        return messages if states == {"delivered": quantity} else None

    return sorted(wait_until(read, lambda: f"{dict(states)}"), key=lambda each: seconds(each, "accepted"))


def seconds(message: Any, state: str) -> float:
    """Return the time at which a message reached a state, in seconds since 1970."""
    return datetime.fromisoformat(message["times"][state]).timestamp()


def median_wait(messages: list[Any]) -> float:
    """Return the seconds that half of the messages waited at most, from acceptance until sent."""
    return median(seconds(message, "sent") - seconds(message, "accepted") for message in messages)


def count_events(cloud: Stack, queue: str, message_ids: set[str]) -> Counter[str]:
    """Return how many events of each type a queue has about these messages.

    An event that is delivered again counts once.
    """
    sqs, types = cloud.client("sqs"), dict[str, str]()
    while True:
        received = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2, VisibilityTimeout=600
        ).get("Messages", [])
        if not received:
            return Counter(types.values())
        for each in received:
            event = json.loads(each["Body"])
            if event["detail"]["messageId"] in message_ids:
                types[event["detail"]["eventId"]] = event["detail-type"]


@pytest.mark.usefixtures("workers", "pace")
def test_a_burst_is_delivered_at_the_rate_with_one_request_each(
    cloud: Stack, record_property: Callable[[str, str], None]
) -> None:
    (number,) = order_owner_numbers(cloud, 1)
    start_workers(cloud, number)
    set_rate(cloud, number, PER_SECOND * 60)
    queue = subscribe_to_messages(cloud, number)
    control(cloud, "PUT", "/pace", {"v2_segments_per_second": PER_SECOND})

    start = time.time()
    send_all(cloud, [number] * (MESSAGES - 1))
    accept_seconds = time.time() - start
    urgent = send(cloud, number, priority="high")
    messages = wait_for_delivery(cloud, number, WORKERS + MESSAGES)[WORKERS:]

    counts = control(cloud, "GET", "/send-counts")
    last = max(seconds(message, "delivered") for message in messages) - start
    (high,) = (message for message in messages if message["messageId"] == urgent)
    high_seconds = seconds(high, "sent") - seconds(high, "accepted")
    events = count_events(cloud, queue, {message["messageId"] for message in messages})
    measured = (
        f"accepted in {accept_seconds:.0f} s, delivered after {last:.1f} s (ideal {IDEAL_SECONDS:.0f}), "
        f"{counts['requests']:,} requests, {counts['rejected']} of them 429, at most "
        f"{counts['longest_queue']} in Bandwidth's queue, {events.total() / MESSAGES:.2f} events a text, "
        f"high priority sent after {high_seconds:.1f} s"
    )
    record_property(f"{MESSAGES:,} texts at {PER_SECOND} a second", measured)
    assert 0.95 * IDEAL_SECONDS <= last <= TOLERANCE * IDEAL_SECONDS, measured
    assert counts["requests"] <= 1.05 * MESSAGES
    assert counts["rejected"] <= 0.01 * counts["requests"]
    assert events == dict.fromkeys(EVENT_TYPES, MESSAGES)
    assert high_seconds <= (median_wait(messages) if math.isinf(TOLERANCE) else 3), measured


@pytest.mark.usefixtures("workers")
def test_a_slow_lane_and_a_free_one_do_not_slow_each_other(
    cloud: Stack, record_property: Callable[[str, str], None]
) -> None:
    slow, free = order_owner_numbers(cloud, 2)
    start_workers(cloud, free)
    set_rate(cloud, slow, SLOW_PER_MINUTE)

    send_all(cloud, [slow, free, free] * SLOW_MESSAGES)
    slow_messages = wait_for_delivery(cloud, slow, SLOW_MESSAGES)
    free_messages = wait_for_delivery(cloud, free, WORKERS + 2 * SLOW_MESSAGES)[WORKERS:]

    sent = sorted(seconds(message, "sent") for message in slow_messages)
    ideal = (SLOW_MESSAGES - 1) * 60 / SLOW_PER_MINUTE
    slow_wait, free_wait = median_wait(slow_messages), median_wait(free_messages)
    sent_seconds = sent[-1] - sent[0]
    measured = (
        f"sent in {sent_seconds:.1f} s (ideal {ideal:.1f}) after {slow_wait:.1f} s, "
        f"the others after {free_wait:.1f} s (medians)"
    )
    record_property(
        f"{SLOW_MESSAGES} texts at {SLOW_PER_MINUTE} a minute beside {2 * SLOW_MESSAGES} without a rate",
        measured,
    )
    # On busy cores the first texts may be late, but no text is sent before its slot.
    first = min(seconds(message, "accepted") for message in slow_messages)
    slots = [first + 0.98 * position * 60 / SLOW_PER_MINUTE for position in range(SLOW_MESSAGES)]
    assert [slot <= at for slot, at in zip(slots, sent, strict=True)] == [True] * SLOW_MESSAGES, measured
    assert sent_seconds <= TOLERANCE * ideal, measured
    # Without lanes of their own they would wait as long as the slow ones.
    assert free_wait < (slow_wait if math.isinf(TOLERANCE) else slow_wait / 3), measured
