"""Leases: one holder at a time, until it releases the lease or the lease expires."""

import pytest

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.leases import Leases

AT, SOON, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z", "2026-02-03T04:06:06.000Z"


@pytest.fixture
def leases(numbers_table: Table) -> Leases:
    return Leases(numbers_table)


def test_a_lease_belongs_to_one_holder_until_it_expires(leases: Leases) -> None:
    assert leases.acquire("application#Demo", "first", at=AT, until=SOON)
    assert not leases.acquire("application#Demo", "second", at=AT, until=LATER)
    assert not leases.acquire("application#Demo", "second", at=SOON, until=LATER)
    assert leases.acquire("application#Demo", "second", at=LATER, until=LATER)
    assert not leases.acquire("application#Demo", "first", at=LATER, until=LATER)


def test_a_holder_can_acquire_its_lease_again(leases: Leases) -> None:
    for _ in ("the call", "its repetition, since the answer was lost"):
        assert leases.acquire("application#Demo", "first", at=AT, until=SOON)


def test_leases_of_different_names_are_independent(leases: Leases) -> None:
    assert leases.acquire("application#Demo", "first", at=AT, until=SOON)
    assert leases.acquire("application#Other", "second", at=AT, until=SOON)


def test_a_released_lease_is_free(leases: Leases) -> None:
    leases.acquire("application#Demo", "first", at=AT, until=LATER)
    leases.release("application#Demo", "first")
    assert leases.acquire("application#Demo", "second", at=AT, until=LATER)


def test_only_the_holder_can_release_a_lease(leases: Leases) -> None:
    leases.acquire("application#Demo", "first", at=AT, until=LATER)
    leases.release("application#Demo", "second")
    assert not leases.acquire("application#Demo", "second", at=AT, until=LATER)
