"""Phone numbers: E.164 inside and in messaging, ten digits in the Dashboard API."""

import re
import unicodedata
from typing import Final

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_NANP: Final = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")
# E.164 without a 0 where a national trunk prefix could follow the country code (one to three digits).
# Mexico's old mobile prefix is not plain either.
_PLAIN: Final = re.compile(r"\+(?!521)[2-9][1-9]{3}[0-9]{3,11}")
# Until 2019 a Mexican mobile number had a 1 between the country code and its ten digits.
_OLD_MEXICAN_MOBILE: Final = re.compile(r"(?:\+|011)?521([2-9][0-9]{9})")
_TRUNK_PREFIX: Final = re.compile(r"\(\s*0+\s*\)")
_DIALLED_ABROAD: Final = re.compile(r"(?:\+|011)[0-9]+")
_INTERNATIONAL_OF_CALLBACKS: Final = re.compile(r"\+[1-9][0-9]{6,14}|[2-9][0-9]{10,14}")
_PUNCTUATION_OF_CALLBACKS: Final = re.compile(r"[\s().\-\u2010-\u2015\u00a0]+")
# U+2212 is the minus sign, U+30FC what a Japanese keyboard types for it.
_PUNCTUATION: Final = frozenset("()./\u2212\u30fc")
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_MAX_LENGTH: Final = 64
_MAX_SHOWN: Final = 40
_FEWEST_DIGITS: Final = 7

_SHORT_CODE: Final = re.compile(r"[0-9]{3,8}")
_MAX_NAME_BYTES: Final = 500
_USE: Final = "Use E.164 (+19195551212) or ten digits."


def to_e164(written: str) -> str:
    """Return a number as people type or paste it, "(919) 555-1212" or "tel:+1 919…", in E.164.

    Ten digits, or eleven with a leading 1, are North American. Every other number needs "+" or "011" before
    its country code, and is read with the phonenumbers library, which is loaded only then. The 1 of an old
    Mexican mobile number (+52 1) is removed.

    Raises ValueError if `written` is not a phone number. The message shows the value: of seven or more digits
    only the last four, because messages reach logs.
    """
    if _PLAIN.fullmatch(written):
        return written
    if len(written) > _MAX_LENGTH:
        raise _not_a_phone_number(written)
    cleaned = _clean(written)
    bare = "".join(each for each in cleaned if not _is_punctuation(each))
    if north_american := _NANP.fullmatch(bare):
        return f"+1{north_american[1]}"
    if not _DIALLED_ABROAD.fullmatch(bare):
        raise _not_a_phone_number(written)
    if _TRUNK_PREFIX.search(cleaned):
        message = f'"{_shown(written)}" has a (0) after the country code. Leave the (0) out.'
        raise ValueError(message)
    if old_mexican_mobile := _OLD_MEXICAN_MOBILE.fullmatch(bare):
        return f"+52{old_mexican_mobile[1]}"
    e164 = None if bare.startswith("+1") else _read_with_library(bare)
    if e164 is None:
        raise _not_a_phone_number(written)
    return e164


def to_participant(written: str) -> str:
    """Return the other party of a conversation as messages store it.

    That is E.164, or as it came a short code (3 to 8 digits) or a sender that has a name instead of a number,
    such as an alphanumeric sender ID or an email address. Raises ValueError for everything else.
    """
    try:
        return to_e164(written)
    except ValueError:
        if _SHORT_CODE.fullmatch(written) or _is_name(written):
            return written
        raise


def from_callback(written: str) -> str:
    """Return a number of a callback in E.164; a short code or an alphanumeric sender stays as it came.

    Needs no library: without a "+", ten digits, or eleven that begin with 1, are North American, and eleven
    to fifteen others begin with a country code. The 1 of an old Mexican mobile number (+52 1) is removed, so
    that an opt-out and a reply name the same recipient.
    """
    bare = _PUNCTUATION_OF_CALLBACKS.sub("", written)
    if north_american := _NANP.fullmatch(bare):
        return f"+1{north_american[1]}"
    if old_mexican_mobile := _OLD_MEXICAN_MOBILE.fullmatch(bare):
        return f"+52{old_mexican_mobile[1]}"
    if bare.startswith("+1") or not _INTERNATIONAL_OF_CALLBACKS.fullmatch(bare):
        return written
    return f"+{bare.removeprefix('+')}"


def to_ten_digits(e164: str) -> str:
    """Return a North American E.164 number as the Dashboard API writes it: ten digits, no +1."""
    return e164.removeprefix("+1")


def from_ten_digits(digits: str) -> str:
    """Return the Dashboard API's ten digits in E.164; E.164 passes through (the V2 account API sends it)."""
    return digits if digits.startswith("+") else f"+1{digits}"


def last_four(number: str) -> str:
    """Return what a log may show of a number."""
    return number[-4:]


def _clean(written: str) -> str:
    """Return a text with ASCII digits and letters, without a tel: and without invisible characters.

    Invisible are directional marks, soft hyphens, zero-width spaces and all else of Unicode category Cf.
    """
    visible = (each for each in written.translate(_FULL_WIDTH) if unicodedata.category(each) != "Cf")
    digits = (str(unicodedata.decimal(each)) if each.isdecimal() else each for each in visible)
    text = "".join(digits).strip()
    return text[len("tel:") :] if text[: len("tel:")].lower() == "tel:" else text


def _is_punctuation(character: str) -> bool:
    return character.isspace() or character in _PUNCTUATION or unicodedata.category(character) == "Pd"


def _read_with_library(bare: str) -> str | None:
    """Return digits after + or 011 in E.164, None if no country has such numbers."""
    import phonenumbers  # noqa: PLC0415

    try:
        number = phonenumbers.parse(bare, "US")
        e164: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        # The library takes one trunk prefix away; what still has one is not a number.
        is_stable = phonenumbers.parse(e164) == number
    except phonenumbers.NumberParseException:
        return None
    if e164.startswith("+1"):
        return e164 if _NANP.fullmatch(e164) else None
    length = phonenumbers.is_possible_number_with_reason(number)
    is_possible = length == phonenumbers.ValidationResult.IS_POSSIBLE
    return e164 if is_stable and is_possible and _E164.fullmatch(e164) else None


def _is_name(written: str) -> bool:
    return (
        any(each.isalpha() for each in written)
        and written.isprintable()
        and len(written.encode()) <= _MAX_NAME_BYTES
    )


def _not_a_phone_number(written: str) -> ValueError:
    return ValueError(f'"{_shown(written)}" is not a phone number. {_USE}')


def _shown(written: str) -> str:
    """Return what an error may show of a value: of a possible phone number the last four digits."""
    text = "".join(each if each.isprintable() else "?" for each in written[:_MAX_SHOWN])
    places = [place for place, each in enumerate(text) if each.isdecimal()]
    hidden = set(places[:-4]) if len(places) >= _FEWEST_DIGITS else set()
    text = "".join("x" if place in hidden else each for place, each in enumerate(text))
    return text if len(written) <= _MAX_SHOWN else f"{text}..."
