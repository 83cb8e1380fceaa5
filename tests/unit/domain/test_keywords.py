"""Keywords that stop texts, start them again, or ask for help."""

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bandwidth_messaging.domain.keywords import LANGUAGES, Keyword, KeywordKind, Keywords

OPT_OUT, OPT_IN, HELP, REVIEW = KeywordKind
KEYWORDS = Keywords.of(LANGUAGES)
ENGLISH = Keywords.of(["en"])

WORDS: dict[str, KeywordKind] = {
    "stop": OPT_OUT,
    "stopall": OPT_OUT,
    "unsubscribe": OPT_OUT,
    "cancel": OPT_OUT,
    "end": OPT_OUT,
    "quit": OPT_OUT,
    "revoke": OPT_OUT,
    "opt out": OPT_OUT,
    "optout": OPT_OUT,
    "start": OPT_IN,
    "unstop": OPT_IN,
    "yes": OPT_IN,
    "help": HELP,
}
PUNCTUATION = string.punctuation + "¡¿«»„…\u2018\u2019\u201c\u201d\u2013\u2014、。！？"  # noqa: RUF001
SPACES = " \t\r\n\u00a0\u2003\u3000"
# A zero-width space and joiner, a byte order mark, the selector of an emoji's style, two emoji, a heart.
UNSEEN_AND_EMOJI = "\u200b\u200d\ufeff\ufe0f🛑👍🏽❤"

aside = st.text(alphabet=PUNCTUATION + SPACES + UNSEEN_AND_EMOJI, max_size=4)


@pytest.mark.parametrize(("word", "kind"), WORDS.items())
def test_each_keyword_is_recognized(word: str, kind: KeywordKind) -> None:
    assert KEYWORDS.find(word) == Keyword(kind, word.replace(" ", ""))


@settings(max_examples=300)
@given(st.data(), st.sampled_from(sorted(WORDS)))
def test_case_punctuation_spaces_and_emoji_change_nothing(data: st.DataObject, word: str) -> None:
    cased = [data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in word]
    written = data.draw(aside) + "".join(letter + data.draw(aside) for letter in cased)
    assert KEYWORDS.find(written) == KEYWORDS.find(word) is not None


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(WORDS)),
    st.text(alphabet=string.ascii_letters + string.digits + "ßчא中", min_size=1),
)
def test_a_word_that_contains_a_keyword_is_no_keyword(word: str, more: str) -> None:
    for joined in (word + more, more + word):
        plain = joined.replace(" ", "")
        assume(KEYWORDS.find(plain) is None or KEYWORDS.find(plain).word not in WORDS)  # type: ignore[union-attr]
        found = KEYWORDS.find(plain)
        assert found is None or found.word == plain.casefold()


@given(st.text())
def test_any_text_is_a_keyword_or_none_and_a_keyword_stays_one(text: str) -> None:
    found = KEYWORDS.find(text)
    assert found is None or found.kind is REVIEW or KEYWORDS.find(found.word) == found


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("STOP", "stop"),
        ("  Stop.\n", "stop"),
        ('"STOP"', "stop"),
        ("\u201cStop\u201d", "stop"),
        ("«Stop»", "stop"),
        ("¡STOP!", "stop"),
        ("S.T.O.P.", "stop"),
        ("*stop*", "stop"),
        ("<stop>", "stop"),
        ("stop 🛑", "stop"),
        ("\u200bstop\ufeff", "stop"),
        ("\uff33\uff34\uff2f\uff30", "stop"),
        ("\U0001d5e6\U0001d5e7\U0001d5e2\U0001d5e3", "stop"),
        ("s\u0336t\u0336o\u0336p\u0336", "stop"),
        ("Stop all", "stopall"),
        ("STOP-ALL", "stopall"),
        ("Opt  Out", "optout"),
        ("opt-out", "optout"),
        ("OPT\nOUT!", "optout"),
        ("QUİT", "quit"),
        ("Yes!!!", "yes"),
        ("Yes 👍🏽", "yes"),
        ("un-stop", "unstop"),
        ("Help?", "help"),
    ],
)
def test_usual_notations_of_keywords(written: str, word: str) -> None:
    found = KEYWORDS.find(written)
    assert found is not None
    assert (found.word, found.kind) == (word, WORDS[word])


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("ARRET", OPT_OUT),
        ("Arrêt", OPT_OUT),
        ("arre\u0302t", OPT_OUT),
        ("arrêtez", OPT_OUT),
        ("désabonner", OPT_OUT),
        ("stóp", OPT_OUT),
        ("remove", OPT_OUT),
        ("Remove me", OPT_OUT),
        ("TD", OPT_OUT),
        ("stopp", OPT_OUT),
        ("Parar", OPT_OUT),
        ("¡Alto!", OPT_OUT),
        ("AIDE", HELP),
        ("Info", HELP),
        ("ayuda", HELP),
        ("Sí", OPT_IN),
        ("oui", OPT_IN),
    ],
)
def test_words_of_other_languages_and_carriers(written: str, kind: KeywordKind) -> None:
    found = KEYWORDS.find(written)

    assert found is not None
    assert found.kind is kind


