"""Checks that messages of one later time can be sent at their rate. POST /messages calls it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from bandwidth_messaging.domain.lanes import to_micros, to_time
from bandwidth_messaging.domain.problems import Backlog
from bandwidth_messaging.domain.scheduled_segments import (
    HOUR,
    expect_scheduled,
    find_time,
)
from bandwidth_messaging.domain.times import to_rfc3339

if TYPE_CHECKING:
    from bandwidth_messaging.domain.lanes import Lane
    from bandwidth_messaging.domain.messages import Message
    from bandwidth_messaging.domain.scheduled_segments import Counts
    from bandwidth_messaging.store.scheduled_segment_store import ScheduledSegments

_MICROSECOND: Final = timedelta(microseconds=1)
# Earlier hours whose backlog counts, and later hours that are searched for a time with room.
_READ_HOURS: Final = 24


class BacklogLimits(NamedTuple):
    """How long messages may wait for their rate, and whether a message that would wait longer is rejected."""

    deadline: timedelta
    is_refused: bool


@dataclass(frozen=True)
class ScheduleBacklog:
    """Estimates how long messages of one time wait for the rate of their narrowest lane.

    The counts are an estimate. They never stop a message from being sent.
    """

    segments: "Callable[[], ScheduledSegments]"
    limits: BacklogLimits

    def count(self, message: "Message", lane: "Lane", segments: int) -> "Message":
        """Count a message that is due later, and return it with the time when it is expected to be sent.

        A lane without a configured rate, which Bandwidth throttled, has recovered by then and does not count.
        Raises Backlog if the message would wait for too long.
        """
        if lane.target is None or message.due_at is None:
            return message
        store, at, due = self.segments(), to_micros(message.time), to_micros(message.due_at)
        is_high, deadline = message.priority == "high", self.limits.deadline // _MICROSECOND
        counts = store.get(lane.name, max(at, due - _READ_HOURS * HOUR), due)
        wait, warnings = expect_scheduled(lane, counts, due, at, high=is_high) - due, message.warnings
        if wait > deadline:
            earliest = self._find_time(lane, counts, due, at, high=is_high)
            backlog = describe_schedule(due, wait, deadline, lane.name, earliest)
            if self.limits.is_refused:
                raise Backlog(backlog, retry_after=None)
            warnings = (*warnings, backlog)
        counted = store.add(lane.name, due, segments, high=is_high)
        expected = expect_scheduled(lane, {**counts, **counted}, due, at, high=is_high)
        return replace(
            message,
            expected_at=to_rfc3339(to_time(expected).isoformat()),
            scheduled_lane=lane.name,
            warnings=warnings,
        )

    def _find_time(self, lane: "Lane", counts: "Counts", due: int, at: int, *, high: bool) -> int:
        """Return the first time from `due` on at which a message would be sent in time.

        Messages that are due more than a day later do not count.
        """
        later = self.segments().get(lane.name, due, due + _READ_HOURS * HOUR)
        deadline = self.limits.deadline // _MICROSECOND
        return find_time(lane, {**counts, **later}, due, at, wait=deadline, high=high)


def describe_schedule(due: int, wait: int, deadline: int, lane: str, earliest: int) -> str:
    """Return why a message that is due later would not be sent in time, and what to do.

    All times are microseconds, `due` and `earliest` since 1970.
    """
    at, fitting = (to_rfc3339(to_time(time).isoformat()) for time in (due, earliest))
    return (
        f"At the rate of {lane}, a message that is due at {at} would wait {wait / HOUR:.1f} h for messages "
        f"that are due earlier, and would fail after {deadline / HOUR:.0f} h. Set sendAt to "
        f"{fitting} or later, or raise the rate (PUT /rates) if your registration allows it."
    )
