"""Lanes in the Numbers table: concurrent writers get different positions, and none is lost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from bandwidth_messaging.domain.lanes import SECOND, Extend, Lane, Load, Track, TrackName, to_interval
from bandwidth_messaging.services.pacing import DefaultRates, Pacing
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.lane_store import Lanes, from_item, to_item
from bandwidth_messaging.store.opt_out_store import OptOuts
from tests.functions.messages.test_budget import item_size

NUMBER = "+19195551212"
NOW = 1_700_000_000 * SECOND


@pytest.fixture
def lanes(numbers_table: Table) -> Lanes:
    return Lanes(numbers_table)


@pytest.fixture
def pacing(lanes: Lanes) -> Pacing:
    return Pacing(lanes, DefaultRates(to_interval(1), None, None, None, high_share=20))


@pytest.fixture
def account(pacing: Pacing, numbers_table: Table) -> Lane:
    """The account's lane, read once before the writes of a test."""
    (lane,) = pacing.lanes_of(NUMBER, OptOuts(numbers_table).get_send_facts(NUMBER, []))
    return lane


def test_a_lane_is_stored_and_read_unchanged(lanes: Lanes, pacing: Pacing, account: Lane) -> None:
    pacing.issue(account, 3, NOW)
    pacing.issue(account, 1, NOW, high=True)
    pacing.slow_down(account, NOW, None)

    item = lanes.get("account")

    lane = from_item("account", item, target=to_interval(1), high_share=20)

    assert to_item(lane) == {name: value for name, value in item.items() if name != "pk"}


def test_writers_that_see_an_idle_lane_get_different_positions(pacing: Pacing, account: Lane) -> None:
    with ThreadPoolExecutor(8) as writers:
        reserved = list(writers.map(lambda _: pacing.issue(account, 2, NOW), range(40)))

    assert sorted(each.ticket.position for each in reserved) == list(range(0, 80, 2))
    assert sorted(each.slot for each in reserved) == [NOW + 2 * n * SECOND for n in range(40)]


def test_a_lane_that_changed_since_it_was_read_is_not_replaced(
    lanes: Lanes, pacing: Pacing, account: Lane
) -> None:
    restarted = account.reserve(TrackName.NORMAL, 1, NOW)
    assert isinstance(restarted, Lane)
    pacing.issue(account, 5, NOW)

    done, item = lanes.replace(account, restarted)

    assert not done
    assert item is not None
    assert item["normalIssued"] == 5


def test_positions_issued_during_a_change_of_the_rate_are_kept(
    lanes: Lanes, pacing: Pacing, account: Lane
) -> None:
    pacing.issue(account, 1, NOW)
    known = from_item("account", lanes.get("account"), target=to_interval(1), high_share=20)
    slowed = known.slowed(NOW)
    assert slowed is not None
    lanes.extend("account", Extend(TrackName.NORMAL, 4), {})

    lanes.replace(known, slowed)

    item = lanes.get("account")

    assert (item["normalIssued"], item["interval"]) == (5, 2 * SECOND)


def test_loads_are_read_as_they_were_recorded(lanes: Lanes, pacing: Pacing, account: Lane) -> None:
    source = Lane("campaign:C1", SECOND, SECOND, 20, {TrackName.NORMAL: Track(90, 0, NOW)})

    pacing.issue(account, 1, NOW, source=source)
    pacing.issue(account, 1, NOW, source=replace(source, name="campaign:C2"))

    lane = from_item("account", lanes.get("account"), target=to_interval(1), high_share=20)

    load = Load(SECOND, NOW + 90 * SECOND)
    assert lane.loads == {"campaign:C1": load, "campaign:C2": load}


def test_a_load_that_another_worker_recorded_does_not_stop_a_change_of_the_lane(
    lanes: Lanes, pacing: Pacing, account: Lane
) -> None:
    pacing.issue(account, 1, NOW)
    known = from_item("account", lanes.get("account"), target=to_interval(1), high_share=20)
    changed = known.reserve(TrackName.HIGH, 1, NOW)
    assert isinstance(changed, Lane)
    earlier, later = Load(SECOND, NOW + SECOND), Load(SECOND, NOW + 2 * SECOND)
    lanes.extend("account", Extend(TrackName.LATE, 1), {"campaign:C1": earlier})

    done, item = lanes.replace(known, changed, {"campaign:C1": later})

    assert done
    assert item is not None
    assert item["load campaign:C1"]["end"] == later.end


def test_an_account_with_many_loads_fits_into_a_write_unit(
    lanes: Lanes, pacing: Pacing, numbers_table: Table
) -> None:
    for number in range(40):
        item = lanes.get("account")
        account = from_item("account", item, target=to_interval(1), high_share=20)
        # Each is busy for longer than the one before.
        tracks = {TrackName.NORMAL: Track(1_000_000 + number, 0, NOW)}
        source = Lane(f"number:+1919555{number:04}", 60 * SECOND, 60 * SECOND, 20, tracks)
        high, late = number % 3 == 0, number % 3 == 1
        pacing.issue(account, 123_456_789, NOW, high=high, late=late, source=source)
    lane = from_item("account", lanes.get("account"), target=to_interval(1), high_share=20)
    slowed = lane.slowed(NOW)
    assert slowed is not None
    lanes.replace(lane, slowed)

    item = lanes.get("account")

    names = [name for name in item if name.startswith("load ")]
    assert names[-1] == "load number:+19195550039"
    assert len(names) == 12
    assert item_size(item | {"version": 1_000_000_000}) <= 1024


@pytest.mark.parametrize("rate", [0.5, None])
def test_a_rate_of_the_api_replaces_the_parameter_and_none_returns_to_it(
    lanes: Lanes, pacing: Pacing, numbers_table: Table, rate: float | None
) -> None:
    lanes.set_rate("account", to_interval(5))
    lanes.set_rate("account", to_interval(rate) if rate else None)

    facts: Any = OptOuts(numbers_table).get_send_facts(NUMBER, [])

    (lane,) = pacing.lanes_of(NUMBER, facts)

    assert lane.target == to_interval(rate or 1)
