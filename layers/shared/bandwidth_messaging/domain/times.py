"""Points in time, written as RFC 3339 in UTC with milliseconds, so that text order is time order."""

from datetime import UTC, datetime


def now() -> str:
    """Return this moment, such as 2026-01-31T12:00:00.000Z."""
    return _text(datetime.now(UTC))


def rfc3339(written: str) -> str:
    """Return a time of Bandwidth's (no, three or six fraction digits, any offset) in our one form.

    Raises ValueError if it is not an ISO 8601 time.
    """
    moment = datetime.fromisoformat(written)
    return _text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
