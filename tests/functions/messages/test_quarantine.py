"""Unreadable and unstored callbacks: a 2xx response, the quarantine, a metric, and the replay."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bandwidth_messaging.bandwidth import callbacks
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services import parallel
from bandwidth_messaging.services.callback_intake import CallbackIntake
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.message_store import Messages
from functions.messages import receive_callback, replay_quarantine
from tests.clock import Clock
from tests.functions.conftest import Stack, api_event, call, sample

SAMPLE = sample("messages/receive_callback")
INBOUND = json.loads(SAMPLE["body"])[0]
ID = INBOUND["message"]["id"]
DEEP = "[" * 100_000 + "]" * 100_000


def receive(body: str | None, **event: Any) -> int:
    """Return the status of the response to a V2 callback."""
    status: int = call(receive_callback, SAMPLE | {"body": body} | event)["statusCode"]
    return status


def inbound(**message: Any) -> dict[str, Any]:
    return INBOUND | {"message": INBOUND["message"] | message}


def kept(stack: Stack) -> list[Any]:
    """Return the messages of the queue."""
    return [json.loads(message["Body"]) for message in stack.receive_messages(stack.quarantine_queue)]


BASE64 = {"isBase64Encoded": True}
V1 = {
    "eventType": "mms", "direction": "in", "messageId": "m-1", "from": "+19195551213",
    "to": "+19195551212", "text": "ä", "time": "2012-11-14T16:13:06.076Z", "media": "[https://a.example/1]",
}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "event", "reason"),
    [
        (None, {}, "the body is not JSON"),
        ("", {}, "the body is not JSON"),
        ("{", {}, "the body is not JSON"),
        ("type=message-received&to=1", {}, "the body is not JSON"),
        ("\x00\x01", {}, "the body is not JSON"),
        (DEEP, {}, "the body is not JSON"),
        ("9" * 5_000, {}, "the body is not JSON"),
        (
            json.dumps({"type": "message-received"})[:-1] + ', "x": ' + "[" * 9_000 + "]" * 9_000 + "}",
            {},
            "message is missing",
        ),
        ("17", {}, "a field does not have the documented form"),
        ("NaN", {}, "a field does not have the documented form"),
        (json.dumps([{"type": "message-teleported"}]), {}, "type is unknown"),
        (json.dumps([{"type": "message-received", "to": "1"}]), {}, "message is missing"),
        (json.dumps([inbound(text="\ud83d")]), {}, "the event contains half of a surrogate pair"),
        (json.dumps([inbound(id="x" * 501)]), {}, "id is too long"),
        (json.dumps([inbound(id="")]), {}, "id is missing"),
        (json.dumps([inbound(text="x" * 410_000)]), {}, "the event is too large for the table"),
        (json.dumps([inbound(to=["+19195551212"] * 40_000)]), {}, "the event is too large for the table"),
        (base64.b64encode(b"\xff\xfe[]").decode(), BASE64, "the body is not UTF-8"),
        ("no base64", BASE64, "the body is not UTF-8"),
        ('{"eventType": "fax"}', {"resource": "/callbacks/v1"}, "eventType is unknown"),
        (DEEP, {"resource": "/callbacks/v1"}, "the body is not JSON"),
    ],
    ids=lambda given: str(given)[:25],
)
def test_an_unreadable_callback_gets_2xx_and_is_quarantined_completely(
    stack: Stack, capsys: pytest.CaptureFixture[str], body: str | None, event: dict[str, Any], reason: str
) -> None:
    assert receive(body, **event) == 204
    (message,) = kept(stack)
    assert message["reasons"] == [reason]
    if "object" in message:
        message = {"callback": stores.quarantine()._open(message, "").callback}

    assert message["callback"].get("body", "") == (body or "")
    assert message["callback"]["resource"] == event.get("resource", "/callbacks/v2")
    assert "CallbacksQuarantined" in capsys.readouterr().out


def test_headers_are_quarantined_without_credentials(stack: Stack) -> None:
    headers = SAMPLE["multiValueHeaders"] | {"Authorization": ["Basic c2VjcmV0"], "cookie": ["c=1"]}

    receive("{", multiValueHeaders=headers)

    (message,) = kept(stack)
    assert "Content-Type" in message["callback"]["multiValueHeaders"]
    assert "c2VjcmV0" not in json.dumps(message)
    assert "cookie" not in message["callback"]["multiValueHeaders"]


def test_a_callback_of_megabytes_is_quarantined_completely(stack: Stack) -> None:
    body = "x" * 6_000_000
    assert receive(body) == 204

    (message,) = kept(stack)
    callback = stores.quarantine()._open(message, "").callback
    assert callback is not None
    assert callback["body"] == body


def test_an_unreadable_event_does_not_prevent_storing_the_others(stack: Stack) -> None:
    body = json.dumps([inbound(id="in-1"), {"type": "message-teleported"}, inbound(id="in-2"), 7])
    assert receive(body) == 204
    assert stores.messages().get("in-1")
    assert stores.messages().get("in-2")

    (message,) = kept(stack)
    assert message["reasons"] == [
        "event 2 of 4: type is unknown",
        "event 4 of 4: a field does not have the documented form",
    ]
    assert message["callback"]["body"] == body


@pytest.mark.parametrize("body", ["[]", json.dumps([INBOUND]), json.dumps(INBOUND)])
def test_a_readable_callback_is_not_quarantined(stack: Stack, body: str) -> None:
    assert receive(body) == 204
    assert kept(stack) == []


def test_any_content_type_is_parsed_as_json(stack: Stack) -> None:
    assert receive(json.dumps([INBOUND]), multiValueHeaders={"Content-Type": ["text/plain"]}) == 204
    assert stores.messages().get(ID)


def test_an_unreadable_query_is_quarantined_and_gets_bxml(stack: Stack) -> None:
    event = api_event("GET", "/callbacks/v1", query={"eventType": "fax", "text": "ä"})
    assert call(receive_callback, event)["statusCode"] == 200

    (message,) = kept(stack)
    assert message["callback"]["multiValueQueryStringParameters"] == {"eventType": ["fax"], "text": ["ä"]}


@pytest.mark.parametrize("broken", ["_sqs", "_s3"])
def test_a_failed_quarantine_raises_so_that_bandwidth_redelivers(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def refuse(**given: Any) -> None:
        raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "Write")

    client = getattr(stores, broken)()
    monkeypatch.setattr(client, "send_message" if broken == "_sqs" else "put_object", refuse)
    with pytest.raises(ClientError):
        receive("x" * 300_000)


def test_a_failed_write_of_v2_is_not_quarantined(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")

    monkeypatch.setattr(stores.messages(), "add", refuse)

    with pytest.raises(ClientError):
        receive(json.dumps([INBOUND, {"type": "message-teleported"}]))

    assert kept(stack) == []


def test_a_failed_write_of_v1_is_quarantined(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")

    body = json.dumps(V1)

    with monkeypatch.context() as throttled:
        throttled.setattr(stores.messages(), "add", refuse)
        assert receive(body, resource="/callbacks/v1") == 204

    assert replay() == {"stored": 1, "left": 0, "reasons": {}}
    assert stores.messages().get("m-1")


# In time

# More than a replay can store in its 270 seconds.
MANY = 160


class SlowTable:
    """A client of DynamoDB. Each write takes two seconds of the clock."""

    def __init__(self, client: Any, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(**request: Any) -> Any:
            self.writes += 1
            self._clock.advance(2)
            return method(**request)

        return call


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(parallel, "monotonic", clock)
    return clock


@pytest.fixture
def slow(stack: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowTable]:
    """Make the Messages table slow."""
    table = SlowTable(stack.dynamodb, clock)
    messages = Messages(Table(table, "MessagesTable"), retention_days=90)  # type: ignore[arg-type]
    with monkeypatch.context() as here:
        here.setattr(stores, "messages", lambda: messages)
        yield table


def test_events_that_cannot_be_stored_in_seven_seconds_are_quarantined_and_replayed(
    stack: Stack, slow: SlowTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"in-{number}" for number in range(MANY)]
    body = json.dumps([inbound(id=each) for each in ids])

    assert receive(body) == 204

    # What the writers had begun when the time was up ends.
    assert 4 <= slow.writes < 4 + 16
    (message,) = kept(stack)
    assert message["reasons"] == ["not all events could be stored in time"]
    stack.make_visible()
    assert replay() == {"stored": 0, "left": 1, "reasons": {"not all events could be stored in time": 1}}
    stack.make_visible()
    monkeypatch.setattr(slow._clock, "advance", lambda _: None)

    assert replay() == {"stored": 1, "left": 0, "reasons": {}}
    assert all(stores.messages().get(each) for each in ids)
    assert kept(stack) == []


def test_an_event_of_v1_whose_write_hangs_is_quarantined_in_time(
    stack: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def hang(_: Any) -> None:
        clock.advance(10)
        released.wait(timeout=10)

    with monkeypatch.context() as hanging:
        hanging.setattr(stores.messages(), "add", hang)
        assert receive(json.dumps(V1), resource="/callbacks/v1") == 204
        released.set()

    (message,) = kept(stack)
    assert message["reasons"] == ["not all events could be stored in time"]


def test_a_replay_receives_no_callbacks_after_its_deadline(
    stack: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        receive("{", resource=f"/callbacks/{number}/v2")

    def take_a_minute(*_: Any, **__: Any) -> list[str]:
        clock.advance(60)
        return ["still wrong"]

    monkeypatch.setattr(CallbackIntake, "store", take_a_minute)

    # Ten are taken at a time.
    assert replay()["left"] == 10


# Again


def replay(**given: Any) -> Any:
    return call(replay_quarantine, given)


type Forget = Callable[[], None]


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Forget:
    """Disable the parser of inbound messages, until the returned function is called."""
    with_all = callbacks._V2_INBOUND
    monkeypatch.setattr(callbacks, "_V2_INBOUND", frozenset())
    return lambda: monkeypatch.setattr(callbacks, "_V2_INBOUND", with_all)


def test_a_replay_stores_readable_callbacks_and_leaves_the_others(stack: Stack, forgetful: Forget) -> None:
    small, large = inbound(id="in-small"), inbound(id="in-large", text="x" * 300_000)
    for body in (json.dumps([small]), json.dumps([large]), "{", '{"type": "message-teleported"}'):
        assert receive(body) == 204
    assert stores.messages().get("in-small") is None

    forgetful()
    assert replay(**sample("messages/replay_quarantine")) == {
        "stored": 2,
        "left": 2,
        "reasons": {"the body is not JSON": 1, "type is unknown": 1},
    }
    assert stores.messages().get("in-small")
    assert stores.messages().get("in-large")
    stack.make_visible()
    assert len(kept(stack)) == 2
    stack.make_visible()

    assert replay()["stored"] == 0


def test_a_partly_stored_callback_can_be_replayed(stack: Stack, forgetful: Forget) -> None:
    delivered = {
        "type": "message-delivered", "time": "2026-02-03T04:05:06.789Z", "to": "+19195551213",
        "message": {"id": "1562", "from": "+19195551212", "to": ["+19195551213"]},
    }  # fmt: skip
    receive(json.dumps([delivered, INBOUND]))
    before = stores.messages().get("1562")
    assert before is not None
    forgetful()

    assert replay() == {"stored": 1, "left": 0, "reasons": {}}
    assert stores.messages().get("1562") == before
    assert stores.messages().get(ID)


def test_queries_bytes_and_v1_callbacks_are_replayed_unchanged(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ignorant:
        ignorant.setattr(callbacks, "_v1_event", callbacks._v2_event)
        ignorant.setattr(callbacks, "_V2_INBOUND", frozenset())
        call(receive_callback, api_event("GET", "/callbacks/v1", query=V1))
        receive(json.dumps(V1 | {"messageId": "m-2", "media": []}), resource="/callbacks/v1")
        in_base64 = base64.b64encode(json.dumps([inbound(id="m-3")]).encode()).decode()
        receive(in_base64, isBase64Encoded=True)
    assert replay() == {"stored": 3, "left": 0, "reasons": {}}
    first = stores.messages().get("m-1")

    assert first is not None
    assert (first["text"], first["media"]) == ("ä", ["https://a.example/1"])
    assert stores.messages().get("m-2")
    assert stores.messages().get("m-3")


def test_a_missing_object_is_reported_and_the_other_callbacks_are_replayed(
    stack: Stack, forgetful: Forget
) -> None:
    receive(json.dumps([inbound(id="in-large", text="x" * 300_000)]))
    receive(json.dumps([inbound(id="in-small")]))
    (stored,) = stack.s3.list_objects_v2(Bucket="quarantine")["Contents"]
    stack.s3.delete_object(Bucket="quarantine", Key=stored["Key"])
    forgetful()

    assert replay() == {
        "stored": 1,
        "left": 1,
        "reasons": {"the object cannot be read from the bucket": 1},
    }
    assert stores.messages().get("in-small")
    stack.make_visible()

    assert len(kept(stack)) == 1


@pytest.mark.parametrize("body", ["no JSON", "[]", "{}", '{"at": "2026-01-01T00:00:00.000Z"}'])
def test_an_unreadable_message_is_reported_and_the_other_callbacks_are_replayed(
    stack: Stack, forgetful: Forget, body: str
) -> None:
    receive(json.dumps([inbound(id="in-small")]))
    stores._sqs().send_message(QueueUrl=stores.quarantine()._url, MessageBody=body)

    forgetful()

    assert replay() == {"stored": 1, "left": 1, "reasons": {"the queue message cannot be parsed": 1}}


def test_a_failed_write_in_a_replay_leaves_only_that_callback(
    stack: Stack, forgetful: Forget, monkeypatch: pytest.MonkeyPatch
) -> None:
    for message_id in ("in-1", "in-2"):
        receive(json.dumps([inbound(id=message_id)]))
    forgetful()
    add = stores.messages().add

    def refuse_the_first(message: Any) -> Any:
        if message.message_id == "in-1":
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "PutItem")
        return add(message)

    monkeypatch.setattr(stores.messages(), "add", refuse_the_first)

    assert replay() == {"stored": 1, "left": 1, "reasons": {"ClientError": 1}}
    assert stores.messages().get("in-2")


def test_a_replay_reads_at_most_the_requested_number(stack: Stack) -> None:
    for _ in range(13):
        receive("{")
    assert replay(atMost=12)["left"] == 12


@pytest.mark.parametrize("given", [{"atMost": 0}, {"atMost": 1001}, {"atMost": "all"}, {"most": 1}])
def test_a_wrong_request_is_named(stack: Stack, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=next(iter(given))):
        replay(**given)
