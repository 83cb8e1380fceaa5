"""Keywords that stop texts, start them again, or ask for help."""

import random
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandwidth_messaging.domain.keywords import LANGUAGES, Keyword, Keywords
from bandwidth_messaging.domain.opt_outs import KeywordKind

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


# The published lists of keywords, read on 2026-11-28. docs/compliance.md has the rules around them.
PUBLISHED: dict[str, dict[KeywordKind, list[str]]] = {
    # 47 CFR 64.1200(a)(10), as in https://compliancepoint.com/marketing-compliance/
    # fccs-consent-revocation-rule-language-analysis-and-compliance-insights
    "FCC": {OPT_OUT: ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"]},
    # CTIA Messaging Principles and Best Practices, section 5.1.3, as in
    # https://support.colligso.com/helpdesk/en/blog/best_practices_optin_optout
    "CTIA": {OPT_OUT: ["STOP", "stop", "end", "unsubscribe", "cancel", "quit", "please opt me out"]},
    # CWTA Canadian Common Short Code Application Guidelines 3.9, as in
    # https://support.infobip.com/docs/essentials/usa-and-canada-compliance/canadian-mandatory-keyword-responses
    "CWTA": {OPT_OUT: ["STOP", "ARRET", "ARRÊT"], HELP: ["HELP", "AIDE", "INFO"]},
    # https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out and
    # https://www.twilio.com/docs/proxy/opt-out-keywords (French)
    "Twilio": {
        OPT_OUT: [
            *("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"),
            *("ARRETT", "ARRET", "ARRETE"),
        ],
    },
    # https://www.braze.com/docs/user_guide/channels/sms_mms_and_rcs/message_features_and_optimization/
    # keyword_processing/optin_optout (the default words of Twilio's long codes)
    "Braze": {
        OPT_OUT: ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"],
        OPT_IN: ["START", "YES", "UNSTOP"],
        HELP: ["HELP", "INFO"],
    },
    # https://support.twilio.com/hc/en-us/articles/223181928 (short codes of Canada)
    "Twilio, Canada": {OPT_OUT: ["STOP", "END", "QUIT", "CANCEL", "UNSUBSCRIBE", "UNSUB", "ARRET"]},
    # https://www.twilio.com/help/faq/short-codes/what-are-the-requirements-for-a-spanish-language-short-code
    "Twilio, Spanish": {OPT_OUT: ["ALTO"], HELP: ["AYUDA"]},
    # https://support.textizen.com/article/92-reserved-keywords
    "Textizen, Spanish": {OPT_OUT: ["ALTO"], OPT_IN: ["INICIO"], HELP: ["AUXILIO"]},
    # https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out
    "Telnyx": {
        OPT_OUT: ["STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"],
        OPT_IN: ["START", "UNSTOP"],
        HELP: ["HELP"],
    },
    # https://docs.aws.amazon.com/sms-voice/latest/userguide/keywords-required.html
    "AWS": {
        OPT_OUT: [
            *("ARRET", "CANCEL", "END", "OPT-OUT", "OPTOUT", "QUIT", "REMOVE", "STOP", "TD", "UNSUBSCRIBE"),
        ],
        OPT_IN: ["UNSTOP", "START"],
        HELP: ["HELP"],
    },
}


@pytest.mark.parametrize(
    ("source", "kind", "written"),
    [
        (source, kind, written)
        for source, kinds in PUBLISHED.items()
        for kind, texts in kinds.items()
        for written in texts
    ],
)
def test_each_published_keyword_is_recognized(source: str, kind: KeywordKind, written: str) -> None:
    found = KEYWORDS.find(written)

    assert found is not None, source
    assert found.kind is kind


@pytest.mark.parametrize(("word", "kind"), WORDS.items())
def test_each_keyword_is_recognized(word: str, kind: KeywordKind) -> None:
    assert KEYWORDS.find(word) == Keyword(kind, word.replace(" ", ""))


@settings(max_examples=300)
@given(st.data(), st.sampled_from(sorted(WORDS)))
def test_case_punctuation_spaces_and_emoji_change_nothing(data: st.DataObject, word: str) -> None:
    cased = [data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in word]
    # "Yes" is a keyword only as one single word.
    between = st.just("") if word == "yes" else aside
    written = data.draw(aside) + "".join(letter + data.draw(between) for letter in cased) + data.draw(aside)
    assert KEYWORDS.find(written) == KEYWORDS.find(word) is not None


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(WORDS)),
    st.text(alphabet=string.ascii_letters + string.digits + "ßчא中", min_size=1),
)
def test_a_word_that_contains_a_keyword_is_no_keyword(word: str, more: str) -> None:
    for plain in ((word + more).replace(" ", ""), (more + word).replace(" ", "")):
        found = KEYWORDS.find(plain)
        assert found is None or found.kind is REVIEW or found.word == plain.casefold()


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
        ("désabonnement", OPT_OUT),
        ("Parar", OPT_OUT),
        ("¡Alto!", OPT_OUT),
        ("AIDE", HELP),
        ("Info", HELP),
        ("ayuda", HELP),
        ("auxilio", HELP),
        ("Commencer", OPT_IN),
        ("inicio", OPT_IN),
    ],
)
def test_words_of_other_languages(written: str, kind: KeywordKind) -> None:
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
        "cancel my order",
        "take me off this list",
        "Remove me",
        "Remove my number",
        "stopp",
        "STPO",
        "stp!",
        "unsuscribe please",
        "cancle",
        "Do not contact me again, ever, at this or any other number",
        "don't text me",
        "I want to unsubscribe from this list and from all other lists",
        "opt me out, I opted out twice",
        "leave me alone",
        "wrong number",
        "arrêtez de m'envoyer des messages",
        "no más mensajes",
        "deja de enviarme mensajes",
        "por favor dejen de escribir",
        "never text this number again",
        "stop messaging",
        "Opt me out of this program",
        "I said STOP",
        "Hi, please stop",
        "ok stop",
        "Yes, stop",
        "No, stop",
        "just stop",
        "Can you please stop",
        "Stop, I don't want this",
        "I want to stop these messages",
        "please stop all these texts, I have asked you often enough",
        "I don't want these texts",
        "I do not want to receive any more messages from your shop",
        "I revoke my consent",
        "I hereby withdraw all prior consent that I gave you",
        "Do not ever text me again",
        "don't ever message me again",
        "delete me from your list",
        "quiero cancelar",
        "hola, quiero cancelar los mensajes de su tienda",
        "ya no quiero mensajes",
        "no quiero recibir más mensajes",
        "no me manden nada",
        "merci d'arrêter",
        "veuillez arrêter",
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
        "please don't ever stop",
        "I do not want to stop",
        "ne pas arrêter",
        "we must stop this bill",
        "They never stop talking about it",
        "The show must not end",
        "stop2",
        "st0p",
        "stopstop",
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
        "oui",
        "Sí",
        "shop",
        "top",
        "en",
        "quite",
        "СТОП",
        "stop\u0660",
        "Sent from my iPhone",
    ],
)
def test_other_texts_are_no_keywords(written: str) -> None:
    assert KEYWORDS.find(written) is None


