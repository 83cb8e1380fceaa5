"""Leases: one holder at a time, until it gives the lease back or its time is over."""

import pytest

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.leases import Leases

AT, SOON, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z", "2026-02-03T04:06:06.000Z"


@pytest.fixture
def leases(numbers_table: Table) -> Leases:
    return Leases(numbers_table)


def test_a_lease_is_one_holders_until_its_time_is_over(leases: Leases) -> None:
    assert leases.acquire("application#Demo", "first", at=AT, until=SOON)
    assert not leases.acquire("application#Demo", "second", at=AT, until=LATER)
    assert not leases.acquire("application#Demo", "second", at=SOON, until=LATER)
    assert leases.acquire("application#Demo", "second", at=LATER, until=LATER)
    assert not leases.acquire("application#Demo", "first", at=LATER, until=LATER)


def test_a_holder_that_asks_again_has_it_still(leases: Leases) -> None:
    for _ in ("the call", "its repetition, since the answer was lost"):
        assert leases.acquire("application#Demo", "first", at=AT, until=SOON)


def test_leases_of_other_names_are_others(leases: Leases) -> None:
    assert leases.acquire("application#Demo", "first", at=AT, until=SOON)
    assert leases.acquire("application#Other", "second", at=AT, until=SOON)


def test_a_lease_that_was_given_back_is_free(leases: Leases) -> None:
    leases.acquire("application#Demo", "first", at=AT, until=LATER)
    leases.release("application#Demo", "first")
    assert leases.acquire("application#Demo", "second", at=AT, until=LATER)


def test_only_the_holder_can_give_it_back(leases: Leases) -> None:
    leases.acquire("application#Demo", "first", at=AT, until=LATER)
    leases.release("application#Demo", "second")
    assert not leases.acquire("application#Demo", "second", at=AT, until=LATER)
