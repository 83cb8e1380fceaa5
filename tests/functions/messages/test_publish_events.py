"""Changes of the tables become events on the bus."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bandwidth_messaging.api import bus_events
from bandwidth_messaging.runtime import stores, wiring
from functions.messages import publish_events
from tests.bus import bus_event, schema_errors
from tests.functions.conftest import Stack, call, sample


class Bus:
    """An EventBridge client that rejects chosen entries."""

    def __init__(self, refuse: int | None = None, code: str = "InternalFailure") -> None:
        self.entries: list[dict[str, Any]] = []
        self.requests: list[int] = []
        self.too_large = ""
        self._refuse = refuse
        self._code = code

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        size = sum(len(text.encode()) for entry in Entries for text in entry.values())
        if size > 256 * 1024 or any(self.too_large and self.too_large in each["Detail"] for each in Entries):
            raise ClientError({"Error": {"Code": "ValidationException"}}, "PutEvents")
        self.requests.append(len(Entries))
        self.entries += Entries
        return {
            "Entries": [
                {"ErrorCode": self._code} if index == self._refuse else {"EventId": str(index)}
                for index in range(len(Entries))
            ]
        }


@pytest.fixture
def bus(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setattr(stores, "events", lambda: bus)
    return bus


def records(count: int = 1) -> dict[str, Any]:
    (record,) = sample("messages/publish_events")["Records"]
    return {
        "Records": [
            record | {"dynamodb": record["dynamodb"] | {"SequenceNumber": str(number)}}
            for number in range(count)
        ]
    }


def with_images(count: int, changes: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """Return records whose new images have changes by position."""
    batch = json.loads(json.dumps(records(count)))
    for number, record in enumerate(batch["Records"]):
        record["dynamodb"]["NewImage"] |= changes(number)
    return dict(batch)


def test_an_inbound_message_is_published_without_its_text(bus: Bus) -> None:
    assert call(publish_events, records()) == {"batchItemFailures": []}
    (entry,) = bus.entries
    assert (entry["DetailType"], entry["Source"]) == ("Message Received", "bandwidth-messaging")
    assert entry["EventBusName"] == "bandwidth-messaging"

    detail = json.loads(entry["Detail"])
    assert detail["messageId"] == "15047516192013g5tuga77zsa6jrp"
    assert detail["eventId"] == "c4ca4238a0b923820dcc509a6f75849b"
    assert "Yes, tomorrow works" not in entry["Detail"]


def test_a_batch_is_retried_from_the_first_failed_record(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "events", lambda: Bus(refuse=1))
    assert call(publish_events, records(3)) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


@pytest.mark.parametrize("code", ["InternalFailure", "ThrottlingException", "AccessDeniedException"])
def test_an_entry_that_a_retry_can_publish_is_retried(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(stores, "events", lambda: Bus(refuse=1, code=code))
    assert call(publish_events, records(3)) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert stack.receive_messages(stack.events_dead_letter_queue) == []


@pytest.mark.parametrize("code", ["InvalidArgument", "MalformedDetail", "RedactionFailure"])
def test_an_entry_that_no_retry_can_publish_goes_to_the_dead_letter_queue(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(stores, "events", lambda: Bus(refuse=1, code=code))
    batch = records(3)
    assert call(publish_events, batch) == {"batchItemFailures": []}

    (kept,) = stack.receive_messages(stack.events_dead_letter_queue)
    assert json.loads(kept["Body"]) == {"Records": [batch["Records"][1]]}


def test_a_request_rejected_for_one_entry_publishes_the_others(stack: Stack, bus: Bus) -> None:
    batch = with_images(3, lambda number: {"messageId": {"S": f"in-{number}"}})
    bus.too_large = "in-1"
    assert call(publish_events, batch) == {"batchItemFailures": []}
    assert [json.loads(entry["Detail"])["messageId"] for entry in bus.entries] == ["in-0", "in-2"]

    (kept,) = stack.receive_messages(stack.events_dead_letter_queue)
    assert json.loads(kept["Body"]) == {"Records": [batch["Records"][1]]}


def test_another_error_of_a_request_raises(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutEvents")

    bus = Bus()
    monkeypatch.setattr(bus, "put_events", fail)
    monkeypatch.setattr(stores, "events", lambda: bus)
    with pytest.raises(ClientError):
        call(publish_events, records())


def test_large_events_are_split_into_several_requests(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENTS_INCLUDE_TEXT", "true")

    batch = with_images(10, lambda number: {"text": {"S": "x" * 90_000}, "messageId": {"S": f"in-{number}"}})

    assert call(publish_events, batch) == {"batchItemFailures": []}
    assert bus.requests == [2] * 5
    assert [json.loads(entry["Detail"])["messageId"] for entry in bus.entries] == [
        f"in-{number}" for number in range(10)
    ]


def test_an_event_too_large_without_its_text_omits_its_largest_fields(bus: Bus) -> None:
    # As items that were stored before fields were bounded.
    batch = with_images(1, lambda _: {"tag": {"S": "\x01" * 350_000}})
    assert call(publish_events, batch) == {"batchItemFailures": []}

    (entry,) = bus.entries
    detail = json.loads(entry["Detail"])
    assert len(entry["Detail"].encode()) <= 100_000
    assert "tag" not in detail
    assert detail["omittedFields"] == ["tag"]
    assert detail["messageId"] == "15047516192013g5tuga77zsa6jrp"
    assert schema_errors(bus_event(entry["DetailType"], detail)) == []


def test_a_message_to_thousands_omits_its_recipients(bus: Bus) -> None:
    numbers = [f"+1919555{number:04}" for number in range(9_000)]
    changes = {"direction": {"S": "out"}, "to": {"L": [{"S": number} for number in numbers]}}
    assert call(publish_events, with_images(1, lambda _: changes)) == {"batchItemFailures": []}

    (entry,) = bus.entries
    detail = json.loads(entry["Detail"])
    assert (detail["to"], detail["omittedFields"]) == ([], ["recipients", "to"])
    assert schema_errors(bus_event(entry["DetailType"], detail)) == []


def test_a_record_too_large_for_the_dead_letter_queue_is_an_object_that_can_be_published(
    stack: Stack, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = with_images(1, lambda _: {"text": {"S": "\x01" * 390_000}})
    with monkeypatch.context() as broken:
        broken.setattr(bus_events, "to_event", None)
        assert call(publish_events, batch) == {"batchItemFailures": []}
    (kept,) = stack.receive_messages(stack.events_dead_letter_queue)
    pointer = json.loads(kept["Body"])
    assert pointer == {"object": "events/c4ca4238a0b923820dcc509a6f75849b"}

    assert call(publish_events, pointer) == {"batchItemFailures": []}

    (entry,) = bus.entries
    assert entry["DetailType"] == "Message Received"


def test_an_unreadable_record_is_stored_completely_and_blocks_nothing(stack: Stack, bus: Bus) -> None:
    batch = records(3)
    poison = batch["Records"][1]
    poison["dynamodb"] = poison["dynamodb"] | {"NewImage": {"messageId": {"S": "1"}, "to": {"X": "?"}}}
    assert call(publish_events, batch) == {"batchItemFailures": []}
    assert len(bus.entries) == 2

    (kept,) = stack.receive_messages(stack.events_dead_letter_queue)
    assert json.loads(kept["Body"]) == {"Records": [poison]}


def test_a_dead_letter_can_be_published_later(
    stack: Stack, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(bus_events, "to_event", None)
        call(publish_events, records())
    (kept,) = stack.receive_messages(stack.events_dead_letter_queue)
    assert call(publish_events, json.loads(kept["Body"])) == {"batchItemFailures": []}

    (entry,) = bus.entries
    assert entry["DetailType"] == "Message Received"


def test_the_log_contains_no_data_of_an_unreadable_record(
    stack: Stack, bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(record: Any, **_: Any) -> None:
        raise ValueError(str(record))

    monkeypatch.setattr(bus_events, "to_event", fail)

    call(publish_events, records())

    logged = capsys.readouterr().out
    assert "c4ca4238a0b923820dcc509a6f75849b" in logged
    assert "Yes, tomorrow works" not in logged


@pytest.mark.parametrize(("length", "is_included"), [(90_000, True), (100_000, False)])
def test_an_event_that_is_too_large_omits_its_text(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, length: int, is_included: bool
) -> None:
    monkeypatch.setenv("EVENTS_INCLUDE_TEXT", "true")
    batch = records()
    batch["Records"][0]["dynamodb"]["NewImage"]["text"] = {"S": "ä" * (length // 2)}
    assert call(publish_events, batch) == {"batchItemFailures": []}

    (entry,) = bus.entries
    assert ("text" in json.loads(entry["Detail"])) is is_included


def test_a_batch_without_events_sends_no_request(bus: Bus) -> None:
    removed = records()
    del removed["Records"][0]["dynamodb"]["NewImage"]

    assert call(publish_events, removed) == {"batchItemFailures": []}
    assert bus.entries == []


def metrics(log: str) -> dict[str, list[float]]:
    """Return the values of the metrics in a log."""
    entries = [json.loads(line) for line in log.splitlines() if line.startswith("{") and "_aws" in line]
    return {
        metric["Name"]: entry[metric["Name"]]
        for entry in entries
        for metric in entry["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def test_the_outcomes_of_a_batch_are_counted_in_one_log_entry(
    bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    call(publish_events, records(3))

    log = capsys.readouterr().out
    assert log.count('"_aws"') == 1
    assert metrics(log) == {"MessagesReceived": [1, 1, 1]}


def test_only_the_records_before_a_failed_one_are_counted(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stores, "events", lambda: Bus(refuse=1))

    call(publish_events, records(3))

    assert metrics(capsys.readouterr().out) == {"MessagesReceived": [1]}


def test_an_error_of_the_metrics_does_not_publish_the_events_again(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("private")

    monkeypatch.setattr(wiring, "_record_all", fail)

    assert call(publish_events, records()) == {"batchItemFailures": []}
    log = capsys.readouterr().out
    assert "metrics not recorded" in log
    assert "private" not in log
