"""Many messages at once. Bandwidth accepts fifty per second, returns 503 at times and loses responses.

STORM_MESSAGES=2000 in the environment makes a long run. Run it alone, because other tests share the queue.
"""

import os
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from local.stack import Stack
from tests.machines import TEXT, WAIT_TIMEOUT_SECONDS, control, list_messages, run, unique

MESSAGES = int(os.environ.get("STORM_MESSAGES", "300"))
CLIENTS = 8
PATIENCE_SECONDS = WAIT_TIMEOUT_SECONDS + MESSAGES // 5
FINAL_STATES = {"delivered", "failed", "delivery_unknown"}

# Bandwidth's own 503 says that the message was not sent. The 503 of a proxy does not.
UNAVAILABLE = {"status": 503, "body": '{"type": "service-unavailable", "description": "Try again."}'}


# Bandwidth's limits are those of the whole simulator.
pytestmark = pytest.mark.xdist_group("pace")


def order_owner_number(cloud: Stack) -> str:
    name = unique("storm")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", {"areaCode": "828"} | own)
    assert execution.output is not None, execution.cause
    number: str = execution.output["numbers"][0]
    return number


def states(cloud: Stack, number: str) -> dict[str, str]:
    """Return the state of every message of a number."""
    return {item["messageId"]: item["state"] for item in list_messages(cloud, number)}


def test_every_accepted_message_ends_once_and_none_is_sent_twice(
    cloud: Stack, record_property: Callable[[str, str], None]
) -> None:
    owner_number, mark = order_owner_number(cloud), uuid.uuid4().hex
    control(cloud, "PUT", "/pace", {"v2_messages_per_second": 50})
    fault = {"method": "POST", "path": "/messages$", "match": mark, "chance": 0.05}
    faults = [
        control(cloud, "POST", "/faults", fault | {"lose_answer": True, "seed": 1}),
        control(cloud, "POST", "/faults", fault | {"answer": UNAVAILABLE, "seed": 2}),
    ]

    def send(n: int) -> str:
        body = {"from": owner_number, "to": f"+1919{2_000_000 + n}", "text": f"{TEXT} {mark} {n}"}
        response = cloud.call("POST", "/messages", body)
        assert response.status_code == 202, response.text
        message_id: str = response.json()["messageId"]
        return message_id

    try:
        start = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as clients:
            accepted = set(clients.map(send, range(MESSAGES)))
        accept_seconds = time.monotonic() - start
        assert len(accepted) == MESSAGES
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (ended := states(cloud, owner_number)) and not set(ended.values()) <= FINAL_STATES:
            assert time.monotonic() < deadline, Counter(ended.values())
            time.sleep(2)
        drain_seconds = time.monotonic() - start
    finally:
        for created in faults:
            control(cloud, "DELETE", f"/faults/{created['id']}")
        control(cloud, "DELETE", "/pace")

    counts = Counter(ended.values())
    assert ended.keys() == accepted
    assert sum(counts.values()) == MESSAGES
    received = Counter(
        message["tag"]
        for message in control(cloud, "GET", f"/messages?from={quote(owner_number)}")["messages"]
    )
    twice = [tag for tag, times in received.items() if times > 1]
    assert twice == []
    assert received.keys() <= accepted
    record_property(
        f"a storm of {MESSAGES:,} messages",
        f"{dict(counts)}, {len(received)} received by Bandwidth, none twice; "
        f"accepted in {accept_seconds:.0f} s, all ended after {drain_seconds:.0f} s",
    )
