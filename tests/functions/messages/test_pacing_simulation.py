"""Simulations of many messages on lanes: the real algorithm, a clock of the test and no cloud."""

import heapq
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, NamedTuple

import pytest

from bandwidth_messaging.domain.lanes import (
    MAX_SLEEP,
    SECOND,
    Extend,
    Lane,
    Ticket,
    expect,
    queue_delay,
    to_interval,
)
from bandwidth_messaging.services.pacing import DefaultRates, Pacing
from bandwidth_messaging.store.dynamodb import Attempt
from bandwidth_messaging.store.lane_store import LoadChanges, loads_to_item, to_item
from bandwidth_messaging.store.opt_out_store import SendFacts

ACCOUNT = "+19195550000"
"""A number with no lane of its own."""


class MemoryLanes:
    """The lanes of store.lane_store, in memory. Counts writes."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.writes = 0

    def get(self, name: str) -> dict[str, Any]:
        return dict(self.items.get(name, {}))

    def extend(self, name: str, change: Extend, loads: LoadChanges) -> dict[str, Any]:
        self.writes += 1
        item = self.items.setdefault(name, {})
        self._record(item, loads)
        attribute = f"{change.track}Issued"
        item[attribute] = item.get(attribute, 0) + change.segments
        return dict(item)

    def replace(self, known: Lane, changed: Lane, loads: LoadChanges | None = None) -> Attempt:
        self.writes += 1
        before, after, item = to_item(known), to_item(changed), self.items.setdefault(known.name, {})
        differing = [name for name in before | after if before.get(name) != after.get(name)]
        if any(item.get(name, 0) != before.get(name, 0) for name in differing):
            return Attempt(False, dict(item))
        for name in differing:
            item[name] = after.get(name, 0)
        self._record(item, loads or {})
        return Attempt(True, dict(item))

    def _record(self, item: dict[str, Any], loads: LoadChanges) -> None:
        for name, load in loads_to_item(loads).items():
            if load is None:
                item.pop(name, None)
            else:
                item[name] = load


@dataclass
class Text:
    accepted: int
    number: str
    high: bool = False
    segments: int = 1
    tickets: Mapping[str, Ticket] = field(default_factory=dict)
    expected: int = 0
    is_refused: bool = False
    sent: int = 0
    wakes: int = 0
    attempts: int = 0


@dataclass
class AccountLimit:
    """Bandwidth's limit: so many segments in each second, and 429 for more."""

    segments_per_second: int
    accepted: dict[int, int] = field(default_factory=dict)

    def accepts(self, segments: int, at: int) -> bool:
        second = at // SECOND
        taken = self.accepted.get(second, 0) + segments
        if taken > self.segments_per_second:
            return False
        self.accepted[second] = taken
        return True


class Simulation(NamedTuple):
    pacing: Pacing
    lanes: MemoryLanes
    rates: dict[str, int]

    def lanes_of(self, number: str) -> list[Lane]:
        return self.pacing.lanes_of(number, SendFacts({}, [], self.rates, self.lanes.get("account")))

    def set_rate(self, segments_per_second: float, now: int) -> None:
        """Change the account's rate as PUT /rates/account does."""
        self.rates["account"] = to_interval(segments_per_second)
        (lane,) = self.lanes_of(ACCOUNT)
        if adjusted := lane.adjusted(now):
            self.lanes.replace(lane, adjusted)

    def run(
        self,
        texts: list[Text],
        *,
        jitter: float = 0.0,
        stall: tuple[float, float] = (0, 0),
        limit: AccountLimit | None = None,
        rates: Mapping[float, float] | None = None,
        deadline: float | None = None,
    ) -> None:
        """Accept and send the texts. The queue delivers up to `jitter` seconds late, and not in a stall.

        Texts that would wait for more than `deadline` seconds are refused.
        `rates` are changes of the account's rate: segments per second by the second of the change.
        """
        chance, sequence = random.Random(1), count()  # noqa: S311 - no secret
        start, end = (int(time * SECOND) for time in stall)
        changes = sorted((rates or {}).items(), reverse=True)
        events = [(text.accepted, next(sequence), text, False) for text in texts]
        heapq.heapify(events)
        while events:
            now, _, text, is_due = heapq.heappop(events)
            while changes and changes[-1][0] * SECOND <= now:
                self.set_rate(changes.pop()[1], now)
            if start <= now < end:
                heapq.heappush(events, (end, next(sequence), text, False))
                continue
            lanes = self.lanes_of(text.number)
            if not text.wakes:
                slot = lanes[0].next_slot(now, high=text.high)
                text.expected = expect(lanes, slot, now, high=text.high)
                if deadline is not None and text.expected - now > deadline * SECOND:
                    text.is_refused = True
                    continue
                reserved = self.pacing.issue(lanes[0], text.segments, now, high=text.high)
                text.tickets = {reserved.lane: reserved.ticket}
                lanes = self.lanes_of(text.number)
            if not is_due or lanes[-1].paused_until > now:
                text.wakes += 1
                pace = self.pacing.pace(lanes, text.tickets, text.segments, now, high=text.high)
                text.tickets = pace.tickets
                if pace.slot - now > MAX_SLEEP:
                    delay = queue_delay(pace.slot - now) * SECOND + int(chance.uniform(0, jitter) * SECOND)
                    heapq.heappush(events, (now + delay, next(sequence), text, False))
                    continue
                if limit and pace.slot > now:
                    # The worker sleeps. Others may be throttled meanwhile.
                    heapq.heappush(events, (pace.slot, next(sequence), text, True))
                    continue
                now = pace.slot
            text.attempts += 1
            if limit and not limit.accepts(text.segments, now):
                self.pacing.slow_down(self.lanes_of(text.number)[-1], now, None)
                delay = 2**text.attempts * SECOND * 3 // 4
                heapq.heappush(events, (now + delay, next(sequence), text, False))
                continue
            text.sent = now


