"""Usage of numbers: what is counted, and the days of a report."""

from datetime import date
from typing import Final, Literal

By = Literal["day", "number", "campaign"]

COUNTS: Final = (
    "sentMessages", "sentSegments", "sentMms", "receivedMessages", "receivedSegments", "receivedMms",
)  # fmt: skip
"""Messages count once for each recipient. Segments are those of SMS; an MMS has none."""


def parse_day(written: str) -> str:
    """Return a day (2026-11-22). Raises ValueError if it is not one."""
    try:
        # fromisoformat also accepts 20261122 and 2026-W47-7.
        if date.fromisoformat(written).isoformat() == written:
            return written
    except ValueError:
        pass
    message = f'"{written}" is not a day. Use YYYY-MM-DD, such as 2026-11-22.'
    raise ValueError(message)
