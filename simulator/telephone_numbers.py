"""Formats of numbers and senders: E.164 and sender ids in messaging, ten digits in the account API."""

import re


def e164(number: object) -> str | None:
    """Return a number in E.164, with `+1` added to a US number without it; None for other values."""
    if not isinstance(number, str):
        return None
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        return number
    if re.fullmatch(r"1?[2-9][0-9]{9}", number):
        return f"+1{number[-10:]}"
    return None


def sender_id(sender: object) -> str | None:
    """Return a sender id: up to 11 characters with a letter (messaging specification); else None."""
    if not isinstance(sender, str):
        return None
    return sender if re.fullmatch(r"(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}", sender) else None


def agent_id(sender: object) -> str | None:
    """Return the sender id of an RCS agent: up to 100 characters with a letter; else None."""
    if not isinstance(sender, str):
        return None
    return sender if re.fullmatch(r"(?=.*[A-Za-z])[!-~]{1,100}", sender) else None


def sender(text: object) -> str | None:
    """Return a valid sender, a number in E.164 or a sender id; None for other values."""
    return e164(text) or sender_id(text)


def ten_digits(number: str) -> str | None:
    """Return the ten digits of a US number, with or without +1; None for other values."""
    found = re.fullmatch(r"(?:\+?1)?([2-9][0-9]{9})", number)
    return found[1] if found else None
