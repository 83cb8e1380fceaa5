"""Errors of requests: invalid fields, missing resources and conflicts."""

from collections.abc import Iterable
from typing import Final, NamedTuple

# The cause of a failed state has at most 32,768 characters.
_MAX_SHOWN: Final = 100


class FieldProblem(NamedTuple):
    """One wrong field: its name as in the request, and what is wrong with its value."""

    field: str
    detail: str


class InvalidInput(ValueError):
    """The input is invalid. The message names every wrong field, and `problems` lists them.

    State machines match this class by name.
    """

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems = tuple(problems)
        shown = [f"{field}: {detail}" for field, detail in self.problems[:_MAX_SHOWN]]
        if len(self.problems) > _MAX_SHOWN:
            shown.append(f"and {len(self.problems) - _MAX_SHOWN} more")
        super().__init__("; ".join(shown))


class NotFound(Exception):
    """No resource has this id."""


class Backlog(Exception):
    """So many messages wait that this one would not be sent in time.

    `retry_after` is in seconds. It is None if the same request will not be accepted later either.
    """

    def __init__(self, message: str, *, retry_after: int | None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class Conflict(Exception):
    """The request conflicts with the current state of a resource."""
