"""Counts the segments of a text message, the units that Bandwidth bills, and selects its encoding."""

from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038: section 6.2.1 (without the escape code 1B, which is not a character) and section 6.2.1.1.
_GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
_GSM: Final = _GSM_BASIC | _GSM_EXTENSION

_LAST_ONE_UNIT_CHARACTER: Final = "\uffff"


@dataclass(frozen=True)
class Segments:
    """The encoding and the number of segments of a text."""

    encoding: Encoding
    count: int


def count_segments(text: str, *, media: bool) -> Segments:
    """Return a text's encoding and number of segments. `media` means MMS: with media, or to a group.

    A single segment holds 160 septets of GSM-7 or 70 units of UCS-2. Each of several segments holds 153 or
    67, because its header takes six octets. A character of the GSM-7 extension takes two septets. A character
    outside Unicode's basic plane takes two units. Neither is split across segments (3GPP TS 23.040,
    9.2.3.24.1, which mentions escape sequences only; the same is assumed for surrogate pairs). An MMS and an
    empty text are one segment. The encoding of an MMS is the one its text needs as an SMS.
    """
    encoding: Encoding = "GSM-7" if _GSM.issuperset(text) else "UCS-2"
    if media:
        return Segments(encoding, 1)
    if encoding == "GSM-7":
        return Segments(
            encoding, _count([2 if character in _GSM_EXTENSION else 1 for character in text], 160, 153)
        )
    return Segments(
        encoding, _count([2 if character > _LAST_ONE_UNIT_CHARACTER else 1 for character in text], 70, 67)
    )


def _count(sizes: list[int], single: int, several: int) -> int:
    """Return how many segments characters of these sizes fill. No character is split."""
    if sum(sizes) <= single:
        return 1
    count, used = 1, 0
    for size in sizes:
        used += size
        if used > several:
            count, used = count + 1, size
    return count