@pytest.fixture
def simulation() -> Simulation:
    lanes = MemoryLanes()
    defaults = DefaultRates(
        account=to_interval(10), campaign=None, toll_free=None, number=None, high_share=20
    )
    return Simulation(Pacing(lanes, defaults), lanes, {})  # type: ignore[arg-type]


def busiest(texts: list[Text], seconds: int = 10) -> int:
    """Return the most segments that were sent within so many seconds."""
    times = sorted((text.sent, text.segments) for text in texts)
    most = segments = first = 0
    for sent, size in times:
        segments += size
        while times[first][0] <= sent - seconds * SECOND:
            segments -= times[first][1]
            first += 1
        most = max(most, segments)
    return most


def test_a_burst_of_100_000_texts_is_sent_at_the_rate_in_order_and_without_starvation(
    simulation: Simulation, record_property: Any
) -> None:
    simulation.rates["account"] = to_interval(1000)
    texts = [Text(position * 10, ACCOUNT) for position in range(100_000)]

    simulation.run(texts)

    assert max(text.sent for text in texts) <= 1.01 * 100 * SECOND
    assert busiest(texts) <= 1.02 * 1000 * 10
    assert [text.sent for text in texts] == sorted(text.sent for text in texts)
    assert simulation.lanes.items.keys() == {"account"}
    assert simulation.lanes.writes <= 1.01 * len(texts)
    record_property("100,000 texts at 1,000 a second", f"{busiest(texts):,} in the busiest ten seconds")
    record_property("deliveries of the queue per text", sum(text.wakes for text in texts) / len(texts))


def test_late_deliveries_and_a_stall_do_not_exceed_the_rate(simulation: Simulation) -> None:
    texts = [Text(position * 100, ACCOUNT) for position in range(3_000)]

    simulation.run(texts, jitter=1.0, stall=(100, 130))

    assert busiest(texts) <= 1.02 * 10 * 10 + 2
    assert max(text.sent for text in texts) <= 1.1 * (300 + 30) * SECOND


def test_a_text_of_high_priority_does_not_wait_behind_others(simulation: Simulation) -> None:
    texts = [Text(position * 1000, ACCOUNT) for position in range(1_000)]
    urgent = [Text(20 * SECOND + second * SECOND, ACCOUNT, high=True) for second in range(50)]

    simulation.run(texts + urgent)

    assert max(text.sent - text.accepted for text in urgent) <= SECOND
    assert busiest(texts + urgent) <= 1.02 * 10 * 10


def test_more_texts_of_high_priority_than_their_share_leave_the_rest_to_others(
    simulation: Simulation,
) -> None:
    texts = [Text(position * 1000, ACCOUNT) for position in range(400)]
    urgent = [Text(SECOND + position * 1000, ACCOUNT, high=True) for position in range(200)]

    simulation.run(texts + urgent)

    in_first_40_seconds = [text for text in texts if text.sent < 40 * SECOND]
    assert len(in_first_40_seconds) >= 0.75 * 400
    assert busiest(texts + urgent) <= 1.02 * 10 * 10 + 1
    # The share is a minimum: alone, they have the whole rate.
    assert max(text.sent for text in texts + urgent) <= 61 * SECOND


