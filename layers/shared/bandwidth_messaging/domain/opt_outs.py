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


def select_for_pool(items: Iterable[Mapping[str, Any]], number: str) -> list[OptOutItem]:
    """Return the opt-outs that keep a number of a pool from texting: at most one of each participant.

    `items` are the statements about all numbers that the pool has or had. The latest of a participant decides
    for the whole pool. The number itself also needs the consent of a participant who opted out of it.
    """
    statements = [*items]
    own = select_current(item for item in statements if item["ours"] in {number, ALL_NUMBERS})
    return [*{item["theirs"]: item for item in [*own, *select_current(statements)]}.values()]


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
