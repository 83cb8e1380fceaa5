"""Valid and invalid callbacks of every form, through the handler: none is lost and none is a 5xx.

Most callbacks are written to tables that only check each item against DynamoDB's limits, a few to moto.
FUZZED_CALLBACKS=1000000 in the environment makes it a long run, FUZZ_SEED another one.
"""

import base64
import copy
import json
import logging
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields
from itertools import islice
from typing import Any
from unittest.mock import Mock

import pytest

from bandwidth_messaging.domain.messages import Message, Receipt
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.runtime.settings import Settings
from bandwidth_messaging.services import callback_intake
from bandwidth_messaging.services.callback_intake import WRITE_FAILED
from bandwidth_messaging.store.dynamodb import Attempt, Item, Table, _to_dynamodb
from bandwidth_messaging.store.message_store import Messages
from bandwidth_messaging.store.receipts import Receipts
from functions.messages import receive_callback
from tests.aws import aws, client
from tests.functions.conftest import Context, clear_caches
from tests.template import create_table, resources

CALLBACKS = int(os.environ.get("FUZZED_CALLBACKS", "50000"))
SEED = int(os.environ.get("FUZZ_SEED", "20261122"))

OURS, THEIRS = "+19195551212", "+19195551213"
TIMES = [
    "2026-02-03T04:05:06Z",
    "2026-02-03T04:05:06.789Z",
    "2026-02-03T04:05:06.789012Z",
    "2026-02-03T04:05:06+01:00",
]
NUMBERS = [OURS, THEIRS, "19195551213", "9195551214", "54321", "BANDWIDTH", "+447911123456", " +19195551212 "]
TEXTS = ["Hello", "", "STOP", "start", "ä 👍 \x00", "long " * 400]


# Right ones


def v2(pick: random.Random, number: int) -> Any:
    kind = pick.choice(
        ["message-received"] * 3
        + ["message-sending", "message-sent", "message-delivered", "message-failed", "message-read"]
        + ["suggestion-response", "requested-location-response"]
    )
    inbound = kind in {"message-received", "suggestion-response", "requested-location-response"}
    message: dict[str, Any] = {
        "id": pick.choice([f"1661365814859loidf{number}", number + 1, f"id {number}/é"]),
        "owner": pick.choice(NUMBERS),
        "applicationId": "93de2206-9669-4e07-948d-329f4b722ee2",
        "time": pick.choice(TIMES),
        "segmentCount": 1,
        "direction": "in" if inbound else "out",
        "to": pick.choice([[OURS], [OURS, THEIRS, "+19195551214"], OURS]),
        "from": pick.choice(NUMBERS),
        "text": pick.choice(TEXTS),
        "tag": pick.choice(["theirs", f"out_{number % 50:032x}", None, ""]),
    }
    if kind == "suggestion-response":
        message["suggestionResponse"] = {"text": "Yes", "postbackData": "eQ==", "pairedMessageId": "1562"}
    if kind == "requested-location-response":
        message["locationResponse"] = {"latitude": "37.7749", "longitude": -122.4194}
    for name in pick.sample(
        ["applicationId", "segmentCount", "tag", "text", "owner"], pick.choice([0, 0, 2])
    ):
        if inbound or name != "owner":
            del message[name]
    event = {
        "type": kind, "time": pick.choice(TIMES), "description": "what happened", "to": pick.choice(NUMBERS),
        "errorCode": pick.choice([4720, 4775, 9902, 9999, "4432", 31]), "message": message,
    }  # fmt: skip
    return event | pick.choice([{}, {"carrierName": "Acme", "new": {"field": [1, None]}}])


def v1(pick: random.Random, number: int) -> dict[str, Any]:
    event: dict[str, Any] = {
        "eventType": pick.choice(["sms", "mms"]),
        "direction": "in",
        "messageId": f"m-{number}",
        "messageUri": "https://api.catapult.inetwork.com/v1/users/u-123/messages/m-asdf",
        "from": pick.choice(NUMBERS),
        "to": pick.choice(NUMBERS),
        "text": pick.choice(TEXTS),
        "applicationId": "a-yr3jpxasdfh5xh5e35saoi",
        "time": pick.choice(TIMES),
        "state": "received",
        "media": pick.choice(
            [[], ["https://api.catapult.inetwork.com/v1/users/u-123/media/0.smil", "https://x.example/1"]]
        ),
    }
    if pick.random() < 0.6:
        event |= pick.choice(
            [
                {"state": "sent", "deliveryState": "waiting"},
                {"state": "sent", "deliveryState": "delivered", "deliveryCode": "0"},
                {
                    "state": "error",
                    "deliveryState": "not-delivered",
                    "deliveryCode": pick.choice(["750", "775", 902]),
                },
                {"state": "queued"},
            ]
        )
        event |= {
            "direction": "out",
            "tag": pick.choice(["theirs", f"out_{number % 50:032x}"]),
            "segmentCount": "2",
        }
        del event["media"]
    return event


