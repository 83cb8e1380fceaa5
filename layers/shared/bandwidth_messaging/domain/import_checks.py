"""The result of a check whether numbers can be imported, grouped for a person who reads it."""

from collections.abc import Sequence
from typing import Final

from bandwidth_messaging.domain.orders import MAX_REASON_CHARACTERS, Failure
from bandwidth_messaging.domain.validation import CamelModel

MAX_REASONS: Final = 50
"""Groups of a dry run. A payload of Step Functions has at most 256 KiB."""


class RejectedNumbers(CamelModel):
    """Numbers that cannot be imported for one reason.

    "(number)" replaces the number where Bandwidth's reason contains it.
    """

    code: str | None
    reason: str
    numbers: list[str]


def group_by_reason(failures: Sequence[Failure]) -> tuple[RejectedNumbers, ...]:
    """Group failures by code and reason: the 49 most frequent groups, and one for the others."""
    groups: dict[tuple[str | None, str], list[str]] = {}
    for failure in failures:
        number = str(failure["number"])
        key = failure["code"], _remove_number(failure["reason"], number)
        groups.setdefault(key, []).append(number)
    rejected = [
        RejectedNumbers(code=code, reason=reason, numbers=numbers)
        for (code, reason), numbers in groups.items()
    ]
    if len(rejected) <= MAX_REASONS:
        return tuple(rejected)
    rejected.sort(key=lambda group: len(group.numbers), reverse=True)
    others = [number for group in rejected[MAX_REASONS - 1 :] for number in group.numbers]
    reason = "other reasons; a dry run of these numbers alone shows them"
    return (*rejected[: MAX_REASONS - 1], RejectedNumbers(code=None, reason=reason, numbers=others))


def _remove_number(reason: str, number: str) -> str:
    """Replace the number (E.164) in a reason, also where Bandwidth writes it with ten digits."""
    for written in (number, number.removeprefix("+1")):
        reason = reason.replace(written, "(number)")
    return reason[:MAX_REASON_CHARACTERS]
