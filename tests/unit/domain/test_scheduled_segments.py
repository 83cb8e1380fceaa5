"""How long messages of one scheduled time wait for the rate of their lane."""

from bandwidth_messaging.domain.lanes import SECOND, Lane, Load, Track, TrackName
from bandwidth_messaging.domain.scheduled_segments import (
    HOUR,
    MINUTE,
    Counts,
    Segments,
    expect_scheduled,
    find_time,
)

# A whole hour, and nine o'clock five days later.
NOW = 1_700_000_000 * SECOND // HOUR * HOUR
NINE = NOW + 5 * 24 * HOUR


def lane(per_second: float = 1, **more: object) -> Lane:
    interval = int(SECOND / per_second)
    return Lane("campaign:A", interval, interval, high_share=20, **more)  # type: ignore[arg-type]


def counted(minutes: dict[int, Segments | int]) -> Counts:
    return {time: each if isinstance(each, Segments) else Segments(each) for time, each in minutes.items()}


def wait(counts: Counts, due: int = NINE, *, high: bool = False, of: Lane | None = None) -> float:
    return (expect_scheduled(of or lane(), counts, due, NOW, high=high) - due) / SECOND


class TestExpected:
    def test_a_message_waits_behind_those_of_its_minute(self) -> None:
        assert wait(counted({NINE: 20_000})) == 20_000
        assert wait(counted({NINE: 20_000}), of=lane(4)) == 5_000

    def test_a_backlog_of_earlier_minutes_shrinks_until_its_own(self) -> None:
        assert wait(counted({NINE - 10 * MINUTE: 1_000, NINE - MINUTE: 30})) == 1_000 + 30 - 600
        assert wait(counted({NINE - 20 * MINUTE: 1_000})) == 0

    def test_later_minutes_do_not_count(self) -> None:
        assert wait(counted({NINE: 7, NINE + MINUTE: 5_000})) == 7

    def test_a_minute_with_fewer_than_no_segments_counts_as_empty(self) -> None:
        assert wait(counted({NINE - MINUTE: -5, NINE: 7})) == 7

    def test_messages_that_hold_positions_now_come_first(self) -> None:
        track = {TrackName.NORMAL: Track(issued=1_000, base=0, clock=NOW)}

        assert wait(counted({NOW + MINUTE: 5}), NOW + MINUTE, of=lane(tracks=track)) == 1_000 + 5 - 60

    def test_messages_of_the_current_minute_that_hold_positions_count_once(self) -> None:
        track = {TrackName.NORMAL: Track(issued=1_000, base=0, clock=NOW)}

        assert wait(counted({NOW: 900}), NOW + 30 * SECOND, of=lane(tracks=track)) == 1_000 - 30

    def test_messages_that_narrower_lanes_bring_before_count_on_the_account(self) -> None:
        loads = {"campaign:B": Load(SECOND // 4, NOW + 100 * SECOND)}

        assert wait(counted({}), NOW + 50 * SECOND, of=lane(loads=loads)) == 200 - 50

    def test_one_with_high_priority_waits_for_its_share_or_for_the_whole_lane(self) -> None:
        assert wait(counted({NINE: Segments(20_000, 10)}), high=True) == 50
        assert wait(counted({NINE: Segments(10, 10)}), high=True) == 20
        # The others wait for both.
        assert wait(counted({NINE: Segments(20_000, 10)})) == 20_010


class TestFreeTime:
    def test_the_first_time_that_fits_is_when_the_backlog_is_short_enough(self) -> None:
        counts = counted({NINE: 20_000})

        assert find_time(lane(), counts, NINE, NOW, wait=4 * HOUR, high=False) == NINE + 94 * MINUTE
        assert wait(counts, NINE + 94 * MINUTE) <= 4 * 3600 < wait(counts, NINE + 93 * MINUTE)

    def test_messages_that_are_due_in_between_count(self) -> None:
        counts = counted({NINE: 20_000, NINE + 90 * MINUTE: 3_000})

        assert find_time(lane(), counts, NINE, NOW, wait=4 * HOUR, high=False) == NINE + 144 * MINUTE

    def test_a_time_that_fits_stays(self) -> None:
        assert find_time(lane(), counted({NINE: 9}), NINE, NOW, wait=10 * SECOND, high=False) == NINE
