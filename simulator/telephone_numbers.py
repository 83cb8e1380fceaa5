"""The two number formats of the APIs: E.164 in messaging, ten digits in the Dashboard."""

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


def sender_id(sender: object) -> str | None:
    """A sender id: up to 11 characters, one a letter (messaging specification); None if it is none."""
    if not isinstance(sender, str):
        return None
    return sender if re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}", sender) else None


def sender(given: object) -> str | None:
    """What a message may come from: a number, in E.164, or a sender id; None if it is neither."""
    return e164(given) or sender_id(given)


def ten_digits(number: str) -> str | None:
    """The ten digits of a US number in E.164 or without the country; None if it is no such number."""
    found = re.fullmatch(r"(?:\+?1)?([2-9][0-9]{9})", number)
    return found[1] if found else None
