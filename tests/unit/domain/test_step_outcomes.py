"""The outcome of a step record, also of one that an earlier version stored."""

from typing import Any

import pytest

from bandwidth_messaging.domain.orders import find_generation
from bandwidth_messaging.domain.step_outcomes import StepOutcome, read_outcome


@pytest.mark.parametrize(
    ("record", "outcome"),
    [
        ({"outcome": "created", "detail": "any text"}, (StepOutcome.CREATED, None)),
        (
            {"outcome": "updated", "replacedApplicationId": "a-1", "detail": "any text"},
            (StepOutcome.UPDATED, "a-1"),
        ),
        ({"outcome": "found", "detail": "created"}, (StepOutcome.FOUND, None)),
        ({"detail": "created"}, (StepOutcome.CREATED, None)),
        ({"detail": "enabled"}, (StepOutcome.CREATED, None)),
        ({"detail": "assigned"}, (StepOutcome.CREATED, None)),
        ({"detail": "assigned in place of a-1"}, (StepOutcome.UPDATED, "a-1")),
        ({"detail": "was on"}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_a_record_without_an_outcome_is_read_by_the_details_of_earlier_versions(
    record: dict[str, Any], outcome: tuple[str | None, str | None]
) -> None:
    assert read_outcome(record) == outcome


@pytest.mark.parametrize(
    ("order", "generation"),
    [
        ({"generation": "current", "steps": {"Create Application": {}}}, "current"),
        ({"steps": {"Create Application": {}}}, "classic"),
        ({"steps": {"Prepare Location": {}}}, "current"),
        ({"steps": {"Create Import Request": {}}}, None),
        ({}, None),
    ],
)
def test_an_order_without_a_generation_is_read_by_its_steps(
    order: dict[str, Any], generation: str | None
) -> None:
    assert find_generation(order) == generation
