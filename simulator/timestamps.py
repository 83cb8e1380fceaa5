"""Times in the format of the APIs: ISO 8601 in UTC with a Z, in the precision of the samples."""

import re
from datetime import datetime

RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.IGNORECASE,
)


def timestamp(moment: datetime, timespec: str = "milliseconds") -> str:
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def moment(text: object) -> datetime | None:
    """Parse a time in RFC 3339 with any offset. Returns None for other values."""
    if not isinstance(text, str) or not RFC_3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None
