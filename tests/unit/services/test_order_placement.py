"""An order is placed at most once: recorded, listed at Bandwidth, or with unknown outcome."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import (
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.services import order_placement
from bandwidth_messaging.services.order_placement import PlacedOrder, place_order_once
from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.order_store import Orders
from tests.aws import aws, client
from tests.template import create_table

START = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


class Clock:
    """A clock that only `wait` advances."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> str:
        return to_rfc3339(self.time.isoformat())

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Bandwidth:
    """Accepts orders or raises `error`; lists `listed`."""

    def __init__(self) -> None:
        self.placed = 0
        self.looked_up = 0
        self.listed: str | None = None
        self.placed_after: str | None = None
        self.error: Exception | None = None

    def place(self) -> str:
        self.placed += 1
        if self.error:
            raise self.error
        return f"order-{self.placed}"

    def find(self, placed_after: str) -> str | None:
        self.looked_up += 1
        self.placed_after = placed_after
        return self.listed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(order_placement, "now", clock.now)
    return clock


@pytest.fixture
def orders() -> Iterator[Orders]:
    with aws():
        dynamodb = client("dynamodb")
        orders = Orders(Table(dynamodb, create_table(dynamodb, "NumbersTable")))
        orders.open(
            "demo",
            kind="hosted_messaging",
            requested=2,
            execution_arn="arn",
            at=to_rfc3339(START.isoformat()),
            digest="d",
        )
        yield orders


@pytest.fixture
def bandwidth() -> Bandwidth:
    return Bandwidth()


@pytest.fixture
def place(clock: Clock, orders: Orders, bandwidth: Bandwidth) -> Callable[[], PlacedOrder]:
    def once() -> PlacedOrder:
        return place_order_once(orders, "demo", place=bandwidth.place, find=bandwidth.find)

    return once


Place = Callable[[], PlacedOrder]


def stored(orders: Orders) -> dict[str, Any]:
    item = orders.get("demo")
    assert item is not None
    return dict(item)


def test_the_first_run_orders_and_records_bandwidths_id(
    place: Place, orders: Orders, bandwidth: Bandwidth
) -> None:
    assert place() == ("order-1", StepOutcome.CREATED)

    kept = stored(orders)
    assert (kept["orderId"], kept["orderState"]) == ("order-1", "ordered")
    assert bandwidth.looked_up == 0


def test_the_claim_is_stored_before_the_order_is_sent(
    clock: Clock, orders: Orders, bandwidth: Bandwidth
) -> None:
    def sent() -> str:
        assert stored(orders)["orderAttemptedAt"] == clock.now()
        assert "orderId" not in stored(orders)
        return "order-1"

    place_order_once(orders, "demo", place=sent, find=bandwidth.find)


def test_of_two_concurrent_runs_one_places_the_order(
    clock: Clock, orders: Orders, bandwidth: Bandwidth
) -> None:
    def sent() -> str:
        with pytest.raises(BandwidthOutcomeUnknown):
            place_order_once(orders, "demo", place=bandwidth.place, find=bandwidth.find)
        return "order-1"

    assert place_order_once(orders, "demo", place=sent, find=bandwidth.find) == (
        "order-1",
        StepOutcome.CREATED,
    )
    assert (bandwidth.placed, bandwidth.looked_up) == (0, 1)


def test_a_later_run_returns_the_recorded_id_without_a_request(place: Place, bandwidth: Bandwidth) -> None:
    place()
    assert [place() for _ in range(3)] == [("order-1", StepOutcome.RECORDED)] * 3
    assert (bandwidth.placed, bandwidth.looked_up) == (1, 0)


@pytest.mark.parametrize(
    "error",
    [
        BandwidthUnavailable("no connection"),
        BandwidthUnavailable("try later", wait_seconds=60, status=429),
        BandwidthUnauthorized("who are you"),
        BandwidthRejected("POST /externalTns", code="25000"),
    ],
)
def test_a_rejected_order_can_be_placed_again_at_once(
    place: Place, orders: Orders, bandwidth: Bandwidth, error: Exception
) -> None:
    bandwidth.error = error
    with pytest.raises(type(error)) as raised:
        place()
    assert raised.value is error
    assert "orderAttemptedAt" not in stored(orders)
    bandwidth.error = None

    assert place() == ("order-2", StepOutcome.CREATED)
    assert bandwidth.looked_up == 0