@pytest.mark.parametrize(
    "written",
    [
        "stop, thanks",
        "Stop. Thank you",
        "STOP thx",
        "Stop please",
        "please stop",
        "stop\n\nSent from my iPhone",
        "Stop. Thanks! Sent from my Galaxy S25",
        "STOP\nGet Outlook for iOS",
        "Arrêt svp",
        "Arret, s'il vous plaît",
        "parar por favor",
        "stop\nEnvoyé de mon iPhone",
    ],
)
def test_polite_words_and_signatures_change_nothing(written: str) -> None:
    found = KEYWORDS.find(written)

    assert found is not None
    assert found.kind is OPT_OUT


@pytest.mark.parametrize(
    "written",
    [
        "stop 12345",
        "STOP 2",
        "STOP texting me",
        "Please stop sending me messages",
        "stop/help",
        "stop stop",
        "cancel my order",
        "take me off this list",
        "Remove my number",
        "Do not contact me again, ever, at this or any other number",
        "don't text me",
        "I want to unsubscribe from this list and from all other lists",
        "opt me out, I opted out twice",
        "leave me alone",
        "wrong number",
        "arrêtez de m'envoyer des messages",
        "no más mensajes",
    ],
)
def test_a_text_that_may_be_an_opt_out_is_for_review(written: str) -> None:
    assert KEYWORDS.find(written) == Keyword(REVIEW, "")


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "...",
        "🛑",
        "\ufe0f",
        "thanks",
        "please",
        "Don't stop",
        "do not stop",
        "we must stop this bill",
        "They never stop talking about it",
        "The show must not end",
        "stop2",
        "st0p",
        "$top",
        "stopped",
        "nonstop",
        "the end",
        "ended",
        "cancelled",
        "unsubscribed",
        "revoked",
        "opt",
        "out",
        "opt in",
        "optin",
        "restart",
        "y",
        "yeah",
        "no thanks",
        "help me",
        "yes, stop",
        "СТОП",
        "stop\u0660",
        "Sent from my iPhone",
    ],
)
def test_other_texts_are_no_keywords(written: str) -> None:
    assert KEYWORDS.find(written) is None


@pytest.mark.parametrize("written", ["arret", "aide", "parar", "oui", "sí"])
def test_only_words_of_the_chosen_languages_are_keywords(written: str) -> None:
    assert ENGLISH.find(written) is None


def test_own_words_are_keywords_too_and_win() -> None:
    keywords = Keywords.of(["en"], {OPT_OUT: ["Genug", "no more"], HELP: ["start"]})

    assert keywords.find("GENUG!") == Keyword(OPT_OUT, "genug")
    assert keywords.find("No more, please") == Keyword(OPT_OUT, "nomore")
    assert keywords.find("start") == Keyword(HELP, "start")
    assert keywords.find("stop") == Keyword(OPT_OUT, "stop")
