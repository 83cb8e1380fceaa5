"""Bandwidth delivers many texts at once, repeats some, and loses the first response to others."""

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import requests

from local.stack import Stack
from tests.machines import (
    TEXT,
    WAIT_TIMEOUT_SECONDS,
    control,
    list_messages,
    run,
    subscribe_to_messages,
    unique,
    wait_until,
)

TEXTS = int(os.environ.get("INBOUND_TEXTS", "1000"))
PATIENCE_SECONDS = WAIT_TIMEOUT_SECONDS + TEXTS // 10
QUIET_SECONDS = 3
# The emulator starts a process per concurrent invocation, so the rate is limited.
PER_SECOND = 60


def order_owner_number(cloud: Stack) -> str:
    name = unique("inbound")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", {"areaCode": "336"} | own)
    assert execution.output is not None, execution.cause
    number: str = execution.output["numbers"][0]
    return number


def events(cloud: Stack, queue: str) -> Iterator[list[Any]]:
    """Yield the events published since the previous call."""
    sqs = cloud.client("sqs")
    while True:
        response = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=600
        )
        yield [json.loads(message["Body"]) for message in response.get("Messages", [])]


def test_every_text_is_one_record_and_one_event(
    cloud: Stack, record_property: Callable[[str, str], None]
) -> None:
    owner_number = order_owner_number(cloud)
    queue = subscribe_to_messages(cloud, owner_number)
    # API Gateway caches the authorizer's response from here on.
    credentials = (cloud.callback_user, cloud.callback_password)
    requests.post(
        f"{cloud.callback_api}/callbacks/v2", data="[]", auth=credentials, timeout=30
    ).raise_for_status()
    start = time.monotonic()
    flood = {"to": owner_number, "count": TEXTS, "text": TEXT, "per_second": PER_SECOND}
    faults = {"duplicate_percent": 10, "lose_answer_percent": 5, "seed": 1}
    deliveries = control(cloud, "POST", "/inbound/bulk", flood | faults)
    expected = set(deliveries["ids"])
    assert len(expected) == TEXTS
    repeats = len(deliveries["duplicated"]) + len(deliveries["lost"])

    event_ids: dict[str, list[str]] = defaultdict(list)
    last_event_at = time.monotonic()
    for batch in events(cloud, queue):
        for event in batch:
            assert event["detail-type"] == "Message Received"
            assert TEXT not in json.dumps(event)
            event_ids[event["detail"]["messageId"]].append(event["detail"]["eventId"])
            last_event_at = time.monotonic()
        # No event is expected after this quiet time.
        if event_ids.keys() == expected and time.monotonic() - last_event_at > QUIET_SECONDS:
            break
        assert time.monotonic() - start < PATIENCE_SECONDS, (
            f"{len(event_ids)} of {TEXTS} texts were announced"
        )
    # Repeated texts publish no event. Other tests may have pending callbacks, so filter by number.
    pending = f"/callbacks?state=pending&to={quote(owner_number)}"
    wait_until(lambda: not control(cloud, "GET", pending)["callbacks"], lambda: "callbacks are still pending")

    # EventBridge may deliver an event twice, with the same id.
    assert [ids for ids in event_ids.values() if len(set(ids)) > 1] == []
    assert len({ids[0] for ids in event_ids.values()}) == TEXTS
    records = list_messages(cloud, owner_number)
    assert len(records) == TEXTS
    assert {record["messageId"] for record in records} == expected
    assert {record["state"] for record in records} == {"received"}
    record_property(
        f"{TEXTS:,} texts come in, {repeats} of them once more",
        f"{len(records):,} records, {len(event_ids):,} events "
        f"({sum(map(len, event_ids.values())):,} on the bus); "
        f"all announced after {last_event_at - start:.0f} s",
    )
