"""Times as every API writes them: ISO 8601 in UTC with a Z, to the precision its samples show."""

from datetime import datetime


def timestamp(moment: datetime, timespec: str = "milliseconds") -> str:
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")
