"""The two ways the APIs write a number: E.164 in messaging, ten digits in the Dashboard."""

import re


def e164(number: object) -> str | None:
    """A number in E.164, `+1` added where a US number leaves it out; None if it is no number."""
    if not isinstance(number, str):
        return None
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        return number
    if re.fullmatch(r"1?[2-9][0-9]{9}", number):
        return f"+1{number[-10:]}"
    return None


def ten_digits(number: str) -> str | None:
    """The ten digits of a US number in E.164 or without the country; None if it is no such number."""
    found = re.fullmatch(r"(?:\+?1)?([2-9][0-9]{9})", number)
    return found[1] if found else None
