"""Normalizes names and ids, so that a text sent to Bandwidth equals the text that Bandwidth lists."""

import unicodedata


def normalize(text: str) -> str:
    """Return a text trimmed, each run of white space as one space, in Unicode's composed form (NFC)."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def is_same_text(one: str | None, other: str | None) -> bool:
    """Return whether two texts are the same name or id after normalization. None equals no text."""
    return one is not None and other is not None and normalize(one) == normalize(other)
