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
    makings.finish(THING, "561", AT)
    assert makings.is_ours(THING, "561")
    assert not makings.is_ours(THING, "562")
    assert not makings.is_ours("location#743#other", "561")


def test_what_was_made_without_an_answer_is_ours_by_its_name(makings: Makings) -> None:
    makings.begin(THING, AT)
    assert makings.is_ours(THING, "561")


def test_what_was_refused_is_not_ours(makings: Makings) -> None:
    makings.begin(THING, AT)
    makings.give_up(THING, AT)
    assert not makings.is_ours(THING, "561")


@pytest.mark.parametrize("first_ends", ["before the second begins", "after it"])
def test_a_run_that_comes_too_late_leaves_the_id_that_another_has_recorded(
    makings: Makings, first_ends: str
) -> None:
    makings.begin(THING, AT)
    if first_ends == "before the second begins":
        makings.finish(THING, "561", AT)
    makings.begin(THING, LATER)
    if first_ends == "after it":
        makings.finish(THING, "561", AT)
    makings.give_up(THING, LATER)
    assert makings.is_ours(THING, "561")
    assert not makings.is_ours(THING, "562")


def test_a_run_that_was_refused_leaves_what_an_earlier_one_may_have_made(makings: Makings) -> None:
    makings.begin(THING, AT)
    makings.begin(THING, LATER)
    makings.give_up(THING, LATER)
    assert makings.is_ours(THING, "561")


def test_a_run_that_made_the_thing_after_another_was_refused_has_made_it(makings: Makings) -> None:
    makings.begin(THING, AT)
    makings.begin(THING, LATER)
    makings.give_up(THING, AT)
    makings.finish(THING, "561", LATER)
    assert makings.is_ours(THING, "561")


def test_what_is_gone_is_not_ours_any_more_and_may_be_made_again(makings: Makings) -> None:
    makings.begin(THING, AT)
    makings.finish(THING, "561", AT)
    makings.forget(THING)
    assert not makings.is_ours(THING, "561")
    makings.begin(THING, LATER)
    makings.finish(THING, "562", LATER)
    assert makings.is_ours(THING, "562")
