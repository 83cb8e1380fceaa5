"""Segment counts of texts. The code is independent of the layer's, so that tests can compare both."""

from collections.abc import Sequence

_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")


def segment_count(text: str) -> int:
    """Return the count of segments of a text (page on segments).

    One segment has 160 GSM-7 or 70 UCS-2 characters. Each of several has 153 or 67.
    A character of the GSM-7 extension takes two places, as does one outside the basic plane in UCS-2.
    """
    if all(each in _GSM_7 or each in _GSM_7_EXTENSION for each in text):
        single, several = 160, 153
        sizes = [2 if each in _GSM_7_EXTENSION else 1 for each in text]
    else:
        single, several = 70, 67
        sizes = [len(each.encode("utf-16-le", "surrogatepass")) // 2 for each in text]
    if sum(sizes) <= single:
        return 1
    count, used = 1, 0
    for size in sizes:
        # A character with two places must be in one segment.
        if used + size > several:
            count, used = count + 1, 0
        used += size
    return count


def count_for_rate(text: str, media: Sequence[str], recipients: Sequence[str]) -> int:
    """Return the segments that count for the account's rate (page on rate limits).

    A text counts its segments. An MMS counts one, and a group message one for each recipient.
    """
    return segment_count(text) if not media and len(recipients) == 1 else len(recipients)