@pytest.mark.parametrize("written", ["STOP STOP STOP", "STOP " * 7, "Stop! Stop! Thanks", "arrêt, arrêt"])
def test_a_repeated_opt_out_is_one(written: str) -> None:
    found = KEYWORDS.find(written)

    assert found is not None
    assert (found.kind, found.word) == (OPT_OUT, "arret" if "arr" in written else "stop")


@pytest.mark.parametrize(
    "written",
    [
        *(
            "Yes please",
            "Yes, thank you",
            "yes thanks",
            "thank you, yes",
            "yes yes",
            "Y es",
            "¿Y es?",
            "y.e.s",
        ),
        *("start thanks", "inicio por favor"),
    ],
)
def test_an_opt_in_with_other_words_is_none(written: str) -> None:
    assert KEYWORDS.find(written) is None


@pytest.mark.parametrize("written", ["Yes", "¡YES!", "yes\nSent from my iPhone"])
def test_yes_as_one_single_word_is_an_opt_in(written: str) -> None:
    assert KEYWORDS.find(written) == Keyword(OPT_IN, "yes")


@pytest.mark.parametrize("written", ["help please", "aide svp"])
def test_a_polite_request_for_help_is_one(written: str) -> None:
    found = KEYWORDS.find(written)

    assert found is not None
    assert found.kind is HELP


