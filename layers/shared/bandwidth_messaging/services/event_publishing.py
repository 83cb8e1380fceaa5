"""Publishes changes of the tables as events on the bus. Called by publish_events."""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from bandwidth_messaging.store.event_bus import EventBus, Record
    from bandwidth_messaging.store.queues import DeadLetters

logger = logging.getLogger(__name__)


class Event(Protocol):
    """An event for the bus."""

    @property
    def detail_type(self) -> str:
        """Return the detail type that rules match."""

    @property
    def detail(self) -> dict[str, Any]:
        """Return the detail as JSON values."""


@dataclass(frozen=True)
class EventPublishing:
    """Turns stream records into events and publishes them."""

    to_event: Callable[["Record"], Event | None]
    bus: "EventBus"
    bus_name: str
    source: str
    dead_letters: Callable[[], "DeadLetters"]
    count: Callable[[str], None]
    measure: Callable[[Iterable[Event]], None]
    """Records the metrics of published events."""

    def read_records(self, event: dict[str, Any]) -> "list[Record]":
        """Return the stream records of an invocation, whose event names the object of a large record."""
        if "object" in event:
            event = self.dead_letters().read(event["object"])
        records: list[Record] = event["Records"]
        return records

    def publish(self, records: "Iterable[Record]") -> "Record | None":
        """Publish the events of stream records in order. Return the first record that needs a retry, if any.

        A record that can never be published is stored in the dead-letter queue, so that its shard continues.
        """
        entries, events = [], []
        for record in records:
            try:
                event = self.to_event(record)
            except Exception as error:
                # The error's text may contain data of the record.
                self._give_up(record, type(error).__name__)
                continue
            if event:
                entries.append((record, self._entry(event)))
                events.append(event)
        failed = self.bus.publish(entries, give_up=self._give_up)
        # Lambda delivers the failed record and those behind it again.
        retried = next((place for place, (record, _) in enumerate(entries) if record is failed), None)
        self._measure(events[:retried])
        return failed

    def _measure(self, events: list[Event]) -> None:
        """Record metrics. An error must not publish the events again."""
        try:
            self.measure(events)
        except Exception as error:
            logger.error("metrics not recorded", extra={"error": type(error).__name__})

    def _entry(self, event: Event) -> Any:
        return {
            "EventBusName": self.bus_name,
            "Source": self.source,
            "DetailType": event.detail_type,
            "Detail": json.dumps(event.detail, ensure_ascii=False),
        }

    def _give_up(self, record: "Record", error: str) -> None:
        logger.error("record not published", extra={"event_id": record["eventID"], "error": error})
        self.count("EventUnreadable")
        self.dead_letters().keep(record)
