"""Lanes: how fast messages of an account, a campaign or a number are sent.

A lane has a rate in segments per second. Each message gets the next positions of its lane when it is
accepted. The lane's clock turns a position into a time, its slot, and the message is sent then. If the lane
slows down or pauses, its clock moves, and with it the slots of all waiting messages. Their items stay
unchanged.

A lane has three tracks of positions. Messages with high priority use a track that has a share of the rate.
Messages that the queue delivered too late get new positions on the late track. While one of these two is
busy, the normal track is slower by its share, so that the lane as a whole keeps its rate.

A message of a number or campaign with a rate gets its positions of the account's lane when it is due on the
narrower lane. The account's lane knows such messages only as loads: how fast a narrower lane sends them, and
until when.

All times are microseconds since 1970, all intervals are microseconds per segment.
"""

from bisect import bisect_right as bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from operator import itemgetter
from types import MappingProxyType
from typing import Final, Self, TypedDict

ACCOUNT: Final = "account"
"""The name of the account's lane."""
SECOND: Final = 1_000_000
"""Microseconds."""
MAX_LATENESS: Final = SECOND // 5
"""A message that is later gets a new position, so that a stalled lane does not send its backlog at once.

Lanes keep within 1.02 times their rate over ten seconds, and 0.2 seconds are two percent of that.
"""
MAX_SLEEP: Final = SECOND * 3 // 2
"""The queue delays by whole seconds. The worker sleeps until a slot that is at most this far away."""
# A worker checks a longer wait again after half of it, so a raised rate shortens the remaining half.
_RECHECK_SECONDS: Final = 60
# SQS delays new messages by at most 15 minutes.
MAX_QUEUE_DELAY_SECONDS: Final = 900
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
# Without a configured rate, a lane that Bandwidth throttles continues at Bandwidth's default.
_DEFAULT_INTERVAL: Final = SECOND
_PAUSE: Final = 2 * SECOND
# Workers that send at the same time are throttled at the same time. They slow the lane once.
_SLOWED_ONCE_IN: Final = 10 * SECOND
_FASTER_AFTER: Final = 30 * SECOND
_MAX_INTERVAL: Final = 60 * SECOND
# With twelve loads, the item of the account's lane stays below 1 KB, the size of a write unit.
_MAX_LOADS: Final = 12
# A lane without a configured rate has none again once it is this fast.
_UNLIMITED_INTERVAL: Final = SECOND // 100


# Percent of the rate. With the largest share of high priority, 30 %, a tenth is left for the normal track.
_LATE_SHARE: Final = 60
MAX_HIGH_SHARE: Final = 30


class TrackName(StrEnum):
    """The tracks of a lane."""

    NORMAL = "normal"
    HIGH = "high"
    LATE = "late"


@dataclass(frozen=True)
class Track:
    """Positions that a track has issued, in segments. The position `base` is due at the time `clock`."""

    issued: int = 0
    base: int = 0
    clock: int = 0


@dataclass(frozen=True)
class Extend:
    """Issue more positions of a busy track. Concurrent extensions do not disturb each other."""

    track: TrackName
    segments: int


@dataclass(frozen=True)
class Ticket:
    """Positions that a message got: the first of them, and how many."""

    track: TrackName
    position: int
    segments: int


class TicketItem(TypedDict):
    """A ticket in a message's item and in a queue record."""

    track: TrackName
    position: int
    segments: int


type Tickets = Mapping[str, Ticket]
"""The tickets of a message by the names of its lanes."""


def tickets_to_items(tickets: Tickets) -> dict[str, TicketItem]:
    """Return tickets as they are stored."""
    return {
        lane: {"track": ticket.track, "position": ticket.position, "segments": ticket.segments}
        for lane, ticket in tickets.items()
    }


def tickets_from_items(items: Mapping[str, TicketItem]) -> Tickets:
    """Return stored tickets."""
    return {
        lane: Ticket(TrackName(item["track"]), item["position"], item["segments"])
        for lane, item in items.items()
    }


