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


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