@pytest.mark.parametrize("written", ["arret", "aide", "parar", "commencer", "inicio"])
def test_only_words_of_the_chosen_languages_are_keywords(written: str) -> None:
    assert ENGLISH.find(written) is None


@pytest.mark.parametrize(("word", "kind"), WORDS.items())
def test_english_words_count_in_every_language(word: str, kind: KeywordKind) -> None:
    assert Keywords.of(["fr"]).find(word) == Keyword(kind, word.replace(" ", ""))


def test_own_words_are_keywords_too_and_win() -> None:
    keywords = Keywords.of(["en"], {OPT_OUT: ["Genug", "no more", "bye bye"], HELP: ["start"]})

    assert keywords.find("GENUG!") == Keyword(OPT_OUT, "genug")
    assert keywords.find("No more, please") == Keyword(OPT_OUT, "nomore")
    assert keywords.find("bye bye") == Keyword(OPT_OUT, "byebye")
    assert keywords.find("start") == Keyword(HELP, "start")
    assert keywords.find("stop") == Keyword(OPT_OUT, "stop")


def test_an_own_word_without_letters_matches_nothing() -> None:
    assert Keywords.of(["en"], {OPT_OUT: ["!", "🛑"]}).find("👍") is None


# Words of keywords, requests, polite tails and signatures, so that every rule decides some of the texts.
VOCABULARY = [
    *(
        "stop",
        "arret",
        "texting",
        "me",
        "please",
        "merci",
        "sent",
        "from",
        "my",
        "iphone",
        "dont",
        "not",
        "opt",
    ),
    *(
        "out",
        "yes",
        "help",
        "unsubscribe",
        "remove",
        "end",
        "cancel",
        "order",
        "the",
        "wrong",
        "number",
        "leave",
    ),
    *("alone", "no", "mas", "mensajes", "start", "12345"),
]
ACCENTS = "\u0300\u0301\u0302\u0308\u0316\u0327\u0335"


@settings(max_examples=300)
@given(st.integers(), st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=8))
def test_case_accents_and_punctuation_never_change_the_result(seed: int, words: list[str]) -> None:
    # To draw each letter from Hypothesis would take most of the time.
    pick = random.Random(seed)  # noqa: S311

    def some(characters: str) -> str:
        return "".join(pick.choices(characters, k=pick.randint(0, 3)))

    written = ""
    for word in words:
        for letter in word:
            written += pick.choice([letter, letter.upper()]) + some(ACCENTS)
        written += some(PUNCTUATION + UNSEEN_AND_EMOJI) + " "

    assert KEYWORDS.find(written) == KEYWORDS.find(" ".join(words))


LONG_TEXTS = {
    "one letter": "x",
    "a keyword": "stop ",
    "a request": "stop texting ",
    "the start of a request": "remove ",
    "a consent": "revoke my all ",
    "a wish": "dont want to receive any more ",
    "a wish in Spanish": "no quiero recibir mas ",
    "a signature": "sent from ",
    "a signature that ends": "sent from my ",
    "a word of a request": "unsubscribe",
    "punctuation": "'.",
    "accents": "\u0300\u0316",
    "a letter with accents": "o\u0300\u0316\u0327",
    "invisible characters": "\u200b",
}


@pytest.mark.parametrize("repeated", LONG_TEXTS.values(), ids=LONG_TEXTS)
def test_the_time_is_linear_in_the_length_of_a_text(repeated: str) -> None:
    def measure(length: int) -> float:
        text = (repeated * length)[:length]
        started = time.process_time()
        KEYWORDS.find(text)
        return time.process_time() - started

    short = min(measure(12_500) for _ in range(3))
    long = min(measure(100_000) for _ in range(3))

    # Eight times the text. Quadratic time would be 64 times, and took seven seconds for accents.
    assert long < 24 * short + 0.05


@settings(max_examples=50, deadline=None)
@given(st.text(), st.integers(1, 10_000))
def test_no_text_raises(text: str, times: int) -> None:
    KEYWORDS.find((text * times)[:100_000])