@dataclass(frozen=True)
class Load:
    """Messages that wait on a narrower lane: one segment per `interval`, until `end`."""

    interval: int
    end: int

    def count(self, now: int, until: int) -> int:
        """Return the segments that leave the narrower lane from now until a time, 0 without an interval."""
        if not self.interval:
            return 0
        return max(0, min(until, self.end) - now) // self.interval


_NO_TRACKS: Final[Mapping[TrackName, Track]] = MappingProxyType({})
_NO_LOADS: Final[Mapping[str, Load]] = MappingProxyType({})


@dataclass(frozen=True)
class Lane:
    """The state of a lane. `interval` holds for its clocks, `target` is the configured one. None is no limit.

    `high_share` is the percentage of the rate that is reserved for messages with high priority. `slowed_at`
    is the time of the last slow-down or of the last recovery from it, 0 if the lane is not slowed. `loads`
    are those of narrower lanes, by their names: only the account's lane has them.
    """

    name: str
    target: int | None
    interval: int | None
    high_share: int
    tracks: Mapping[TrackName, Track] = field(default=_NO_TRACKS)
    paused_until: int = 0
    slowed_at: int = 0
    loads: Mapping[str, Load] = field(default=_NO_LOADS)

    @property
    def is_limited(self) -> bool:
        """Return whether messages need a ticket of this lane."""
        return self.target is not None or self.interval is not None

    @property
    def effective_interval(self) -> int:
        """Return the interval that holds now, 0 if there is no limit."""
        return self.interval if self.interval is not None else self.target or 0

    def track(self, name: TrackName) -> Track:
        """Return a track, an empty one if no message has used it."""
        return self.tracks.get(name, Track())

    def slot(self, ticket: Ticket) -> int:
        """Return the time at which a ticket is due."""
        return max(self.paused_until, self._slot(ticket.track, ticket.position))

    def is_late(self, ticket: Ticket, now: int) -> bool:
        """Return whether a message needs a new ticket: others behind it have their slots now.

        So do messages that were due before a pause, else all of them would be sent when the pause ends.
        """
        track = self.track(ticket.track)
        was_due_before_pause = ticket.position < track.base and track.clock == self.paused_until
        return was_due_before_pause or is_late(self.slot(ticket), now)

    def next_slot(self, now: int, *, high: bool) -> int:
        """Return the slot that the next message gets."""
        return self._next_slot(self.choose_track(now, high=high), now)

    def choose_track(self, now: int, *, high: bool, late: bool = False) -> TrackName:
        """Return the track of the next message: with high priority, the one with the earlier slot."""
        track = TrackName.LATE if late else TrackName.NORMAL
        if high and self._next_slot(TrackName.HIGH, now) < self._next_slot(track, now):
            return TrackName.HIGH
        return track

    def reserve(self, name: TrackName, segments: int, now: int) -> "Self | Extend":
        """Return how the lane changes to issue positions: a new state, or an extension of a busy track."""
        track = self.track(name)
        if self._slot(name, track.issued) > now:
            return Extend(name, segments)
        # The next position of an idle track is due now. From now on the normal track is slower.
        start, tracks = max(now, self.paused_until), dict(self.tracks)
        if name is not TrackName.NORMAL and TrackName.NORMAL in tracks:
            tracks[TrackName.NORMAL] = self._rebased(TrackName.NORMAL, now)
        tracks[name] = Track(issued=track.issued + segments, base=track.issued, clock=start)
        return replace(self, tracks=tracks)

    def extended(self, change: Extend) -> Self:
        """Return the lane after an extension."""
        track = self.track(change.track)
        extended = replace(track, issued=track.issued + change.segments)
        return replace(self, tracks={**self.tracks, change.track: extended})

    def change_loads(self, source: "Lane", now: int) -> dict[str, Load | None]:
        """Return how the loads change when a message of a narrower lane gets positions. None removes a load.

        Loads that have ended are removed. If there are too many, those with the most segments stay.
        """
        load = Load(source.effective_interval, source.next_slot(now, high=False))
        segments = {
            name: each.count(now, each.end) for name, each in {**self.loads, source.name: load}.items()
        }
        heaviest = sorted(filter(segments.get, segments), key=segments.__getitem__, reverse=True)[:_MAX_LOADS]
        changes: dict[str, Load | None] = {name: None for name in self.loads if name not in heaviest}
        return changes | ({source.name: load} if source.name in heaviest else {})

    def slot_behind(self, segments: int, now: int) -> int:
        """Return the slot of a message without high priority, behind so many more segments."""
        change = self.reserve(TrackName.NORMAL, segments, now)
        lane = self.extended(change) if isinstance(change, Extend) else change
        return lane.next_slot(now, high=False)

    def count_loads(self, now: int, until: int) -> int:
        """Return the segments that narrower lanes bring to this one from now until a time."""
        return sum(load.count(now, until) for load in self.loads.values())

    def backlog(self, now: int) -> int:
        """Return for how long the lane is busy with accepted messages. Those of its loads count."""
        end = self._end_of_loads(now)
        return max(end, self.slot_behind(self.count_loads(now, end), now)) - now

    def count_waiting(self, now: int) -> int:
        """Return the segments of accepted messages that are not due yet. Those of its loads count."""
        issued = (track.issued - self._rebased(name, now).base for name, track in self.tracks.items())
        return sum(issued) + self.count_loads(now, self._end_of_loads(now))

    def _end_of_loads(self, now: int) -> int:
        return max((now, *(load.end for load in self.loads.values())))

    def slowed(self, now: int, pause: int = 0) -> Self | None:
        """Return the lane after Bandwidth throttled it: paused and at half its rate. None if it just was.

        `pause` is how long Bandwidth requests to wait.
        """
        if self.slowed_at and now - self.slowed_at < _SLOWED_ONCE_IN:
            return None
        start = now + max(pause, _PAUSE)
        interval = self.effective_interval
        slower = max(interval, min(interval * 2, _MAX_INTERVAL)) or _DEFAULT_INTERVAL
        return replace(self._paced(slower, now, start), slowed_at=now, paused_until=start)

    def adjusted(self, now: int) -> Self | None:
        """Return the lane at the rate that it should have now, None if it has that rate.

        A lane recovers step by step after it was slowed. Its configured rate may have changed.
        """
        if not self.slowed_at:
            return self._paced(self.target, now) if self.interval != self.target else None
        if now - self.slowed_at < _FASTER_AFTER:
            return None
        faster = self.effective_interval * 2 // 3
        if faster <= (self.target or _UNLIMITED_INTERVAL):
            return self._paced(self.target, now)
        return replace(self._paced(faster, now), slowed_at=now)

    def reset(self, now: int) -> Self:
        """Return the lane at its configured rate, without a pause or a slow-down."""
        lane = self._paced(self.target, now)
        if self.paused_until <= now:
            return lane
        tracks = {name: replace(track, clock=now) for name, track in lane.tracks.items()}
        return replace(lane, tracks=tracks, paused_until=0)

    def _paced(self, interval: int | None, now: int, start: int = 0) -> Self:
        """Return the lane with another interval, which holds from now on. Nothing is due before `start`."""
        old, new = self.effective_interval, interval or 0
        tracks = {}
        for name in self.tracks:
            track = self._rebased(name, now)
            # The time until the next slot changes as the interval does.
            left = max(0, track.clock - now) * new // old if old else 0
            tracks[name] = replace(track, clock=max(now + left, start))
        return replace(self, interval=interval, slowed_at=0, tracks=tracks)

    def _rebased(self, name: TrackName, now: int) -> Track:
        """Return a track with the same slots, counted from the position that is due next."""
        track = self.track(name)
        waiting = range(track.base, track.issued)
        base = track.base + bisect(waiting, now, key=lambda position: self._slot(name, position))
        return replace(track, base=base, clock=self._slot(name, base))

    def _next_slot(self, name: TrackName, now: int) -> int:
        return max(now, self.paused_until, self._slot(name, self.track(name).issued))

    def _slot(self, name: TrackName, position: int) -> int:
        track, interval = self.track(name), self.effective_interval
        work = (position - track.base) * interval
        if name is not TrackName.NORMAL:
            return track.clock + work * 100 // self._share(name)
        if not (busy := self._busy(track.clock)):
            return track.clock + work
        slot, speed = track.clock, 100 - sum(map(self._share, busy))
        for other, end in sorted(busy.items(), key=itemgetter(1)):
            done = (end - slot) * speed // 100
            if work <= done:
                break
            work, slot, speed = work - done, end, speed + self._share(other)
        return slot + work * 100 // speed

    def _busy(self, since: int) -> dict[TrackName, int]:
        """Return when the backlog of the high and late tracks ends, for each that is busy after `since`."""
        return {
            name: end
            for name, track in self.tracks.items()
            if name is not TrackName.NORMAL and (end := self._slot(name, track.issued)) > since
        }

    def _share(self, name: TrackName) -> int:
        return self.high_share if name is TrackName.HIGH else _LATE_SHARE