# Wrong ones

DEEP: Any = []
for _ in range(200):
    DEEP = [DEEP, {"deep": DEEP}] if len(str(DEEP)) < 2_000 else [DEEP]
ODD: list[Any] = [
    None, True, False, 0, -1, 7, 10**18, 10**40, 1.5, float("nan"), float("inf"), -1e308, "", " ", "x",
    "in", "out", "message-received", "message-failed", "delivered", "sms", "mms", OURS, "n" * 501, "é" * 300,
    "2026-02-03T14-12-57.840Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-02-30T00:00:00Z",
    "\ud83d", "\udc00x", "\x00\x1f\x7f", "\uffff", "x" * 70_000, [], {}, [[]], [None], [OURS] * 30,
    {"text": 1}, [{"a": [1, {"b": None}]}], DEEP,
]  # fmt: skip
BODIES = [
    "", " ", "null", "true", "17", '"text"', "[]", "[[]]", "[null]", "{}", "[{}]", "NaN", "[NaN, Infinity]",
    "\ufeff[]", "9" * 5_000, "[" * 3_000, "[" * 100_000, '{"a":' * 5_000, "type=message-received&to=1",
    "<Response/>", "\ud83d", "\x00", '{"type": "message-received", "type": "message-sent"}', "[1, 2",
    "[1] [2]", '{"message": 1, "type": "message-received"}',
    '{"type": "message-read", "x": ' + "[" * 5_000 + "]" * 5_000 + ', "y": "\\u0041"}',
]  # fmt: skip


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a JSON value: a container and a key in it."""
    # A stack: recursion would pass every place through as many generators as it is deep.
    containers = [value]
    while containers:
        container = containers.pop()
        if isinstance(container, dict | list):
            for key in container if isinstance(container, dict) else range(len(container)):
                yield container, key
                containers.append(container[key])


def spoil(pick: random.Random, event: Any) -> Any:
    """Return the event with up to three values changed, removed, or copied to another name."""
    event = copy.deepcopy(event)
    for _ in range(pick.choice([1, 1, 2, 3])):
        container, key = pick.choice(list(places(event)) or [([0], 0)])
        match pick.randrange(4):
            case 0 if isinstance(container, dict):
                del container[key]
            case 1 if isinstance(container, dict):
                container[pick.choice(["", "Type", "TEXT", "\x00", "id", "new"])] = container.pop(key)
            case _:
                container[key] = copy.deepcopy(pick.choice(ODD))
    return event


def scratch(pick: random.Random, body: str) -> str:
    """Return the text with some characters removed, inserted or exchanged, or truncated."""
    characters = list(body)
    for _ in range(pick.choice([1, 2, 5])):
        place = pick.randrange(len(characters) + 1)
        match pick.randrange(4):
            case 0:
                del characters[place : place + pick.choice([1, 3])]
            case 1:
                characters.insert(
                    place, pick.choice(['"', "{", "]", ",", "\\", "\\u", "\ud83d", "\x00", "0", "é"])
                )
            case 2:
                characters[place : place + 1] = chr(pick.choice([0, 34, 92, 127, 233, 0x1F44D]))
            case 3:
                del characters[place:]
    return "".join(characters)


type Callback = tuple[dict[str, Any], bool]
"""API Gateway's event, and whether it is valid."""


def post(api: str, body: str | None, *, bytes_: bytes | None = None) -> dict[str, Any]:
    path = f"/callbacks/{api}"
    event: dict[str, Any] = {"httpMethod": "POST", "resource": path, "path": path, "multiValueHeaders": {}}
    if bytes_ is not None:
        return event | {"body": base64.b64encode(bytes_).decode(), "isBase64Encoded": True}
    return event | {"body": body, "isBase64Encoded": False}


def get(query: Any) -> dict[str, Any]:
    return {
        "httpMethod": "GET", "resource": "/callbacks/v1", "path": "/callbacks/v1", "multiValueHeaders": {},
        "multiValueQueryStringParameters": query, "body": None, "isBase64Encoded": False,
    }  # fmt: skip


def query_of(event: Any) -> dict[str, list[str]]:
    query = {name: "" if value is None else value for name, value in event.items()}
    if isinstance(query.get("media"), list):
        query["media"] = f"[{', '.join(map(str, query['media']))}]"
    return {str(name): [str(value)] for name, value in query.items()}


