"""Segments: in how many parts a text message travels and is paid for, and in which encoding."""

from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038: section 6.2.1 without the escape at 1B, which is no character, and section 6.2.1.1.
_GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
_GSM: Final = _GSM_BASIC | _GSM_EXTENSION

_LAST_OF_ONE_UNIT: Final = "\uffff"


@dataclass(frozen=True)
class Segments:
    """A text's encoding, and how many segments it makes."""

    encoding: Encoding
    count: int


def segments(text: str, *, media: bool) -> Segments:
    """Return how a text is encoded and cut; `media` tells that it goes as MMS: with media, or to a group.

    One segment holds 160 septets of GSM-7 or 70 units of UCS-2; each of several holds 153 or 67, because six
    octets are its header. A character of the GSM-7 extension takes two septets, one outside the Unicode basic
    plane two units, and neither is torn apart (3GPP TS 23.040, 9.2.3.24.1; it speaks of escape sequences,
    and half a surrogate pair is no more a character than half of those). An MMS is always one segment, whose
    encoding is the one the text would take. A text without characters is one segment too.
    """
    encoding: Encoding = "GSM-7" if _GSM.issuperset(text) else "UCS-2"
    if media:
        return Segments(encoding, 1)
    if encoding == "GSM-7":
        return Segments(encoding, _count([2 if each in _GSM_EXTENSION else 1 for each in text], 160, 153))
    return Segments(encoding, _count([2 if each > _LAST_OF_ONE_UNIT else 1 for each in text], 70, 67))


def _count(sizes: list[int], single: int, several: int) -> int:
    """Return how many segments characters of these sizes fill, none of them torn apart."""
    if sum(sizes) <= single:
        return 1
    count, used = 1, 0
    for size in sizes:
        used += size
        if used > several:
            count, used = count + 1, size
    return count