def expect(lanes: Sequence[Lane], slot: int, now: int, *, high: bool) -> int:
    """Return when a message is expected to be sent that has a slot on the first of its limited lanes.

    The message gets positions of the account's lane at its slot. Everything with an earlier slot comes before
    it: the messages that hold positions now, those of its own lane, and those of the loads. A lane that has a
    backlog sends at a constant rate and then stops, so that the account's lane gets less from now on, never
    more. So either the account's lane is busy from now until the turn of the message, or it has room at the
    message's slot. The share of high priority is reserved: such a message does not wait for loads.
    """
    narrow, account = lanes[0], lanes[-1]
    if narrow is account:
        return slot
    if high:
        return max(slot, account.next_slot(now, high=True))
    others = (load.count(now, slot) for name, load in account.loads.items() if name != narrow.name)
    ahead = Load(narrow.effective_interval, slot).count(now, slot) + sum(others)
    return max(slot, account.slot_behind(ahead, now))


def is_late(slot: int, now: int) -> bool:
    """Return whether a slot has passed, so that the message needs a new position."""
    return now - slot > MAX_LATENESS


def queue_delay(left: int) -> int:
    """Return for how many seconds the queue delays a message that is due after `left` microseconds.

    The message arrives shortly before it is due, or earlier: then it is delayed again.
    """
    seconds = max(0, left - SECOND // 2) // SECOND
    if seconds > _RECHECK_SECONDS:
        seconds = max(_RECHECK_SECONDS, seconds // 2)
    return min(seconds, MAX_QUEUE_DELAY_SECONDS)


def schedule_delay(left: int) -> int:
    """Return for how many seconds the queue delays a message whose time is fixed, in `left` microseconds."""
    return min(max(0, left) // SECOND, MAX_QUEUE_DELAY_SECONDS)


def to_interval(segments_per_second: float) -> int:
    """Return the microseconds between two segments at this rate."""
    return max(1, round(SECOND / segments_per_second))


def to_rate(interval: int) -> float:
    """Return the segments per second of this interval: the shortest number that has this interval."""
    rounded = (float(f"{SECOND / interval:.{digits}g}") for digits in range(1, 17))
    return next((rate for rate in rounded if to_interval(rate) == interval), SECOND / interval)


def to_micros(time: str) -> int:
    """Return a time (RFC 3339) in microseconds since 1970."""
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(microseconds=1)


def to_time(micros: int) -> datetime:
    """Return the time of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)