def callbacks(pick: random.Random) -> Iterator[Callback]:
    """Yield callbacks without end: a third of them valid, the others invalid in many ways."""
    number = 0
    while True:
        number += 1
        api = pick.choice(["v2", "v2", "v1", "query"])
        make: Callable[[random.Random, int], Any] = v2 if api == "v2" else v1
        event = make(pick, number)
        match pick.randrange(9):
            case 0 | 1 | 2:
                if api == "query":
                    yield get(query_of(event)), True
                else:
                    body = json.dumps(pick.choice([event, [event]]) if api == "v2" else event)
                    yield post(api, body, bytes_=body.encode() if number % 7 == 0 else None), True
            case 3 if api == "v2":
                events = [make(pick, number * 1000 + n) for n in range(pick.choice([2, 5, 30]))]
                yield (
                    post(
                        api,
                        json.dumps([spoil(pick, each) if pick.random() < 0.3 else each for each in events]),
                    ),
                    False,
                )
            case 4:
                yield post(pick.choice(["v1", "v2"]), pick.choice(BODIES)), False
            case 5 if api != "query":
                yield post(api, scratch(pick, json.dumps(event))), False
            case 6 if api != "query":
                yield (
                    post(
                        api, None, bytes_=pick.randbytes(pick.choice([0, 3, 60])) + json.dumps(event).encode()
                    ),
                    False,
                )
            case 7 if api == "query":
                query = query_of(spoil(pick, event)) | {
                    pick.choice(["", "x", "text"]): [pick.choice(TEXTS), "y"]
                }
                yield get(pick.choice([query, query, None, {}])), False
            case _ if api == "query":
                yield get(query_of(spoil(pick, event))), False
            case _:
                spoilt = spoil(pick, event)
                yield (
                    post(api, json.dumps(pick.choice([spoilt, [spoilt]]), ensure_ascii=number % 2 == 0)),
                    False,
                )


# Around the handler

KEYS = {
    each["AttributeName"]
    for table in resources("AWS::DynamoDB::Table").values()
    for each in table["AttributeDefinitions"]
}
# Of a sort key. A partition key may have 2,048 bytes.
LONGEST_KEY, LARGEST_ITEM = 1024, 400 * 1024


class CheckedTable(Table):
    """Accepts each write as if its item did not exist. Asserts that DynamoDB accepts the item."""

    def get(self, key: Item) -> Item | None:
        check_item(key)
        return None

    def put_new(self, item: Item, key: str) -> bool:
        check_item(item)
        return True

    def attempt(
        self,
        key: Item,
        *,
        assign: Mapping[Any, Any] | None = None,
        keep: Mapping[Any, Any] | None = None,
        **_: Any,
    ) -> Attempt:
        item = {**key, **(keep or {}), **(assign or {})}
        check_item(item)
        return Attempt(True, {name: value for name, value in item.items() if value is not None})


def check_item(item: Item) -> None:
    """Raise an error if DynamoDB rejects an item.

    Sources: "Constraints in Amazon DynamoDB" and "DynamoDB Item sizes and formats" in AWS's developer guide.
    """
    for name in KEYS & item.keys():
        assert item[name] is None or 0 < len(item[name].encode()) <= LONGEST_KEY, name
    # The JSON is longer than what DynamoDB counts. encode() rejects lone surrogates.
    text = json.dumps(_to_dynamodb(item), ensure_ascii=False)
    assert len(text.encode()) <= LARGEST_ITEM
    assert not re.search(r'"N": "-?\d{39}', text)


class Sqs:
    """A queue that accepts what SQS accepts."""

    _FOREIGN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

    def __init__(self) -> None:
        self.last: Any = None

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803 - boto3's names
        assert not self._FOREIGN.search(MessageBody)
        assert len(MessageBody.encode()) <= 262_144
        self.last = json.loads(MessageBody)


