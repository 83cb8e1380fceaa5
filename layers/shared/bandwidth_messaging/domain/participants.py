"""Parses the participants of a conversation request for api/message_routes.

Callbacks store numbers that they cannot convert to E.164 unchanged, for example 00447700900123, 1234567890 or
"Shop, Inc". A request must find a participant by the value that a message shows.
"""

import re
from typing import Final

from bandwidth_messaging.domain.phone_numbers import from_callback, to_e164

_DIGITS: Final = re.compile(r"\+?[0-9]{3,20}")
_AGENT: Final = re.compile(r"(?=.*[A-Za-z])[!-~]{1,100}")
_SEPARATOR: Final = ","


def is_agent_id(written: str) -> bool:
    """Return whether a text can be the sender id of an RCS agent, which has at least one letter."""
    return _AGENT.fullmatch(written) is not None


def to_number_or_agent(written: str) -> str:
    """Convert a number to E.164. The sender id of an RCS agent does not change.

    Raises ValueError for every other value.
    """
    try:
        return to_e164(written)
    except ValueError:
        if is_agent_id(written):
            return written
        raise


def parse_owner_number(written: str) -> str:
    """Return the owner of messages, in the form in which messages store it.

    That form is E.164, or the sender id of an RCS agent. A value of 3 to 20 digits without a "+" is converted
    as the number of a callback, and may stay unchanged. Raises ValueError for every other value.
    """
    try:
        return to_e164(written)
    except ValueError:
        if is_agent_id(written):
            return written
        # With a "+" the value is a mistyped number.
        if _DIGITS.fullmatch(written) and not written.startswith("+"):
            return from_callback(written)
        raise


def list_readings(participants: str) -> list[tuple[str, ...]]:
    """Return the lists of participants that a text with commas can mean.

    A comma separates two participants, or belongs to a sender's name. So consecutive values that are no
    numbers are read as one name with commas, and as several names.
    """
    values = participants.split(_SEPARATOR)
    joined: list[str] = []
    is_after_name = False
    for value in values:
        is_name = not _DIGITS.fullmatch(value)
        if is_name and is_after_name:
            joined[-1] += f"{_SEPARATOR}{value}"
        else:
            joined.append(value)
        is_after_name = is_name
    return list(dict.fromkeys((tuple(joined), tuple(values))))
