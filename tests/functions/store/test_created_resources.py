"""CreatedResources: what set-ups of this stack created, also without a response."""

import pytest

from bandwidth_messaging.store.created_resources import CreatedResources
from bandwidth_messaging.store.dynamodb import Table

AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
RESOURCE = "location#743#demo"


@pytest.fixture
def created_resources(numbers_table: Table) -> CreatedResources:
    return CreatedResources(numbers_table)


def test_an_unrecorded_resource_is_not_owned(created_resources: CreatedResources) -> None:
    assert not created_resources.is_owned(RESOURCE, "561")


def test_a_created_resource_is_owned_by_its_id(created_resources: CreatedResources) -> None:
    created_resources.begin(RESOURCE, AT)

    created_resources.finish(RESOURCE, "561", AT)

    assert created_resources.is_owned(RESOURCE, "561")
    assert not created_resources.is_owned(RESOURCE, "562")
    assert not created_resources.is_owned("location#743#other", "561")


def test_a_resource_created_without_a_response_is_owned_by_its_name(
    created_resources: CreatedResources,
) -> None:
    created_resources.begin(RESOURCE, AT)
    assert created_resources.is_owned(RESOURCE, "561")


def test_a_rejected_resource_is_not_owned(created_resources: CreatedResources) -> None:
    created_resources.begin(RESOURCE, AT)
    created_resources.give_up(RESOURCE, AT)
    assert not created_resources.is_owned(RESOURCE, "561")


@pytest.mark.parametrize("first_ends", ["before the second begins", "after it"])
def test_a_late_run_keeps_the_id_that_another_recorded(
    created_resources: CreatedResources, first_ends: str
) -> None:
    created_resources.begin(RESOURCE, AT)
    if first_ends == "before the second begins":
        created_resources.finish(RESOURCE, "561", AT)
    created_resources.begin(RESOURCE, LATER)
    if first_ends == "after it":
        created_resources.finish(RESOURCE, "561", AT)

    created_resources.give_up(RESOURCE, LATER)

    assert created_resources.is_owned(RESOURCE, "561")
    assert not created_resources.is_owned(RESOURCE, "562")


def test_a_rejected_run_keeps_what_an_earlier_one_may_have_created(
    created_resources: CreatedResources,
) -> None:
    created_resources.begin(RESOURCE, AT)
    created_resources.begin(RESOURCE, LATER)

    created_resources.give_up(RESOURCE, LATER)

    assert created_resources.is_owned(RESOURCE, "561")


def test_a_run_that_created_it_after_a_rejected_one_owns_it(
    created_resources: CreatedResources,
) -> None:
    created_resources.begin(RESOURCE, AT)
    created_resources.begin(RESOURCE, LATER)
    created_resources.give_up(RESOURCE, AT)

    created_resources.finish(RESOURCE, "561", LATER)

    assert created_resources.is_owned(RESOURCE, "561")


def test_a_resource_recreated_without_a_response_is_owned(
    created_resources: CreatedResources,
) -> None:
    created_resources.begin(RESOURCE, AT)
    created_resources.finish(RESOURCE, "561", AT)
    created_resources.begin(RESOURCE, LATER)
    assert created_resources.is_owned(RESOURCE, "562")
    created_resources.finish(RESOURCE, "562", LATER)

    assert created_resources.is_owned(RESOURCE, "562")
    assert not created_resources.is_owned(RESOURCE, "561")
