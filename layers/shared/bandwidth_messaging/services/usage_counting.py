"""Counts the usage of numbers from the stream of the messages. Called by publish_events."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from bandwidth_messaging.store.dynamodb import from_dynamodb
from bandwidth_messaging.store.message_items import ATTEMPT, listing_time

if TYPE_CHECKING:
    from bandwidth_messaging.store.event_bus import Record
    from bandwidth_messaging.store.usage_store import Usage

logger = logging.getLogger(__name__)


class Use(NamedTuple):
    """What a message adds to the usage of a number on a day (UTC)."""

    day: str
    number: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class UsageCounting:
    """Adds what messages used to the counters of their day and number."""

    usage: "Usage"
    record: Callable[[str], None]

    def count(self, records: "Iterable[Record]") -> None:
        """Count stream records that are not delivered again: one write for each day and number.

        Counters are added to and not set, so that a failed write is reported and not repeated: the records
        of a batch are delivered again all or none, and the other counters would count twice.
        """
        totals: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for record in records:
            try:
                use = _find_use(record)
            except Exception as error:
                # A record that no code expected must not stop its shard.
                self._report(error, event_id=record["eventID"])
                continue
            if use:
                totals[use.day, use.number].update(use.counts)
        for (day, number), counts in totals.items():
            try:
                self.usage.add(day, number, counts)
            except Exception as error:
                self._report(error, day=day, **counts)

    def _report(self, error: Exception, **fields: Any) -> None:
        logger.error("usage not counted", extra={"error": type(error).__name__, **fields})
        self.record("UsageNotCounted")


def _find_use(record: "Record") -> Use | None:
    change = record["dynamodb"]
    if "messageId" not in change["Keys"]:
        return None
    return find_use(from_dynamodb(change["NewImage"]), from_dynamodb(change.get("OldImage", {})))


def find_use(new: Mapping[str, Any], old: Mapping[str, Any]) -> Use | None:
    """Return what a change of a message's item counts, or None. `old` is empty for a new item.

    A received message counts when it is stored. A sent message counts when Bandwidth's id is stored first,
    because Bandwidth charges what it has accepted: an attempt that is repeated gets another id, and counts
    again.
    """
    if not new.get("owner"):
        return None
    if new["direction"] == "in":
        return None if old else _build_use("received", new, listing_time(new), recipients=1)
    bandwidth_id = new.get("bandwidthId")
    # A late receipt of an earlier attempt stores that attempt's id again.
    if not bandwidth_id or "bandwidthId" in old or f"{ATTEMPT}{bandwidth_id}" in new:
        return None
    # A receipt can precede the response, which stores sentAt. A message of another system has neither time.
    time = new.get("sentAt") or new.get("sendingAt") or listing_time(new)
    return _build_use("sent", new, time, recipients=len(new["to"]))


def _build_use(verb: str, item: Mapping[str, Any], time: str, *, recipients: int) -> Use:
    is_mms = bool(item.get("media")) or len(item.get("to", ())) > 1 or item.get("channel") == "MMS"
    segments = item.get("bandwidthSegmentCount", item.get("segmentCount", 1))
    size = {f"{verb}Mms": recipients} if is_mms else {f"{verb}Segments": segments * recipients}
    return Use(time.partition("T")[0], item["owner"], Counter({f"{verb}Messages": recipients, **size}))
