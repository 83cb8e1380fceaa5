"""The outcome of a step of a state machine, as data. step_texts derives the text for people."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final


class StepOutcome(StrEnum):
    """How a step reached its result. Code decides by it; a step record's `detail` is for people."""

    CREATED = "created"
    """The step created it at Bandwidth: an application, a location, an order, a letter, a feature,
    an assignment."""
    FOUND = "found"
    """It existed already as the input requires, and the step changed nothing."""
    GIVEN = "given"
    """The input names it by its id."""
    UPDATED = "updated"
    """It existed and the step changed it."""
    RECORDED = "recorded"
    """An earlier run of the step recorded it."""
    REJECTED = "rejected"
    """Bandwidth rejected it, and the set-up continues without it."""


# Details of step records that versions before 2026-12 stored instead of outcomes. No code writes them now.
_LEGACY_OUTCOMES: Final = {
    "created": StepOutcome.CREATED,
    "enabled": StepOutcome.CREATED,
    "assigned": StepOutcome.CREATED,
}
_LEGACY_REPLACEMENT: Final = "assigned in place of "


def read_outcome(record: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the outcome of a step record, and the id of the application that the step replaced.

    Each is None if it is unknown. Records of earlier versions have only a `detail`.
    """
    if "outcome" in record:
        return record["outcome"], record.get("replacedApplicationId")
    detail = str(record.get("detail", ""))
    if detail.startswith(_LEGACY_REPLACEMENT):
        return StepOutcome.UPDATED, detail.removeprefix(_LEGACY_REPLACEMENT)
    return _LEGACY_OUTCOMES.get(detail), None
