"""Many texts come in at once; some come twice, and of some the first answer is lost on its way."""

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import requests

from local.stack import Stack
from tests.machines import TEXT, control, messages_of, run, unique, until, watch

TEXTS = int(os.environ.get("INBOUND_TEXTS", "1000"))
PATIENCE_SECONDS = 60 + TEXTS // 10
QUIET_SECONDS = 3
# All at once they would each start a function of their own, and this machine is no AWS.
PER_SECOND = 60


def own_number(cloud: Stack) -> str:
    name = unique("inbound")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", {"areaCode": "336"} | own)
    assert execution.output is not None, execution.cause
    number: str = execution.output["numbers"][0]
    return number


def events(cloud: Stack, queue: str) -> Iterator[list[Any]]:
    """Yield what the bus has told since the last time."""
    sqs = cloud.client("sqs")
    while True:
        taken = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=600
        )
        yield [json.loads(message["Body"]) for message in taken.get("Messages", [])]


def test_every_text_is_one_record_and_one_event(
    cloud: Stack, record_property: Callable[[str, str], None]
) -> None:
    ours = own_number(cloud)
    queue = watch(cloud, ours)
    # From now on the authorizer's answer is known.
    known = (cloud.callback_user, cloud.callback_password)
    requests.post(f"{cloud.callback_api}/callbacks/v2", data="[]", auth=known, timeout=30).raise_for_status()
    start = time.monotonic()
    flood = {"to": ours, "count": TEXTS, "text": TEXT, "per_second": PER_SECOND}
    trouble = {"duplicate_percent": 10, "lose_answer_percent": 5, "seed": 1}
    played = control(cloud, "POST", "/inbound/bulk", flood | trouble)
    expected = set(played["ids"])
    assert len(expected) == TEXTS
    again = len(played["duplicated"]) + len(played["lost"])

    told: dict[str, list[str]] = defaultdict(list)
    heard = time.monotonic()
    for batch in events(cloud, queue):
        for event in batch:
            assert event["detail-type"] == "Message Received"
            assert TEXT not in json.dumps(event)
            told[event["detail"]["messageId"]].append(event["detail"]["eventId"])
            heard = time.monotonic()
        # Some time after the last one there is none on its way any more.
        if told.keys() == expected and time.monotonic() - heard > QUIET_SECONDS:
            break
        assert time.monotonic() - start < PATIENCE_SECONDS, f"{len(told)} of {TEXTS} texts were announced"
    # Texts that come again make no event; other tests have callbacks under way, too.
    mine = f"/callbacks?state=pending&to={quote(ours)}"
    until(lambda: not control(cloud, "GET", mine)["callbacks"], lambda: "texts are not answered")

    # What came twice on the bus is the same event: who has its id drops it.
    assert [ids for ids in told.values() if len(set(ids)) > 1] == []
    assert len({ids[0] for ids in told.values()}) == TEXTS
    records = messages_of(cloud, ours)
    assert len(records) == TEXTS
    assert {record["messageId"] for record in records} == expected
    assert {record["state"] for record in records} == {"received"}
    record_property(
        f"{TEXTS:,} texts come in, {again} of them once more",
        f"{len(records):,} records, {len(told):,} events ({sum(map(len, told.values())):,} on the bus); "
        f"all announced after {heard - start:.0f} s",
    )
