"""Phone numbers: E.164 in the stack and in messaging, ten digits in the classic account API."""

import re
import unicodedata
from typing import Final

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_NANP: Final = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")
# E.164 without a 0 where a national prefix could follow the country code (one to three digits).
_PLAIN: Final = re.compile(r"\+[2-9][1-9]{3}[0-9]{3,11}")
# Until 2019 a Mexican mobile number had a 1 between the country code and its ten digits. The library rejects
# it. The 1 stays: opt-outs and conversations are stored under the number as Bandwidth sent it.
_OLD_MEXICAN_MOBILE: Final = re.compile(r"(?:\+|011)521([2-9][0-9]{9})")
_TRUNK_PREFIX: Final = re.compile(r"\(\s*0+\s*\)")
_DIALLED_ABROAD: Final = re.compile(r"(?:\+|011)[0-9]+")
_INTERNATIONAL_OF_CALLBACKS: Final = re.compile(r"\+[1-9][0-9]{6,14}|[2-9][0-9]{10,14}")
_PUNCTUATION_OF_CALLBACKS: Final = re.compile(r"[\s().\-\u2010-\u2015\u00a0]+")
# U+2212 is the minus sign. U+30FC is the dash of Japanese keyboards.
_PUNCTUATION: Final = frozenset("()./\u2212\u30fc")
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_MAX_LENGTH: Final = 64
_MAX_SHOWN: Final = 40
_MIN_MASKED_DIGITS: Final = 7

_SHORT_CODE: Final = re.compile(r"[0-9]{3,8}")
_MAX_NAME_BYTES: Final = 500
_USE: Final = "Use E.164 (+19195551212) or ten digits."


def to_e164(written: str) -> str:
    """Convert a number as people type or paste it, "(919) 555-1212" or "tel:+1 919…", to E.164.

    Ten digits, or eleven digits with a leading 1, are North American. Every other number needs "+" or "011"
    before its country code. The phonenumbers library parses such a number and is loaded only then.

    Raises ValueError if `written` is not a phone number. The message contains the value. Of seven or more
    digits it contains only the last four, because messages reach logs.
    """
    if _PLAIN.fullmatch(written):
        return written
    if len(written) > _MAX_LENGTH:
        raise _not_a_phone_number(written)
    cleaned = _clean(written)
    bare = "".join(character for character in cleaned if not _is_punctuation(character))
    if north_american := _NANP.fullmatch(bare):
        return f"+1{north_american[1]}"
    if not _DIALLED_ABROAD.fullmatch(bare):
        raise _not_a_phone_number(written)
    if _TRUNK_PREFIX.search(cleaned):
        message = f'"{_mask(written)}" has a (0) after the country code. Leave the (0) out.'
        raise ValueError(message)
    if old_mexican_mobile := _OLD_MEXICAN_MOBILE.fullmatch(bare):
        return f"+521{old_mexican_mobile[1]}"
    e164 = None if bare.startswith("+1") else _parse_with_library(bare)
    if e164 is None:
        raise _not_a_phone_number(written)
    return e164


def to_participant(written: str) -> str:
    """Convert the other participant of a conversation to the form in which messages store it.

    Phone numbers are converted to E.164. Short codes (3 to 8 digits) and names, such as an alphanumeric
    sender ID or an email address, do not change. Raises ValueError for everything else.
    """
    try:
        return to_e164(written)
    except ValueError:
        if _SHORT_CODE.fullmatch(written) or _is_name(written):
            return written
        raise


def from_callback(written: str) -> str:
    """Convert a number of a callback to E.164. Short codes and alphanumeric senders do not change.

    Loads no library. Without a "+", ten digits, or eleven digits with a leading 1, are North American. Other
    numbers of eleven to fifteen digits begin with a country code.
    """
    bare = _PUNCTUATION_OF_CALLBACKS.sub("", written)
    if north_american := _NANP.fullmatch(bare):
        return f"+1{north_american[1]}"
    if bare.startswith("+1") or not _INTERNATIONAL_OF_CALLBACKS.fullmatch(bare):
        return written
    return f"+{bare.removeprefix('+')}"


def to_ten_digits(e164: str) -> str:
    """Convert a North American E.164 number to the ten digits of the classic account API."""
    return e164.removeprefix("+1")


def from_ten_digits(digits: str) -> str:
    """Convert the ten digits of the classic account API to E.164. E.164 does not change."""
    return digits if digits.startswith("+") else f"+1{digits}"


def last_four(number: str) -> str:
    """Return the last four digits of a number, which is all that a log may contain."""
    return number[-4:]


def _clean(written: str) -> str:
    """Return a text with ASCII digits and letters, without "tel:" and without invisible characters.

    Unicode category Cf is invisible: directional marks, soft hyphens and zero-width spaces.
    """
    visible = (char for char in written.translate(_FULL_WIDTH) if unicodedata.category(char) != "Cf")
    digits = (str(unicodedata.decimal(char)) if char.isdecimal() else char for char in visible)
    text = "".join(digits).strip()
    return text[len("tel:") :] if text[: len("tel:")].lower() == "tel:" else text


def _is_punctuation(character: str) -> bool:
    return character.isspace() or character in _PUNCTUATION or unicodedata.category(character) == "Pd"


def _parse_with_library(bare: str) -> str | None:
    """Convert digits after + or 011 to E.164. Return None if no country has such numbers."""
    import phonenumbers  # noqa: PLC0415

    try:
        number = phonenumbers.parse(bare, "US")
        e164: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        # The library removes one national prefix. A number with a second one is invalid.
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
        any(character.isalpha() for character in written)
        and written.isprintable()
        and len(written.encode()) <= _MAX_NAME_BYTES
    )


def _not_a_phone_number(written: str) -> ValueError:
    return ValueError(f'"{_mask(written)}" is not a phone number. {_USE}')


def _mask(written: str) -> str:
    """Return a value as an error may contain it: only the last four digits of a possible phone number."""
    text = "".join(char if char.isprintable() else "?" for char in written[:_MAX_SHOWN])
    places = [place for place, char in enumerate(text) if char.isdecimal()]
    hidden = set(places[:-4]) if len(places) >= _MIN_MASKED_DIGITS else set()
    text = "".join("x" if place in hidden else char for place, char in enumerate(text))
    return text if len(written) <= _MAX_SHOWN else f"{text}..."
