"""Keywords that stop texts, start them again, or ask for help."""

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bandwidth_messaging.domain.opt_outs import HELP, OPT_IN, OPT_OUT, Keyword, Kind, find_keyword

WORDS: dict[str, Kind] = {
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
def test_each_keyword_is_recognized(word: str, kind: Kind) -> None:
    assert find_keyword(word) == Keyword(kind, word.replace(" ", ""))


@settings(max_examples=300)
@given(st.data(), st.sampled_from(sorted(WORDS)))
def test_case_punctuation_spaces_and_emoji_change_nothing(data: st.DataObject, word: str) -> None:
    cased = [data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in word]
    written = data.draw(aside) + "".join(letter + data.draw(aside) for letter in cased)
    assert find_keyword(written) == find_keyword(word) is not None


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(WORDS)),
    st.text(alphabet=string.ascii_letters + string.digits + "éßчא中", min_size=1),
)
def test_a_keyword_with_other_words_is_no_keyword(word: str, more: str) -> None:
    for first, second in ((word, more), (more, word)):
        assume((first + second).replace(" ", "").lower() not in WORDS)
        assert find_keyword(first + second) is None
        assert find_keyword(f"{first}, {second}!") is None


@given(st.text())
def test_any_text_is_a_keyword_or_none_and_a_keyword_stays_one(text: str) -> None:
    found = find_keyword(text)
    assert found is None or find_keyword(found.word) == found


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
    found = find_keyword(written)
    assert found is not None
    assert (found.word, found.kind) == (word, WORDS[word])


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "...",
        "🛑",
        "\ufe0f",
        "Stop please",
        "please stop",
        "Don't stop",
        "STOP texting me",
        "stop stop",
        "STOP 2",
        "stop2",
        "st0p",
        "$top",
        "stóp",
        "sto\u0301p",
        "stopp",
        "stopped",
        "nonstop",
        "the end",
        "ended",
        "cancelled",
        "cancel my order",
        "unsubscribed",
        "revoked",
        "opt",
        "out",
        "opt in",
        "optin",
        "opt me out",
        "restart",
        "yes please",
        "y",
        "yeah",
        "info",
        "help me",
        "stop/help",
        "yes, stop",
        "СТОП",
        "alto",
        "stop\u0660",
    ],
)
def test_other_texts_are_no_keywords(written: str) -> None:
    assert find_keyword(written) is None
