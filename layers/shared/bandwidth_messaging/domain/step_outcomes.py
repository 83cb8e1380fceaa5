"""The outcome of a step of a state machine, as data, and the text for people that follows from it."""

from enum import StrEnum


class StepOutcome(StrEnum):
    """How a step reached its result. Code decides by it; `detail` is its text for people."""

    CREATED = "created"
    """The step created it at Bandwidth: an application, a location, an order, a feature, an assignment."""
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
