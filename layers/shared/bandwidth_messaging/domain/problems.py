"""What is wrong with an input, field by field."""

from collections.abc import Iterable
from typing import Final, NamedTuple

# The cause of a failed state may hold 32,768 characters.
_SHOWN: Final = 100


class FieldProblem(NamedTuple):
    """One wrong field: its name as the caller wrote it, and what would be right."""

    field: str
    detail: str


class InvalidInput(ValueError):
    """An input that cannot be used. The text names every wrong field; `problems` holds them one by one.

    State machines match this class by its name.
    """

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        shown = [f"{field}: {detail}" for field, detail in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            shown.append(f"and {len(self.problems) - _SHOWN} more")
        super().__init__("; ".join(shown))


class NotFound(Exception):
    """There is nothing under this id."""


class Conflict(Exception):
    """What is asked for clashes with what is there."""