UNKNOWN = [
    BandwidthOutcomeUnknown("the outcome is unknown"),
    BandwidthGarbled("no OrderId in it"),
    RuntimeError("the function died"),
]


@pytest.mark.parametrize("error", UNKNOWN)
def test_an_order_with_unknown_outcome_is_looked_up_and_found(
    place: Place, orders: Orders, bandwidth: Bandwidth, error: Exception
) -> None:
    bandwidth.error, bandwidth.listed = error, "order-at-bandwidth"

    with pytest.raises(type(error)):
        place()

    assert place() == ("order-at-bandwidth", StepOutcome.FOUND)
    assert place() == ("order-at-bandwidth", StepOutcome.RECORDED)
    assert (bandwidth.placed, bandwidth.looked_up) == (1, 1)


@pytest.mark.parametrize("error", UNKNOWN)
def test_an_order_that_is_not_listed_yet_is_not_placed_again_while_its_claim_lasts(
    place: Place, clock: Clock, orders: Orders, bandwidth: Bandwidth, error: Exception
) -> None:
    bandwidth.error = error
    with pytest.raises(type(error)):
        place()
    bandwidth.error = None
    for _ in range(3):
        with pytest.raises(BandwidthOutcomeUnknown, match="does not list the order yet"):
            place()
        clock.wait(59.9)

    assert (bandwidth.placed, bandwidth.looked_up) == (1, 3)
    assert "orderAttemptedAt" in stored(orders)


def test_an_order_that_is_not_listed_after_its_claim_is_placed_by_the_second_run(
    place: Place, clock: Clock, orders: Orders, bandwidth: Bandwidth
) -> None:
    bandwidth.error = BandwidthOutcomeUnknown("the outcome is unknown")
    with pytest.raises(BandwidthOutcomeUnknown):
        place()
    bandwidth.error = None
    clock.wait(181)

    with pytest.raises(BandwidthOutcomeUnknown):
        place()

    assert bandwidth.placed == 1
    assert place() == ("order-2", StepOutcome.CREATED)
    assert bandwidth.looked_up == 1


def test_an_order_that_is_listed_late_is_found(place: Place, clock: Clock, bandwidth: Bandwidth) -> None:
    bandwidth.error = BandwidthOutcomeUnknown("the outcome is unknown")
    with pytest.raises(BandwidthOutcomeUnknown):
        place()
    with pytest.raises(BandwidthOutcomeUnknown):
        place()
    clock.wait(3600)
    bandwidth.listed = "order-at-bandwidth"

    assert place() == ("order-at-bandwidth", StepOutcome.FOUND)
    assert bandwidth.placed == 1


def test_a_look_up_covers_the_time_since_the_start_of_the_order(
    clock: Clock, place: Place, bandwidth: Bandwidth
) -> None:
    clock.wait(3600)
    bandwidth.error = BandwidthOutcomeUnknown("the response was lost")
    with pytest.raises(BandwidthOutcomeUnknown):
        place()
    bandwidth.listed = "order-at-bandwidth"

    place()

    assert bandwidth.placed_after == to_rfc3339(START.isoformat())


def test_a_look_up_that_fails_changes_nothing(
    clock: Clock, place: Place, orders: Orders, bandwidth: Bandwidth
) -> None:
    bandwidth.error = BandwidthOutcomeUnknown("the outcome is unknown")
    with pytest.raises(BandwidthOutcomeUnknown):
        place()
    before = stored(orders)
    clock.wait(3600)

    def find(placed_after: str) -> str | None:
        raise BandwidthUnavailable("try later")

    with pytest.raises(BandwidthUnavailable):
        place_order_once(orders, "demo", place=bandwidth.place, find=find)

    assert stored(orders) == before
    assert bandwidth.placed == 1


def test_a_run_does_not_release_a_claim_that_another_run_took_over(
    clock: Clock, orders: Orders, bandwidth: Bandwidth
) -> None:
    def refused_too_late() -> str:
        orders.release_claim("demo", stored(orders)["orderAttempt"])
        orders.begin_ordering("demo", "another", clock.now())
        raise BandwidthUnavailable("try later")

    with pytest.raises(BandwidthUnavailable):
        place_order_once(orders, "demo", place=refused_too_late, find=bandwidth.find)
    assert stored(orders)["orderAttempt"] == "another"
