"""How long messages that are scheduled for the same time will wait for their rate.

A scheduled message takes its place in a lane when it is due. Until then only its segments are counted, by
lane and minute. All times are microseconds since 1970.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from bandwidth_messaging.domain.lanes import SECOND, Lane

MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE


class Segments(NamedTuple):
    """Segments of the messages that are due in one minute, without and with high priority."""

    normal: int = 0
    high: int = 0


type Counts = Mapping[int, Segments]
"""Scheduled segments of a lane by the start of their minute."""


def expect_scheduled(lane: Lane, counts: Counts, due: int, now: int, *, high: bool) -> int:
    """Return when a message is expected to be sent that is due later, on a lane with a configured rate.

    Ahead of it are the messages that hold positions of the lane now, those that are due in earlier minutes,
    and those that were counted in its own minute. A message with high priority waits only behind others with
    high priority, at their share of the rate, unless the whole lane is free earlier.
    """
    free = _find_end(lane, counts, due, now)
    if high:
        urgent = {minute: each.high for minute, each in counts.items()}
        interval = (lane.target or 0) * 100 // lane.high_share
        free = min(free, _walk(urgent, lane.next_slot(now, high=True), interval, due, now))
    return max(due, free)


def find_time(lane: Lane, counts: Counts, due: int, now: int, *, wait: int, high: bool) -> int:
    """Return the first time from `due` on at which a message would wait no longer than `wait`.

    It is `due` or a whole minute.
    """
    time = due
    # A message that is due later is not sent earlier, so that no time before this one fits.
    while (earliest := expect_scheduled(lane, counts, time, now, high=high) - wait) > time:
        time = -(-earliest // MINUTE) * MINUTE
    return time


def _find_end(lane: Lane, counts: Counts, until: int, now: int) -> int:
    """Return when all segments are sent that are due until a time."""
    segments = {minute: sum(each) for minute, each in counts.items()}
    free = lane.slot_behind(lane.count_loads(now, until), now)
    return _walk(segments, free, lane.target or 0, until, now)


def _walk(segments: Mapping[int, int], free: int, interval: int, until: int, now: int) -> int:
    """Return when a lane that is free at `free` has sent the segments of all minutes until a time."""
    for minute in sorted(segments):
        if not now - MINUTE < minute <= until:
            continue
        # A message that moved to another time while it was counted can leave fewer than none.
        work = max(0, segments[minute]) * interval
        # Messages of the current minute may hold positions already.
        free = max(free, minute + work) if minute <= now else max(free, minute) + work
    return free
