"""Keywords of inbound texts: words that stop texts, start them again, or ask for help, as tables."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple, Self


class KeywordKind(StrEnum):
    """What a text requests. A person decides about texts for review."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    REVIEW = "review"


LANGUAGES: Final = ("en", "fr", "es")

# Sources (checked 2026-11-28). English: the seven words of 47 CFR 64.1200(a)(10), and the published lists of
# Twilio, Telnyx and AWS ("remove", "td", "stopall"). French: "arret" and "aide" of Canada's carriers (CWTA
# short code guidelines), and the spellings that Twilio and AWS accept ("arrett", "arrete"). The rest are
# common words of the same requests, and common misspellings.
_TABLES: Final[Mapping[str, Mapping[KeywordKind, str]]] = {
    "en": {
        KeywordKind.OPT_OUT: (
            "stop stopall end quit cancel unsubscribe revoke optout remove removeme td "
            "stopp stpo sotp stp unsubscibe unsuscribe unsubcribe unsubscrib cancle"
        ),
        KeywordKind.OPT_IN: "start unstop yes",
        KeywordKind.HELP: "help info",
    },
    "fr": {
        KeywordKind.OPT_OUT: "arret arrett arrete arreter arretez desabonner desabonnement desinscrire",
        KeywordKind.OPT_IN: "commencer reprendre oui",
        KeywordKind.HELP: "aide info",
    },
    "es": {
        KeywordKind.OPT_OUT: "parar pare alto baja cancelar",
        KeywordKind.OPT_IN: "comenzar empezar iniciar alta si",
        KeywordKind.HELP: "ayuda info",
    },
}
# Words that may surround a keyword and change nothing about its meaning.
_POLITE: Final = frozenset(
    [
        *("please", "pls", "plz", "kindly", "thanks", "thank", "you", "thx", "ty"),
        *("merci", "svp", "sil", "vous", "te", "plait", "gracias", "por", "favor"),
    ]
)
# Signatures of mail programs, from their first words to the end of the text.
_SIGNATURE: Final = re.compile(
    r"\b(sent from my|sent via|get outlook for|envoye de mon|enviado desde mi)\b.*"
)
# Requests to stop that are no keyword. A word such as "stop" alone is too common inside other texts.
_REQUESTS: Final = re.compile(
    r"\b(stop|quit|cease|no more|arretez?( de| d)?|deja(r|d|n)? de|no mas)"
    r" (text|texts|texting|messag\w*|sending|send|contact\w*|calling|m ?ecrire|me\b|envoy\w*|mensajes|"
    r"enviar\w*)"
    r"|\b(do not|dont|don t|never|stop) (text|message|contact|send|call|bother)\b"
    r"|\bunsubscribe\b|\bopt(ed|ing)? ?out\b|\b(take|get) me off\b|\bremove (me|my|this)\b|\bleave me alone\b"
    r"|\bwrong (number|person)\b|\bnot interested\b|\bdesabonn\w*|\bdarme de baja\b|\bborrame\b"
)
_MAX_WORDS_FOR_REVIEW: Final = 6
_NEGATIONS: Final = frozenset({"dont", "not", "never", "no"})


class Keyword(NamedTuple):
    """The request of a text, and its keyword in lower case without spaces ("optout"), "" for a review.

    `language` is the language of the keyword, the first of the stack for its own words.
    """

    kind: KeywordKind
    word: str
    language: str = "en"


class Keywords:
    """The keywords of a stack: the tables of some languages, and words of its own."""

    def __init__(self, kinds: Mapping[str, KeywordKind]) -> None:
        self._kinds = kinds

    @classmethod
    def of(cls, languages: Iterable[str], own: Mapping[KeywordKind, Iterable[str]] | None = None) -> Self:
        """Return the keywords of languages ("en", "fr", "es"). `own` words win over those of the tables.

        A word of two kinds in two languages keeps the kind of the first language.
        """
        kinds: dict[str, KeywordKind] = {}
        for language in languages:
            for kind, words in _TABLES[language].items():
                for word in words.split():
                    kinds.setdefault(word, kind)
        for kind, given in (own or {}).items():
            kinds |= {"".join(_split(word)): kind for word in given}
        return cls(kinds)

    def find(self, text: str) -> Keyword | None:
        """Return the request of an inbound text, or None.

        A text is a keyword if it contains nothing else but polite words and the signature of a mail program:
        "STOP.", "opt-out", "stop 🛑", "Arrêt", "Stop, thanks". Only letters and digits count. Case, spaces,
        accents, punctuation, emoji and invisible characters are ignored, and styled letters count as plain
        letters (Unicode NFKC). "stop 12345", "don't stop" and "we must stop this bill" are no keywords. A
        text that may be meant as an opt-out has the kind `review`.
        """
        words = _split(text)
        if keyword := self._match(words):
            return keyword
        signed = _split(_SIGNATURE.sub("", " ".join(words)))
        polite = [word for word in signed if word not in _POLITE]
        return self._match(signed) or self._match(polite) or self._review(signed, polite)

    def _match(self, words: list[str]) -> Keyword | None:
        word = "".join(words)
        kind = self._kinds.get(word)
        return Keyword(kind, word) if kind else None

    def _review(self, words: list[str], polite: list[str]) -> Keyword | None:
        is_short = 0 < len(polite) <= _MAX_WORDS_FOR_REVIEW and not _NEGATIONS & set(polite)
        begins = is_short and self._kinds.get(polite[0]) is KeywordKind.OPT_OUT
        if begins or _REQUESTS.search(" ".join(words)):
            return Keyword(KeywordKind.REVIEW, "")
        return None


def _split(text: str) -> list[str]:
    """Return the words of a text in plain lower-case letters and digits.

    An apostrophe ("don't") and dots between single letters ("S.T.O.P.") separate no words.
    """
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    letters = "".join(char for char in decomposed if unicodedata.category(char) not in {"Mn", "Cf"})
    joined = re.sub(r"['\u2019\u02bc]", "", letters)
    return re.findall(r"[^\W_]+", joined)
