"""Opt-outs: participants who do not accept texts of an owner number, or of any number of the stack."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Required, TypedDict, cast

ALL_NUMBERS: Final = "*"
"""The owner of an opt-out from all numbers of the stack."""
MANUAL_KEYWORD: Final = "manual"
"""The keyword of a statement that an operator recorded without a keyword."""


class KeywordKind(StrEnum):
    """What a text requests. A person decides about texts for review."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    REVIEW = "review"


class OptOutState(StrEnum):
    """Whether a participant has opted out of a number's messages."""

    OUT = "out"
    IN = "in"


class OptOutSource(StrEnum):
    """Who reported the statement: the participant's text, a carrier, an operator, or an imported file."""

    TEXT = "text"
    CARRIER = "carrier"
    MANUAL = "manual"
    IMPORT = "import"


class OptOutScope(StrEnum):
    """Parameter OptOutScope: whether a new statement counts for one number or for all of the stack."""

    NUMBER = "number"
    STACK = "stack"


AGREEMENT: Final = "yes"
"""The keyword that opts in, and that may also answer a question."""


class OptOutItem(TypedDict, total=False):
    """The opt-out of a participant (`theirs`) from the texts of an owner number (`ours`), both in E.164.

    `ours` is ALL_NUMBERS for all numbers of the stack. `keyword` is the participant's word, or Bandwidth's
    failure code. `since` is the time of the statement (RFC 3339). Only a current opt-out has `optedOutOf`,
    the same as `ours`. Statements that earlier versions stored have no `source`. `importedRow` is the name of
    the import and the row in its file.
    """

    ours: Required[str]
    theirs: Required[str]
    optOutState: Required[str]
    optedOutOf: str
    keyword: Required[str]
    since: Required[str]
    source: str
    note: str
    textId: str
    importedRow: str


def get_source(item: Mapping[str, Any]) -> str:
    """Return the source of a statement. Without a stored source, a failure code is a carrier's."""
    stored: str | None = item.get("source")
    return stored or (OptOutSource.CARRIER if item["keyword"].isdecimal() else OptOutSource.TEXT)


def select_current(items: Iterable[Mapping[str, Any]]) -> list[OptOutItem]:
    """Return the current opt-out of each participant who has one.

    A participant can have two statements: one about a number and one about all numbers. The later decides.
    Of two statements of the same second an opt-out decides.
    """
    return [item for item in select_latest(items) if item["optOutState"] == OptOutState.OUT]


def select_for_pool(items: Iterable[Mapping[str, Any]], former_numbers: Iterable[str]) -> list[OptOutItem]:
    """Return the current opt-out from a pool of each participant who has one.

    `items` are the statements about all numbers that the pool has or had, and the latest of a participant
    decides. An opt-in to a former number, which may serve another program now, does not count for the pool,
    nor does a *yes*, which may answer a question.
    """
    left = {*former_numbers}

    def counts(item: Mapping[str, Any]) -> bool:
        is_opt_out: bool = item["optOutState"] == OptOutState.OUT
        return is_opt_out or (item["ours"] not in left and item["keyword"] != AGREEMENT)

    return select_current(filter(counts, items))


def select_for_member(
    items: Iterable[Mapping[str, Any]], number: str, former_numbers: Iterable[str]
) -> list[OptOutItem]:
    """Return the opt-outs that keep a number of a pool from texting: at most one of each participant.

    They are those from the pool, and those from the number itself: a number that a participant opted out of
    also needs an opt-in of its own.
    """
    statements = [*items]
    own = select_current(item for item in statements if item["ours"] in {number, ALL_NUMBERS})
    return [*{item["theirs"]: item for item in [*own, *select_for_pool(statements, former_numbers)]}.values()]


def select_latest(items: Iterable[Mapping[str, Any]]) -> list[OptOutItem]:
    """Return the statement of each participant that decides: an opt-out or an opt-in."""
    latest: dict[str, OptOutItem] = {}
    for item in items:
        statement = cast(OptOutItem, item)
        known = latest.get(statement["theirs"])
        if known is None or _order(known) < _order(statement):
            latest[statement["theirs"]] = statement
    return [*latest.values()]


def _order(item: OptOutItem) -> tuple[str, bool]:
    # V1 reports whole seconds.
    return item["since"][: len("2026-01-31T12:00:00")], item["optOutState"] == OptOutState.OUT
