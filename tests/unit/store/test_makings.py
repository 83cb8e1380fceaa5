"""Makings: what our set-ups made, also if nobody ever heard of its id."""

import pytest

from bandwidth_messaging.store.dynamodb import Table
from bandwidth_messaging.store.makings import Makings

AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
THING = "location#743#demo"


@pytest.fixture
def makings(numbers_table: Table) -> Makings:
    return Makings(numbers_table)


def test_what_nobody_of_us_made_is_not_ours(makings: Makings) -> None:
    assert not makings.is_ours(THING, "561")


def test_what_was_made_is_ours_by_its_id(makings: Makings) -> None:
    makings.begin(THING, AT)
    makings.finish(THING, "561")
    assert makings.is_ours(THING, "561")
    assert not makings.is_ours(THING, "562")
    assert not makings.is_ours("location#743#other", "561")


def test_what_was_made_without_an_answer_is_ours_by_its_name(makings: Makings) -> None:
    makings.begin(THING, AT)
    assert makings.is_ours(THING, "561")


def test_what_was_refused_is_not_ours(makings: Makings) -> None:
    makings.begin(THING, AT)
    makings.give_up(THING)
    assert not makings.is_ours(THING, "561")


def test_a_refusal_because_another_run_was_faster_leaves_what_that_run_made(makings: Makings) -> None:
    makings.begin(THING, AT)
    makings.begin(THING, LATER)
    makings.finish(THING, "561")
    makings.give_up(THING)
    assert makings.is_ours(THING, "561")


def test_what_is_gone_is_not_ours_any_more_and_may_be_made_again(makings: Makings) -> None:
    makings.begin(THING, AT)
    makings.finish(THING, "561")
    makings.forget(THING)
    assert not makings.is_ours(THING, "561")
    makings.begin(THING, LATER)
    makings.finish(THING, "562")
    assert makings.is_ours(THING, "562")
