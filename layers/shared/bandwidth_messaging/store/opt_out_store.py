"""Opt-outs: who does not want to hear from which of our numbers."""

from collections.abc import Sequence

from bandwidth_messaging.domain.opt_outs import OptOutState
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import number_key, opt_out_key


class OptOuts:
    """The opt-outs in the Numbers table; all numbers in E.164."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, ours: str, theirs: str, *, opted_out: bool, keyword: str, at: str) -> None:
        """Record that a person opted out or in; the latest statement counts, in whatever order they arrive.

        Statements within one second count as simultaneous, and an opt-out wins over an opt-in: V1 reports
        whole seconds, so their order is unknown. `keyword` is the word they wrote, or Bandwidth's failure
        code; `at` is when they wrote it, RFC 3339 in UTC with milliseconds.
        """
        second = at[: len("2026-01-31T12:00:00")]
        # The keyword only decides which of two otherwise equal statements is kept.
        later = "(#since < :since OR (#since = :since AND #keyword < :keyword))"
        wins = (
            f"(#optOutState = :in AND #since < :endOfSecond) OR (#optOutState = :out AND {later})"
            if opted_out
            else f"#since < :second OR (#optOutState = :in AND {later})"
        )
        values = {"in": OptOutState.IN, "since": at, "keyword": keyword} | (
            {"out": OptOutState.OUT, "endOfSecond": f"{second}~"} if opted_out else {"second": second}
        )
        self._table.update(
            opt_out_key(ours, theirs),
            assign={
                "ours": ours,
                "theirs": theirs,
                "optOutState": OptOutState.OUT if opted_out else OptOutState.IN,
                # Only those that stand are in the index.
                "optedOutOf": ours if opted_out else None,
                "keyword": keyword,
                "since": at,
            },
            condition=f"attribute_not_exists(#since) OR {wins}",
            values=values,
        )

    def of_number(self, ours: str, *, limit: int, start: Item | None = None) -> Page:
        """Return the opt-outs that stand for one of our numbers."""
        return self._table.query("optOutsByNumber", {"optedOutOf": ours}, limit=limit, start=start)

    def sender_and_opt_outs(self, ours: str, theirs: Sequence[str]) -> tuple[Item | None, list[Item]]:
        """Return our number's item and those of `theirs` that opted out of it, in one read."""
        keys = [number_key(ours), *(opt_out_key(ours, each) for each in theirs)]
        items = self._table.get_all(keys, consistent=True)
        sender = next((item for item in items if "number" in item), None)
        return sender, [item for item in items if item.get("optOutState") == OptOutState.OUT]
