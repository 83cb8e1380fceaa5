"""Times as RFC 3339 text in UTC with milliseconds. Their alphabetical order is their order in time."""

from datetime import UTC, datetime


def now() -> str:
    """Return the current time, such as 2026-01-31T12:00:00.000Z."""
    return _text(datetime.now(UTC))


def to_rfc3339(written: str) -> str:
    """Convert a time from Bandwidth to the format of `now`.

    The time may have any offset and any number of fraction digits. A time without an offset is UTC. Raises
    ValueError if it is not an ISO 8601 time.
    """
    moment = datetime.fromisoformat(written)
    return _text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def parse_time(written: str) -> str:
    """Convert a time of a request to the format of `now`. Raises ValueError if it is not RFC 3339."""
    try:
        moment = datetime.fromisoformat(written)
        if moment.tzinfo:
            return _text(moment)
    except (ValueError, OverflowError):
        pass
    message = (
        f'"{written}" is not a time with an offset. Use RFC 3339 (2026-11-22T10:00:00Z). In a URL, write + '
        "as %2B."
    )
    raise ValueError(message)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
