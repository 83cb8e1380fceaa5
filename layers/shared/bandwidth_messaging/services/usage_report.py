"""Sums the usage of days by day, number or campaign. GET /usage calls it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput, ProblemCode
from bandwidth_messaging.domain.usage import COUNTS, By

if TYPE_CHECKING:
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.usage_store import Usage

MAX_DAYS: Final = 92
NOT_COUNTED: Final = "The stack does not count usage. Deploy it with the parameter UsageCounts=true."


class Prices(NamedTuple):
    """Prices of a sent SMS segment and of a sent MMS, in US dollars."""

    segment: Decimal
    mms: Decimal

    def estimate(self, counts: Mapping[str, int]) -> Decimal:
        """Return the price of what was sent."""
        return counts["sentSegments"] * self.segment + counts["sentMms"] * self.mms


class Sum(NamedTuple):
    """Counters of a day, a number or a campaign. `key` is None for numbers without a campaign."""

    key: str | None
    counts: Counter[str]


@dataclass(frozen=True)
class UsageReport:
    """Reads the counters. `is_counted` is whether the stack writes them."""

    usage: "Usage"
    numbers: "Callable[[], Numbers]"
    is_counted: bool

    def sum_days(self, first: str, last: str, by: By) -> list[Sum]:
        """Return the sums of the days from `first` to `last` (YYYY-MM-DD, both included), sorted by key.

        The campaign of a number is the one that its registration has now. Raises InvalidInput for days in
        the wrong order or too many days, and Conflict if the stack counts no usage.
        """
        if not self.is_counted:
            raise Conflict(NOT_COUNTED, ProblemCode.NOT_ENABLED)
        sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for day in _list_days(first, last):
            for item in self.usage.list_day(day):
                key = day if by == "day" else item["number"]
                sums[key].update({name: item[name] for name in COUNTS if name in item})
        if by == "campaign":
            return self._group_by_campaign(sums)
        return [Sum(key, sums[key]) for key in sorted(sums)]

    def _group_by_campaign(self, sums: dict[str, Counter[str]]) -> list[Sum]:
        items = self.numbers().get_all([*sums])
        campaigns = {
            item["number"]: item["registration"].get("campaignId") for item in items if "registration" in item
        }
        grouped: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
        for number, counts in sums.items():
            grouped[campaigns.get(number)].update(counts)
        return [Sum(key, grouped[key]) for key in sorted(grouped, key=lambda key: key or "")]


def _list_days(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    count = (end - start).days + 1
    if count < 1:
        raise InvalidInput([FieldProblem("to", f"{last} is before from ({first}). Give a later day.")])
    if count > MAX_DAYS:
        detail = f"from {first} to {last} are {count} days. Request at most {MAX_DAYS} days."
        raise InvalidInput([FieldProblem("to", detail)])
    return [(start + timedelta(days=offset)).isoformat() for offset in range(count)]
