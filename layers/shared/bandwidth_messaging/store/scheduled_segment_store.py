"""Segments of scheduled messages in the Numbers table: one item per lane and hour, which DynamoDB deletes.

An item has two attributes per minute, so that a whole hour fits into one write unit.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.lanes import to_micros, to_time
from bandwidth_messaging.domain.scheduled_segments import HOUR, MINUTE, Counts, Segments
from bandwidth_messaging.store.keys import scheduled_segments_key

if TYPE_CHECKING:
    from bandwidth_messaging.store.dynamodb import Item, Table

# Messages that are due in an hour are sent or expired within the longest SendDeadlineHours, which is 6.
_KEPT: Final = timedelta(days=1)


class ScheduledSegments:
    """The segments of scheduled messages by lane and minute. Times are microseconds since 1970."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def get(self, lane: str, first: int, last: int) -> Counts:
        """Return the counts of a lane from the hour of `first` to the hour of `last`."""
        hours = range(first - first % HOUR, last + 1, HOUR)
        items = self._table.get_all([_key(lane, hour) for hour in hours])
        return {minute: counted for item in items for minute, counted in _read(item).items()}

    def add(self, lane: str, due: int, segments: int, *, high: bool) -> Counts:
        """Count segments that are due at a time. Return the counts of its hour, without these segments."""
        attribute = _attribute(due, high=high)
        item = self._change(lane, due, {attribute: segments})
        return _read({**item, attribute: item[attribute] - segments})

    def subtract(self, lane: str, due: int, segments: int, *, high: bool) -> None:
        """Stop counting segments of a message that was canceled."""
        self._change(lane, due, {_attribute(due, high=high): -segments})

    def _change(self, lane: str, due: int, added: dict[str, int]) -> "Item":
        expires = to_time(due - due % HOUR + HOUR) + _KEPT
        assigned = {"expiresAt": int(expires.timestamp())}
        return self._table.attempt(_key(lane, due), assign=assigned, add=added).item or {}


def _key(lane: str, time: int) -> "Item":
    return scheduled_segments_key(lane, to_time(time).strftime("%Y-%m-%dT%H"))


def _attribute(time: int, *, high: bool) -> str:
    return f"{'h' if high else 'n'}{time % HOUR // MINUTE:02}"


def _read(item: "Item") -> Counts:
    _, _, hour = str(item["pk"]).rpartition("#")
    start = to_micros(f"{hour}:00+00:00")
    minutes: dict[int, Segments] = {}
    for minute in range(start, start + HOUR, MINUTE):
        normal, high = (item.get(_attribute(minute, high=each), 0) for each in (False, True))
        if normal or high:
            minutes[minute] = Segments(normal, high)
    return minutes
