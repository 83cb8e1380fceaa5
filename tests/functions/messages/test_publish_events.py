"""Changes of the tables become events on the bus."""

import json
from typing import Any

import pytest

from bandwidth_messaging.runtime import wiring
from functions.messages import publish_events
from tests.functions.conftest import House, call, sample


class Bus:
    """Stands where the EventBridge client stands, and refuses what it is told to."""

    def __init__(self, refuse: int | None = None) -> None:
        self.entries: list[dict[str, Any]] = []
        self._refuse = refuse

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - AWS's name
        self.entries += Entries
        return {
            "Entries": [
                {"ErrorCode": "InternalFailure"} if index == self._refuse else {"EventId": str(index)}
                for index in range(len(Entries))
            ]
        }


@pytest.fixture
def bus(house: House, monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setattr(wiring, "events", lambda: bus)
    return bus


def records(count: int = 1) -> dict[str, Any]:
    (record,) = sample("messages/publish_events")["Records"]
    return {
        "Records": [
            record | {"dynamodb": record["dynamodb"] | {"SequenceNumber": str(number)}}
            for number in range(count)
        ]
    }


def test_an_inbound_text_is_announced_without_its_text(bus: Bus) -> None:
    assert call(publish_events, records()) == {"batchItemFailures": []}
    (entry,) = bus.entries
    assert (entry["DetailType"], entry["Source"]) == ("Message Received", "bandwidth-messaging")
    assert entry["EventBusName"] == "bandwidth-messaging"
    detail = json.loads(entry["Detail"])
    assert detail["messageId"] == "15047516192013g5tuga77zsa6jrp"
    assert detail["eventId"] == "c4ca4238a0b923820dcc509a6f75849b"
    assert "Yes, tomorrow works" not in entry["Detail"]


def test_a_batch_comes_again_from_the_first_record_that_failed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "events", lambda: Bus(refuse=1))
    assert call(publish_events, records(3)) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_a_record_that_cannot_be_read_is_kept_whole_and_holds_up_nothing(house: House, bus: Bus) -> None:
    batch = records(3)
    poison = batch["Records"][1]
    poison["dynamodb"] = poison["dynamodb"] | {"NewImage": {"messageId": {"S": "1"}, "to": {"X": "?"}}}
    assert call(publish_events, batch) == {"batchItemFailures": []}
    assert len(bus.entries) == 2
    (kept,) = house.queued(house.events_dead_letter_queue)
    assert json.loads(kept["Body"]) == {"Records": [poison]}


def test_what_was_kept_is_what_the_function_takes_once_it_can_read_it(
    house: House, bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(publish_events, "event_of", None)
        call(publish_events, records())
    (kept,) = house.queued(house.events_dead_letter_queue)
    assert call(publish_events, json.loads(kept["Body"])) == {"batchItemFailures": []}
    (entry,) = bus.entries
    assert entry["DetailType"] == "Message Received"


def test_the_log_does_not_say_what_was_in_a_record_that_could_not_be_read(
    house: House, bus: Bus, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(record: Any, **_: Any) -> None:
        raise ValueError(str(record))

    monkeypatch.setattr(publish_events, "event_of", fail)
    call(publish_events, records())
    logged = capsys.readouterr().out
    assert "c4ca4238a0b923820dcc509a6f75849b" in logged
    assert "Yes, tomorrow works" not in logged


@pytest.mark.parametrize(("length", "told"), [(90_000, True), (100_000, False)])
def test_an_event_that_would_be_too_long_goes_without_its_text(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, length: int, told: bool
) -> None:
    monkeypatch.setenv("EVENTS_INCLUDE_TEXT", "true")
    batch = records()
    batch["Records"][0]["dynamodb"]["NewImage"]["text"] = {"S": "ä" * (length // 2)}
    assert call(publish_events, batch) == {"batchItemFailures": []}
    (entry,) = bus.entries
    assert ("text" in json.loads(entry["Detail"])) is told


def test_a_batch_without_news_asks_nothing_of_the_bus(bus: Bus) -> None:
    removed = records()
    del removed["Records"][0]["dynamodb"]["NewImage"]
    assert call(publish_events, removed) == {"batchItemFailures": []}
    assert bus.entries == []
