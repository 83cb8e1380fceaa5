"""Quiet hours: the part of the day, in the recipient's time zone, in which no message is sent.

The area code of a number decides its time zone. A recipient may live elsewhere: no API reports that.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Final, Self
from zoneinfo import ZoneInfo

_HOURS: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
# A clock that is set back shows the same time twice: `fold` of datetime tells the two apart.
_FOLDS: Final = (0, 1)
_MAX_CACHED: Final = 1024


@dataclass(frozen=True)
class QuietHours:
    """The parameter QuietHours: local times. If `end` is before `start`, it is on the next day."""

    start: time
    end: time

    @classmethod
    def parse(cls, written: str) -> Self | None:
        """Return the hours of a text such as "21:00-08:00". None means no quiet hours.

        That is an empty text, or a range that ends when it starts. Raises ValueError for every other text.
        """
        if not written:
            return None
        if not (hours := _HOURS.fullmatch(written)):
            message = f'QuietHours: "{written}" is not a range of hours. Use HH:MM-HH:MM (21:00-08:00).'
            raise ValueError(message)
        start_hour, start_minute, end_hour, end_minute = map(int, hours.groups())
        start, end = time(start_hour, start_minute), time(end_hour, end_minute)
        return cls(start, end) if start != end else None

    def end_for(self, recipients: Iterable[str], moment: datetime) -> datetime:
        """Return the first time from `moment` on that is quiet for none of the recipients (E.164).

        A number whose time zone is ambiguous counts as being in all of its zones. If each time is quiet for
        some recipient, the result is the first time that is quiet in the fewest zones. For that time the
        result is the time itself: a message that waits until then is not postponed again.
        """
        zones = {zone for recipient in recipients for zone in find_time_zones(recipient)}
        if self._count_quiet(zones, moment) == 0:
            return moment
        times = {moment} | {end for zone in zones for end in self._ends(zone, moment)}
        return min(times, key=lambda time: (self._count_quiet(zones, time), time))

    def _count_quiet(self, zones: Iterable[str], moment: datetime) -> int:
        return sum(self._is_quiet(zone, moment) for zone in zones)

    def _is_quiet(self, zone: str, moment: datetime) -> bool:
        local = moment.astimezone(_zone(zone)).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end

    def _ends(self, zone: str, moment: datetime) -> list[datetime]:
        """Return the ends of the quiet hours in the next two days."""
        today = moment.astimezone(_zone(zone)).date()
        days: Sequence[date] = [today + timedelta(days=number) for number in range(3)]
        ends = [
            datetime.combine(day, self.end.replace(fold=fold), _zone(zone)).astimezone(UTC)
            for day in days
            for fold in _FOLDS
        ]
        return [end for end in ends if end > moment]


@lru_cache(maxsize=_MAX_CACHED)
def find_time_zones(number: str) -> tuple[str, ...]:
    """Return the names of the time zones in which a number (E.164) may be.

    Toll-free numbers and others without an area may be in all zones of their country code.
    """
    # Loaded only for stacks with quiet hours: the library has large tables.
    from phonenumbers import NumberParseException, parse, timezone  # noqa: PLC0415

    try:
        parsed = parse(number)
    except NumberParseException:
        return ("UTC",)
    for find in (timezone.time_zones_for_number, timezone.time_zones_for_geographical_number):
        zones: tuple[str, ...] = find(parsed)
        if zones != (timezone.UNKNOWN_TIMEZONE,):
            return zones
    return ("UTC",)


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
