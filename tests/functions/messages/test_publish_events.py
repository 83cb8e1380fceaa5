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


def test_a_batch_without_news_asks_nothing_of_the_bus(bus: Bus) -> None:
    removed = records()
    del removed["Records"][0]["dynamodb"]["NewImage"]
    assert call(publish_events, removed) == {"batchItemFailures": []}
    assert bus.entries == []
