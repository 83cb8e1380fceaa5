"""Telephone numbers: E.164 inside and in messaging, ten digits in the Dashboard API."""

import re

_PUNCTUATION = re.compile(r"[\s().\-\u2010-\u2015\u00a0]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NANP = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")


def to_e164(written: str) -> str:
    """Return a number as people type it, "(919) 555-1212" or "19195551212" or "+1 919…", in E.164.

    Ten digits, or eleven with a leading 1, are taken as North American. Everything else needs its "+".
    Raises ValueError if no telephone number can be made of it.
    """
    bare = _PUNCTUATION.sub("", written)
    if north_american := _NANP.fullmatch(bare):
        return f"+1{north_american[1]}"
    if bare.startswith("+1") or not _E164.fullmatch(bare):
        message = "must be a telephone number in E.164 (+19195551212) or ten digits of North America"
        raise ValueError(message)
    return bare


def to_ten_digits(e164: str) -> str:
    """Return a North American E.164 number as the Dashboard API writes it: ten digits, no +1."""
    return e164.removeprefix("+1")


def from_ten_digits(digits: str) -> str:
    """Return the Dashboard API's ten digits in E.164; E.164 passes through (the V2 account API sends it)."""
    return digits if digits.startswith("+") else f"+1{digits}"


def last_four(number: str) -> str:
    """Return what a log may show of a number."""
    return number[-4:]
