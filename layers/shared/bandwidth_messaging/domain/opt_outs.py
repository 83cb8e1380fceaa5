"""Opt-outs: the words people write to end texts, to begin them again, or to ask for help."""

import unicodedata
from enum import StrEnum
from typing import Final, Literal, NamedTuple

Kind = Literal["opt_out", "opt_in", "help"]


class OptOutState(StrEnum):
    """Whether a person has opted out of a number's messages."""

    OUT = "out"
    IN = "in"


OPT_OUT: Final = "opt_out"
OPT_IN: Final = "opt_in"
HELP: Final = "help"

# "opt out" is here as "optout": a text is compared without its spaces.
_WORDS: Final[dict[Kind, tuple[str, ...]]] = {
    OPT_OUT: ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
    OPT_IN: ("start", "unstop", "yes"),
    HELP: ("help",),
}
_KINDS: Final = {word: kind for kind, words in _WORDS.items() for word in words}


class Keyword(NamedTuple):
    """What a text asks for, and the word that did, in lower case and without spaces ("optout")."""

    kind: Kind
    word: str


def keyword(text: str) -> Keyword | None:
    """Return the keyword that is the whole content of an inbound text, or None if it says anything else.

    Only letters and digits are content: case, spaces, punctuation, emoji and invisible characters are put
    aside, wherever they stand, and full-width or styled letters are the letters they look like (Unicode
    NFKC). So "STOP.", "«Stop»", "opt-out", "Stop all" and "stop 🛑" are keywords; "Stop please", "stop 2" and
    "don't stop" are not.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    word = "".join(filter(str.isalnum, folded))
    kind = _KINDS.get(word)
    return Keyword(kind, word) if kind else None