def test_a_slow_lane_and_a_free_one_do_not_slow_each_other(simulation: Simulation) -> None:
    slow, free = "+19195550001", "+19195550002"
    simulation.rates[f"number:{slow}"] = to_interval(75 / 60)
    waiting = [Text(position * 1000, slow) for position in range(300)]
    others = [Text(position * SECOND // 8, free) for position in range(1_600)]

    simulation.run(waiting + others)

    assert max(text.sent for text in waiting) <= 1.02 * 300 / 75 * 60 * SECOND
    assert max(text.sent - text.accepted for text in others) <= SECOND
    assert busiest(waiting + others) <= 1.02 * 10 * 10


def test_a_message_of_several_segments_takes_as_many_slots(simulation: Simulation) -> None:
    texts = [Text(0, ACCOUNT, segments=3) for _ in range(100)]

    simulation.run(texts)

    assert 29 * SECOND <= max(text.sent for text in texts) <= 30 * SECOND


def test_a_lowered_rate_holds_at_once_and_keeps_the_order(simulation: Simulation) -> None:
    texts = [Text(position * 1000, ACCOUNT) for position in range(600)]

    simulation.run(texts, rates={20: 5})

    assert [text.sent for text in texts] == sorted(text.sent for text in texts)
    assert busiest([text for text in texts if text.sent > 20 * SECOND]) <= 1.02 * 5 * 10
    assert max(text.sent for text in texts) == pytest.approx((20 + 400 / 5) * SECOND, rel=0.01)


def test_a_raised_rate_speeds_up_texts_that_wait(simulation: Simulation) -> None:
    texts = [Text(position * 1000, ACCOUNT) for position in range(6_000)]

    simulation.run(texts, rates={100: 20})

    assert busiest(texts) <= 1.02 * 20 * 10
    assert max(text.sent for text in texts) <= 1.1 * (100 + 5_000 / 20) * SECOND


def test_a_rate_above_bandwidth_s_limit_costs_few_attempts(
    simulation: Simulation, record_property: Any
) -> None:
    texts = [Text(position * 1000, ACCOUNT) for position in range(6_000)]

    simulation.run(texts, limit=AccountLimit(8))

    attempts = sum(text.attempts for text in texts) / len(texts)

    record_property("attempts per text at 10 a second, of which Bandwidth accepts 8", round(attempts, 3))

    assert attempts <= 1.05
    assert max(text.attempts for text in texts) <= 4
    # The lane has half its rate for 30 seconds, and three quarters for 30 seconds. Texts that the queue still
    # delays when the lane becomes faster lose their slots.
    assert max(text.sent for text in texts) <= 1.6 * 6_000 / 8 * SECOND


def test_a_slowed_lane_recovers_to_its_rate(simulation: Simulation) -> None:
    simulation.pacing.slow_down(simulation.lanes_of(ACCOUNT)[0], SECOND, None)
    texts = [Text(SECOND + position * 1000, ACCOUNT) for position in range(3_000)]

    simulation.run(texts)

    assert busiest([text for text in texts if text.sent < 30 * SECOND]) <= 1.02 * 5 * 10
    assert max(text.sent for text in texts) <= 1.1 * 330 * SECOND
    assert busiest(texts) <= 1.02 * 10 * 10
    assert simulation.lanes.get("account")["interval"] == to_interval(10)


def test_texts_that_were_due_before_a_pause_are_not_sent_together_when_it_ends(
    simulation: Simulation,
) -> None:
    texts = [Text(0, ACCOUNT) for _ in range(50)]
    (lane,) = simulation.lanes_of(ACCOUNT)
    tickets = [simulation.pacing.issue(lane, 1, 0) for _ in texts]
    simulation.pacing.slow_down(simulation.lanes_of(ACCOUNT)[0], 2 * SECOND, None)

    lanes = simulation.lanes_of(ACCOUNT)

    slots = [
        simulation.pacing.pace(
            simulation.lanes_of(ACCOUNT), {"account": each.ticket}, 1, 3 * SECOND, high=False
        ).slot
        for each in tickets[:20]
    ]

    assert min(slots) >= lanes[0].paused_until
    assert len(set(slots)) == len(slots)


@pytest.mark.parametrize("jitter", [0.0, 1.0])
@pytest.mark.parametrize(
    ("numbers", "number_rate", "account_rate", "size"), [(1, 3, 1, 300), (10, 3, 10, 3_000)]
)
def test_an_account_that_is_slower_than_its_numbers_keeps_its_rate(
    simulation: Simulation, jitter: float, numbers: int, number_rate: float, account_rate: float, size: int
) -> None:
    senders = [f"+1919555{position:04}" for position in range(numbers)]
    simulation.rates["account"] = to_interval(account_rate)
    simulation.rates.update({f"number:{sender}": to_interval(number_rate) for sender in senders})
    texts = [Text(position * 100, senders[position % numbers]) for position in range(size)]

    simulation.run(texts, jitter=jitter)

    assert max(text.sent for text in texts) <= 1.1 * size / account_rate * SECOND
    assert busiest(texts) <= 1.02 * account_rate * 10 + 1
    assert simulation.lanes.writes <= 2.2 * size


def test_a_late_text_of_high_priority_does_not_wait_behind_late_others(simulation: Simulation) -> None:
    texts = [Text(position * 1000, ACCOUNT) for position in range(1_000)]
    urgent = [Text(second * SECOND, ACCOUNT, high=True) for second in range(60)]

    simulation.run(texts + urgent, stall=(20, 50))

    after_the_stall = [text.sent - max(text.accepted, 50 * SECOND) for text in urgent]
    # The share of the lane is two texts a second.
    assert max(after_the_stall) <= (30 / 2 + 1) * SECOND
