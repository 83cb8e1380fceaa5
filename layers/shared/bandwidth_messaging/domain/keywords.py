"""Keywords of inbound texts: words that stop texts, start them again, or ask for help, as tables."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, Self

from bandwidth_messaging.domain.opt_outs import KeywordKind

LANGUAGES: Final = ("en", "fr", "es")

# docs/compliance.md has the source of each word. A word without a source translates an English one. The
# translations of "yes" are absent: a text that only agrees to something must not opt a person in again.
_TABLES: Final[Mapping[str, Mapping[KeywordKind, str]]] = {
    "en": {
        KeywordKind.OPT_OUT: (
            "stop stopall end quit cancel unsubscribe unsub revoke optout optmeout remove td"
        ),
        KeywordKind.OPT_IN: "start unstop yes",
        KeywordKind.HELP: "help info",
    },
    "fr": {
        KeywordKind.OPT_OUT: "arret arrett arrete arreter arretez desabonner desabonnement",
        KeywordKind.OPT_IN: "commencer",
        KeywordKind.HELP: "aide info",
    },
    "es": {
        KeywordKind.OPT_OUT: "alto parar pare baja cancelar",
        KeywordKind.OPT_IN: "inicio comenzar",
        KeywordKind.HELP: "ayuda auxilio info",
    },
}
# Words that may surround an opt-out or a request for help and change nothing about its meaning.
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
    r"\b(?:"
    r"(?:stop|quit|cease|no more) (?:(?:these|this|the|all|your) ){0,2}"
    r"(?:text\w*|messag\w*|send\w*|contact\w*|calling|me\b)"
    r"|(?:do not|dont|never) (?:ever )?(?:text|message|contact|send|call|bother)\b"
    r"|(?:do not|dont) want (?:(?:you|to|receive|get|any|more|these|this|the|your) ){0,5}(?:text|messag)"
    r"|(?:revoke|withdraw)\w* (?:(?:my|all|any|the|prior) ){0,2}consent\b"
    r"|(?:unsubscribe|leave me alone|wrong number|wrong person|not interested)\b"
    r"|(?:opt|opted|opting)(?: me)? ?out\b"
    r"|(?:take|get) me off\b|remove (?:me|my|this)\b|delete (?:me|my)\b"
    r"|arretez?(?: de| d)? (?:m ?ecrire|m ?envoy|envoy|messag)|desabonn|merci d ?arret(?:er|ez)?\b"
    r"|(?:no mas|dej\w+ de) (?:mensajes|enviar|mandar|escribir)|(?:darme de baja|borrame)\b"
    r"|no quiero (?:(?:recibir|mas|estos|sus|los) ){0,3}(?:mensaje|texto)|quiero cancelar\b"
    r"|no (?:me|nos) (?:mand|envi|escrib)"
    r")"
)
_WORDS: Final = re.compile(r"[^\W_]+")
_APOSTROPHES: Final = re.compile(r"['\u2019\u02bc]")
_MAX_WORDS_FOR_REVIEW: Final = 6
_MIN_LETTERS_TO_MISSPELL: Final = 4
# An opt-out word after one of these is no request: "don't stop", "I do not want to stop", "the end".
_NO_REQUEST_AFTER: Final = frozenset(
    [
        *("dont", "not", "never", "cant", "cannot", "wont", "doesnt", "didnt", "shouldnt", "mustnt"),
        *("pas", "nunca", "the"),
    ]
)
_FILLERS: Final = frozenset({"ever", "want", "need", "to"})
# Keywords that are a part of other texts so often that they count only as one single word.
_SINGLE: Final = frozenset({"yes"})


class Keyword(NamedTuple):
    """The request of a text, and its keyword in lower case without spaces ("optout"), "" for a review.

    `language` is the language of the keyword, the first of the stack for its own words.
    """

    kind: KeywordKind
    word: str
    language: str = "en"


class Keywords:
    """The keywords of a stack: the tables of some languages, and words of its own."""

    def __init__(self, words: Mapping[str, tuple[KeywordKind, str]]) -> None:
        """`words` are the keywords with their kinds and languages."""
        self._words = words
        stops = [word for word, (kind, _) in words.items() if kind is KeywordKind.OPT_OUT]
        self._misspelled_stops = frozenset(each for word in stops for each in _misspell(word))

    @classmethod
    def of(cls, languages: Iterable[str], own: Mapping[KeywordKind, Iterable[str]] | None = None) -> Self:
        """Return the keywords of languages ("en", "fr", "es"). `own` words override those of the tables.

        The English words always count: the law of the US and the carriers of Canada demand them. A word of
        two kinds in two languages keeps the kind of the first language.
        """
        found: dict[str, tuple[KeywordKind, str]] = {}
        all_languages = [*languages, "en"]
        for language in all_languages:
            for kind, words in _TABLES[language].items():
                for word in words.split():
                    found.setdefault(word, (kind, language))
        for kind, given in (own or {}).items():
            found |= {"".join(_split(word)): (kind, all_languages[0]) for word in given}
        # An own word without letters and digits would match every text without them.
        found.pop("", None)
        return cls(found)

    def find(self, text: str) -> Keyword | None:
        """Return the request of an inbound text, or None. The time is linear in the length of the text.

        A text is a keyword if it contains nothing else but repetitions and the signature of a mail program:
        "STOP.", "opt-out", "stop 🛑", "Arrêt", "STOP STOP". Opt-outs and requests for help may contain polite
        words: "Stop, thanks". "Yes" counts only as one single word. Only letters and digits count. Case,
        spaces, accents, punctuation, emoji and invisible characters are ignored, and styled letters count as
        plain letters (Unicode NFKD). "stop 12345", "don't stop" and "we must stop this bill" are no keywords.
        A text that may be meant as an opt-out has the kind `review`.
        """
        words = _split(text)
        signed = _split(_SIGNATURE.sub("", " ".join(words)))
        polite = [word for word in signed if word not in _POLITE]
        return (
            self._match(words)
            or self._match(signed)
            or self._match_polite(polite)
            or self._review(signed, polite)
        )

    def _match(self, words: list[str]) -> Keyword | None:
        word = "".join(words)
        if word not in self._words and len(set(words)) == 1:
            word = words[0]
        kind, language = self._words.get(word, (None, ""))
        # "¿Y es?" and "yes yes" are no consent.
        if kind is None or (word in _SINGLE and kind is KeywordKind.OPT_IN and len(words) > 1):
            return None
        return Keyword(kind, word, language)

    def _match_polite(self, polite: list[str]) -> Keyword | None:
        # "Yes, thank you" answers something else: it must not opt a person in again.
        found = self._match(polite)
        return None if found and found.kind is KeywordKind.OPT_IN else found

    def _review(self, words: list[str], polite: list[str]) -> Keyword | None:
        is_short = 0 < len(polite) <= _MAX_WORDS_FOR_REVIEW
        is_request = is_short and (self._is_opt_out(polite[0]) or self._ends_with_request(polite))
        is_misspelled = "".join(polite) in self._misspelled_stops
        if is_request or is_misspelled or _REQUESTS.search(" ".join(words)):
            return Keyword(KeywordKind.REVIEW, "")
        return None

    def _ends_with_request(self, words: list[str]) -> bool:
        before = [word for word in words[:-1] if word not in _FILLERS]
        return self._is_opt_out(words[-1]) and _NO_REQUEST_AFTER.isdisjoint(before[-1:])

    def _is_opt_out(self, word: str) -> bool:
        return self._words.get(word, (None, ""))[0] is KeywordKind.OPT_OUT


def _misspell(word: str) -> Iterator[str]:
    """Yield a word of four or more letters with one letter missing or doubled, or with two letters swapped.

    The first letter stays: "top" is another word than "stop".
    """
    for i in range(1, len(word)) if len(word) >= _MIN_LETTERS_TO_MISSPELL else ():
        before, letter, after = word[:i], word[i], word[i + 1 :]
        yield before + after
        yield before + letter + letter + after
        yield before + after[:1] + letter + after[1:]


def _split(text: str) -> list[str]:
    """Return the words of a text in plain lower-case letters and digits.

    An apostrophe ("don't") separates no words.
    """
    # Each character for itself: in a whole text, Python sorts runs of accents in quadratic time.
    letters = text if text.isascii() else "".join(map(_plain, text))
    return _WORDS.findall(_APOSTROPHES.sub("", letters.casefold()))


@lru_cache(maxsize=1024)
def _plain(char: str) -> str:
    """Return the plain letters of a character, without accents and invisible characters."""
    decomposed = unicodedata.normalize("NFKD", char)
    return "".join(each for each in decomposed if unicodedata.category(each) not in {"Mn", "Cf"})
