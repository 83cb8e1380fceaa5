"""Opt-outs: participants who do not accept texts of an owner number."""

from enum import StrEnum
from typing import Required, TypedDict


class OptOutState(StrEnum):
    """Whether a participant has opted out of a number's messages."""

    OUT = "out"
    IN = "in"


class OptOutItem(TypedDict, total=False):
    """The opt-out of a participant (`theirs`) from the texts of an owner number (`ours`), both in E.164.

    `keyword` is the participant's word, or Bandwidth's failure code. `since` is the time of the statement
    (RFC 3339). Only a current opt-out has `optedOutOf`, the owner number.
    """

    ours: Required[str]
    theirs: Required[str]
    optOutState: Required[str]
    optedOutOf: str
    keyword: Required[str]
    since: Required[str]
