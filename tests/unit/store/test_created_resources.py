"""CreatedResources: what our set-ups made, also if nobody ever heard of its id."""

import pytest

from bandwidth_messaging.store.created_resources import CreatedResources
from bandwidth_messaging.store.dynamodb import Table

AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
THING = "location#743#demo"


@pytest.fixture
def created_resources(numbers_table: Table) -> CreatedResources:
    return CreatedResources(numbers_table)


def test_what_nobody_of_us_made_is_not_ours(created_resources: CreatedResources) -> None:
    assert not created_resources.is_owned(THING, "561")


def test_what_was_made_is_ours_by_its_id(created_resources: CreatedResources) -> None:
    created_resources.begin(THING, AT)
    created_resources.finish(THING, "561", AT)
    assert created_resources.is_owned(THING, "561")
    assert not created_resources.is_owned(THING, "562")
    assert not created_resources.is_owned("location#743#other", "561")


def test_what_was_made_without_an_answer_is_ours_by_its_name(created_resources: CreatedResources) -> None:
    created_resources.begin(THING, AT)
    assert created_resources.is_owned(THING, "561")


def test_what_was_refused_is_not_ours(created_resources: CreatedResources) -> None:
    created_resources.begin(THING, AT)
    created_resources.give_up(THING, AT)
    assert not created_resources.is_owned(THING, "561")


@pytest.mark.parametrize("first_ends", ["before the second begins", "after it"])
def test_a_run_that_comes_too_late_leaves_the_id_that_another_has_recorded(
    created_resources: CreatedResources, first_ends: str
) -> None:
    created_resources.begin(THING, AT)
    if first_ends == "before the second begins":
        created_resources.finish(THING, "561", AT)
    created_resources.begin(THING, LATER)
    if first_ends == "after it":
        created_resources.finish(THING, "561", AT)
    created_resources.give_up(THING, LATER)
    assert created_resources.is_owned(THING, "561")
    assert not created_resources.is_owned(THING, "562")


def test_a_run_that_was_refused_leaves_what_an_earlier_one_may_have_made(
    created_resources: CreatedResources,
) -> None:
    created_resources.begin(THING, AT)
    created_resources.begin(THING, LATER)
    created_resources.give_up(THING, LATER)
    assert created_resources.is_owned(THING, "561")


def test_a_run_that_made_the_thing_after_another_was_refused_has_made_it(
    created_resources: CreatedResources,
) -> None:
    created_resources.begin(THING, AT)
    created_resources.begin(THING, LATER)
    created_resources.give_up(THING, AT)
    created_resources.finish(THING, "561", LATER)
    assert created_resources.is_owned(THING, "561")


def test_a_thing_that_was_deleted_and_created_again_without_a_response_is_ours(
    created_resources: CreatedResources,
) -> None:
    created_resources.begin(THING, AT)
    created_resources.finish(THING, "561", AT)
    created_resources.begin(THING, LATER)
    assert created_resources.is_owned(THING, "562")
    created_resources.finish(THING, "562", LATER)
    assert created_resources.is_owned(THING, "562")
    assert not created_resources.is_owned(THING, "561")
