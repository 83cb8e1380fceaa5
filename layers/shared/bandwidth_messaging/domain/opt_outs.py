"""Opt-outs: the keywords that stop texts, start them again, or ask for help."""

import unicodedata
from enum import StrEnum
from typing import Final, Literal, NamedTuple, Required, TypedDict

Kind = Literal["opt_out", "opt_in", "help"]


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


OPT_OUT: Final = "opt_out"
OPT_IN: Final = "opt_in"
HELP: Final = "help"

# A text is compared without spaces: "optout" matches "opt out".
_WORDS: Final[dict[Kind, tuple[str, ...]]] = {
    OPT_OUT: ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
    OPT_IN: ("start", "unstop", "yes"),
    HELP: ("help",),
}
_KINDS: Final = {word: kind for kind, words in _WORDS.items() for word in words}


class Keyword(NamedTuple):
    """The request of a text, and its keyword in lower case without spaces ("optout")."""

    kind: Kind
    word: str


def find_keyword(text: str) -> Keyword | None:
    """Return the keyword that is the whole content of an inbound text, or None.

    Only letters and digits count. Case, spaces, punctuation, emoji and invisible characters are ignored, and
    full-width or styled letters count as plain letters (Unicode NFKC). So "STOP.", "«Stop»", "opt-out",
    "Stop all" and "stop 🛑" are keywords. "Stop please", "stop 2" and "don't stop" are not.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    word = "".join(filter(str.isalnum, folded))
    kind = _KINDS.get(word)
    return Keyword(kind, word) if kind else None
