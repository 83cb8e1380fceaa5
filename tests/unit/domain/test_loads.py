"""The loads of the account's lane: what narrower lanes still bring to it, and what they mean for a wait."""

from bandwidth_messaging.domain.lanes import SECOND, Extend, Lane, Load, Track, TrackName, expect

NOW = 1_700_000_000 * SECOND


def lane(name: str, per_second: float, waiting: int = 0, loads: dict[str, Load] | None = None) -> Lane:
    """Return a lane with so many waiting segments, the first of which is due now."""
    interval = int(SECOND / per_second)
    tracks = {TrackName.NORMAL: Track(issued=waiting, base=0, clock=NOW)} if waiting else {}
    return Lane(name, interval, interval, high_share=20, tracks=tracks, loads=loads or {})


def load(per_second: float, seconds: float) -> Load:
    return Load(int(SECOND / per_second), NOW + int(seconds * SECOND))


def wait(lanes: list[Lane], seconds: float, *, high: bool = False) -> float:
    """Return the wait of a message with this slot on the first lane."""
    return (expect(lanes, NOW + int(seconds * SECOND), NOW, high=high) - NOW) / SECOND


class TestExpect:
    def test_a_message_waits_for_what_reaches_the_account_before_its_slot(self) -> None:
        account = lane("account", 10, waiting=50, loads={"campaign:B": load(4, 100)})

        # 50 that hold positions, 400 of its own lane, 400 of the other one.
        assert wait([lane("campaign:A", 4), account], 100) == 85 + 15
        assert wait([lane("campaign:A", 6), account], 100) == 5 + 60 + 40

    def test_a_load_counts_until_its_end(self) -> None:
        account = lane("account", 1, loads={"campaign:B": load(1, 30)})

        assert wait([lane("campaign:A", 1), account], 100) == 130

    def test_the_load_of_its_own_lane_is_known_better_from_the_lane(self) -> None:
        account = lane("account", 1, loads={"campaign:A": load(1, 5000)})

        assert wait([lane("campaign:A", 2), account], 100) == 200

    def test_a_message_is_never_expected_before_its_slot(self) -> None:
        account = lane("account", 10, waiting=50, loads={"campaign:B": load(1, 100)})

        assert wait([lane("campaign:A", 2), account], 100) == 100

    def test_a_message_on_the_account_alone_does_not_wait_for_loads(self) -> None:
        assert wait([lane("account", 10, loads={"campaign:B": load(4, 100)})], 7) == 7

    def test_a_message_with_high_priority_does_not_wait_for_loads(self) -> None:
        account = lane("account", 1, waiting=500, loads={"campaign:B": load(4, 100)})

        assert wait([lane("campaign:A", 4), account], 0, high=True) == 0

    def test_a_pause_of_the_account_comes_first(self) -> None:
        account = lane("account", 1, waiting=10).slowed(NOW, 60 * SECOND)
        assert account is not None

        # The first is due now. The others are sent at half the rate.
        assert wait([lane("campaign:A", 1), account], 10) == 60 + 2 * (9 + 10)


class TestBacklog:
    def test_the_loads_count_in_the_backlog_of_the_account(self) -> None:
        account = lane(
            "account", 10, waiting=100, loads={"campaign:B": load(4, 50), "campaign:C": load(8, 50)}
        )

        assert account.count_waiting(NOW) == 99 + 200 + 400
        assert account.backlog(NOW) == 70 * SECOND

    def test_the_backlog_ends_with_the_last_load(self) -> None:
        account = lane("account", 10, loads={"campaign:B": load(1, 50), "campaign:C": load(1, 20)})

        assert account.backlog(NOW) == 50 * SECOND

    def test_loads_that_ended_do_not_count(self) -> None:
        account = lane("account", 10, loads={"campaign:B": load(1, -50)})

        assert (account.count_waiting(NOW), account.backlog(NOW)) == (0, 0)


class TestChanges:
    def test_a_message_records_the_end_of_its_lane_and_removes_loads_that_ended(self) -> None:
        account = lane("account", 10, loads={"campaign:B": load(1, -1), "campaign:C": load(1, 9)})

        changes = account.change_loads(lane("campaign:A", 2, waiting=100), NOW)

        assert changes == {"campaign:A": load(2, 50), "campaign:B": None}

    def test_an_idle_lane_is_no_load(self) -> None:
        assert lane("account", 10).change_loads(lane("campaign:A", 2), NOW) == {}

    def test_of_too_many_loads_those_with_the_most_segments_stay(self) -> None:
        loads = {f"campaign:{seconds}": load(1, seconds) for seconds in range(100, 112)}
        account = lane("account", 10, loads=loads)

        heavy = account.change_loads(lane("campaign:A", 1, waiting=1000), NOW)
        light = account.change_loads(lane("campaign:A", 1, waiting=50), NOW)

        assert heavy == {"campaign:A": load(1, 1000), "campaign:100": None}
        assert light == {}


def test_a_slot_behind_others_follows_from_the_positions_that_they_would_get() -> None:
    account = lane("account", 2, waiting=10)
    change = account.reserve(TrackName.NORMAL, 30, NOW)
    assert isinstance(change, Extend)

    assert account.slot_behind(30, NOW) == account.extended(change).next_slot(NOW, high=False)
    assert lane("account", 2).slot_behind(30, NOW) == NOW + 15 * SECOND


def test_a_load_of_a_lane_without_a_rate_counts_nothing() -> None:
    assert Load(0, NOW + SECOND).count(NOW, NOW + SECOND) == 0
