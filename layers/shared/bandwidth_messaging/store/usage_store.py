"""The Usage table: one item of counters for each day (UTC) and number."""

from collections.abc import Iterator, Mapping
from typing import Final

from bandwidth_messaging.store.dynamodb import Item, Table

_PAGE_SIZE: Final = 1000


class Usage:
    """The counters of days and numbers."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, day: str, number: str, counts: Mapping[str, int]) -> None:
        """Add to the counters of a day and a number (E.164)."""
        self._table.attempt(_key(day, number), add=counts)

    def list_day(self, day: str) -> Iterator[Item]:
        """Yield the counters of every number of a day, sorted by number."""
        start: Item | None = None
        while True:
            page = self._table.query_table({"day": day}, limit=_PAGE_SIZE, start=start)
            yield from page.items
            start = page.next_key
            if start is None:
                return


def _key(day: str, number: str) -> Item:
    return {"day": day, "number": number}
