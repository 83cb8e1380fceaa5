"""Names and ids as text: one form of them, for what is sent to Bandwidth and for what Bandwidth lists."""

import unicodedata


def normalized(text: str) -> str:
    """Return a text trimmed, each run of white space as one space, in Unicode's composed form (NFC)."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def is_same_text(one: str | None, other: str | None) -> bool:
    """Return whether two texts are the same name or id once both are normalized; None is the same as none."""
    return one is not None and other is not None and normalized(one) == normalized(other)
