"""Encoding and segments, against gsm0338 (a codec made from 3GPP TS 23.038) and a cut through its octets."""

from dataclasses import astuple

import pytest
from gsm0338 import Codec  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from bandwidth_messaging.domain.segments import Segments, count_segments

GSM = Codec()
ESCAPE = 0x1B
FIRST_SURROGATES = range(0xD800, 0xDC00)
EXTENSION = "\f^{}\\[~]|€"
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


def gsm_septets(text: str) -> list[int] | None:
    """Return a text in GSM-7, one number a septet, or None if it cannot be written so.

    The codec passes ESCAPE through, which is the way to the extension table and no character of a text.
    """
    if chr(ESCAPE) in text:
        return None
    try:
        return list(GSM.encode(text)[0])
    except UnicodeEncodeError:
        return None


def ucs_2_units(text: str) -> list[int]:
    octets = text.encode("utf-16-be", "surrogatepass")
    return [high << 8 | low for high, low in zip(octets[::2], octets[1::2], strict=True)]


def cut(text: str) -> tuple[str, int]:
    """Return a text's encoding and the number of its segments, each filled up but for half a character."""
    septets = gsm_septets(text)
    if septets is None:
        encoding, units, single, several = "UCS-2", ucs_2_units(text), 70, 67
        first_halves = FIRST_SURROGATES
    else:
        encoding, units, single, several = "GSM-7", septets, 160, 153
        first_halves = range(ESCAPE, ESCAPE + 1)
    count, room = 1, single
    while len(units) > room:
        room = several
        units, count = units[room - 1 if units[room - 1] in first_halves else room :], count + 1
    return encoding, count


def texts_of(*alphabets: str) -> st.SearchStrategy[str]:
    """Texts with long runs of a character, so that they reach and cross the ends of segments."""
    run = st.builds(str.__mul__, st.sampled_from("".join(alphabets)), st.integers(1, 170))
    return st.lists(run | st.sampled_from("".join(alphabets)), max_size=12).map("".join)


written = st.one_of(
    texts_of(BASIC),
    texts_of("a€"),
    texts_of(BASIC, EXTENSION),
    texts_of("aé\u2019ч中"),
    texts_of("a👋"),
    texts_of("a€\x1b\t`\u2019中👋👩\u200d\ufe0f"),
    st.text(max_size=400),
)


@settings(max_examples=500)
@given(written)
def test_encoding_and_count_equal_those_of_another_implementation(text: str) -> None:
    assert astuple(count_segments(text, media=False)) == cut(text)


def test_every_character_is_encoded_as_the_codec_does() -> None:
    wrong = [
        hex(point)
        for point in range(0x10000)
        if (count_segments(chr(point), media=False).encoding == "GSM-7")
        != (gsm_septets(chr(point)) is not None)
    ]
    assert wrong == []


def test_gsm_7_has_137_characters_of_which_ten_take_two_septets() -> None:
    gsm = [
        chr(point) for point in range(0x10000) if count_segments(chr(point), media=False).encoding == "GSM-7"
    ]
    assert (len(gsm), set(gsm)) == (137, set(BASIC + EXTENSION))
    assert {each for each in gsm if count_segments(each * 81, media=False).count == 2} == set(EXTENSION)


@pytest.mark.parametrize(
    ("text", "encoding", "count"),
    [
        ("Good morning!", "GSM-7", 1),
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("a" * 459, "GSM-7", 3),
        ("a" * 2048, "GSM-7", 14),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("a" * 158 + "€", "GSM-7", 1),
        ("a" * 159 + "€", "GSM-7", 2),
        ("a" * 152 + "€" + "a" * 151, "GSM-7", 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3),
        ("€" * 152, "GSM-7", 2),
        ("€" * 153, "GSM-7", 3),
        ("€" * 2048, "GSM-7", 27),
        ("ч" * 70, "UCS-2", 1),
        ("ч" * 71, "UCS-2", 2),
        ("ч" * 134, "UCS-2", 2),
        ("ч" * 135, "UCS-2", 3),
        ("a" * 69 + "\u2019", "UCS-2", 1),
        ("a" * 70 + "\u2019", "UCS-2", 2),
        ("👋" * 35, "UCS-2", 1),
        ("👋" * 36, "UCS-2", 2),
        ("👋" * 66, "UCS-2", 2),
        ("👋" * 67, "UCS-2", 3),
        ("a" * 66 + "👋" + "a" * 65, "UCS-2", 2),
        ("a" * 66 + "👋" + "a" * 66, "UCS-2", 3),
        ("👋" * 2048, "UCS-2", 63),
        ("[👋]", "UCS-2", 1),
    ],
)
def test_segments_split_at_their_documented_lengths(text: str, encoding: str, count: int) -> None:
    assert astuple(count_segments(text, media=False)) == (encoding, count)


@pytest.mark.parametrize(
    "look_alike", ["`", "\t", "\u2019", "\u2013", "…", "ç", "á", "\u0391", "\u00a0", "\x1b"]
)
def test_one_look_alike_of_a_gsm_7_character_makes_the_text_ucs_2(look_alike: str) -> None:
    assert count_segments("a" * 70 + look_alike, media=False) == Segments("UCS-2", 2)


def test_extension_characters_take_one_unit_in_ucs_2() -> None:
    assert count_segments("€" * 69 + "ч", media=False) == Segments("UCS-2", 1)


def test_an_empty_text_is_one_segment() -> None:
    assert count_segments("", media=False) == Segments("GSM-7", 1)


@given(written)
def test_an_mms_is_one_segment_for_any_text(text: str) -> None:
    assert count_segments(text, media=True) == Segments(count_segments(text, media=False).encoding, 1)


def test_half_a_surrogate_pair_counts_as_a_unit() -> None:
    assert count_segments("\ud83d" * 71, media=False) == Segments("UCS-2", 2)