class S3:
    """A bucket that holds one object."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        self.last = json.loads(Body)


class Desk:
    """The handler's queues in memory, and the result of the last callback."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sqs, self.s3 = Sqs(), S3()
        self.stored: list[str] = []
        for field in fields(Settings):
            if field.default is MISSING:
                monkeypatch.setenv(field.name.upper(), "90")
        monkeypatch.setenv("MESSAGES_TABLE", "MessagesTable")
        monkeypatch.setenv("NUMBERS_TABLE", "NumbersTable")
        monkeypatch.setenv("QUARANTINE_BUCKET", "quarantine")
        monkeypatch.setenv("KEYWORD_LANGUAGES", "en,fr,es")
        monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "test")
        monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "test")
        monkeypatch.setattr(stores, "_sqs", lambda: self.sqs)
        monkeypatch.setattr(stores, "_s3", lambda: self.s3)
        monkeypatch.setattr(Messages, "add", self._noticed(Messages.add))
        monkeypatch.setattr(Receipts, "record_receipt", self._noticed(Receipts.record_receipt))

    def _noticed(self, store: Callable[..., Any]) -> Callable[..., Any]:
        def noticed(instance: Any, event: Message | Receipt) -> Any:
            done = store(instance, event)
            self.stored.append(event.message_id)
            return done

        return noticed

    def receive(self, event: dict[str, Any]) -> tuple[int, int]:
        """Pass a callback to the handler. Return how many events were stored, and how many were not."""
        self.stored, self.sqs.last = [], None
        answer = receive_callback.handler(event, Context())  # type: ignore[arg-type]
        assert answer["statusCode"] == (200 if event["httpMethod"] == "GET" else 204)
        return len(self.stored), self._quarantined(event)

    def _quarantined(self, event: dict[str, Any]) -> int:
        if self.sqs.last is None:
            return 0
        kept = self.s3.last if "object" in self.sqs.last else self.sqs.last["callback"]
        for name in ("httpMethod", "resource", "multiValueQueryStringParameters"):
            assert (kept.get(name) or None) == (event.get(name) or None)
        assert bytes_in(kept) == bytes_in(event)
        # An error of the handler must not count as an unreadable callback.
        assert WRITE_FAILED not in self.sqs.last["reasons"]
        return len(self.sqs.last["reasons"])


def bytes_in(event: dict[str, Any]) -> bytes:
    """Return the body as Bandwidth sent it."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(errors="surrogatepass")


def events_in(event: dict[str, Any]) -> int:
    """Return how many events a callback has. An unreadable callback counts as one."""
    if event["httpMethod"] == "GET" or event["resource"].endswith("v1"):
        return 1
    try:
        body = event["body"] or ""
        body = base64.b64decode(body).decode() if event["isBase64Encoded"] else body
        body.encode()
        read = json.loads(body.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return 1
    return len(read) if isinstance(read, list) else 1


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    clear_caches()
    # Logs and metrics are tested elsewhere, and would take most of the time.
    logging.disable()
    monkeypatch.setattr(wiring, "count", Mock())
    yield Desk(monkeypatch)
    logging.disable(logging.NOTSET)
    clear_caches()


def check_callback(desk: Desk, event: dict[str, Any], *, is_valid: bool) -> tuple[int, int]:
    """Check that each event of a callback was stored or quarantined, and return how many."""
    stored, quarantined = desk.receive(event)
    assert stored + quarantined == events_in(event), (SEED, event)
    assert not (is_valid and quarantined), (SEED, event, desk.sqs.last)
    return stored, quarantined


def test_every_event_of_every_callback_is_stored_or_quarantined(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, str], None]
) -> None:
    def store_in_turn(events: Iterable[Any], store: Callable[[Any], None], *, deadline: float) -> bool:
        for event in events:
            store(event)
        return True

    # To start threads would take a third of the time.
    monkeypatch.setattr(callback_intake, "for_each", store_in_turn)
    monkeypatch.setattr(stores, "Table", CheckedTable)
    pick = random.Random(SEED)  # noqa: S311 - the same ones every time
    counts: Counter[str] = Counter()
    for event, is_valid in islice(callbacks(pick), CALLBACKS):
        stored, quarantined = check_callback(desk, event, is_valid=is_valid)
        counts.update(events=stored + quarantined, stored=stored, quarantined=quarantined)
        counts["callbacks quarantined"] += bool(quarantined)
    assert min(counts["stored"], counts["quarantined"]) > CALLBACKS / 5
    record_property(
        f"{CALLBACKS:,} callbacks, right ones and wrong ones",
        f"{counts['events']:,} events: {counts['stored']:,} stored, {counts['quarantined']:,} quarantined, "
        f"with {counts['callbacks quarantined']:,} callbacks; no other answer than 2xx",
    )


def test_stored_events_are_in_the_table(desk: Desk) -> None:
    pick = random.Random(SEED + 1)  # noqa: S311 - the same ones every time
    with aws():
        for name in resources("AWS::DynamoDB::Table"):
            create_table(client("dynamodb"), name)
        for event, is_valid in islice(callbacks(pick), CALLBACKS // 200):
            check_callback(desk, event, is_valid=is_valid)
            assert all(stores.messages().get(message_id) for message_id in desk.stored)
