"""Opt-outs in the Numbers table: participants who do not accept an owner number's texts."""

from collections.abc import Sequence
from typing import cast

from bandwidth_messaging.domain.opt_outs import OptOutItem, OptOutState
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import number_key, opt_out_key


class OptOuts:
    """The opt-outs in the Numbers table. All numbers are in E.164."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, owner: str, participant: str, *, opted_out: bool, keyword: str, at: str) -> None:
        """Record that a participant opted out of an owner number's texts, or opted in again.

        The latest statement counts, in whatever order the statements arrive. Statements within one second
        count as simultaneous, because V1 reports whole seconds. Of these an opt-out counts. `keyword` is the
        participant's word, or Bandwidth's failure code. `at` is the time of the statement, RFC 3339 in UTC
        with milliseconds.
        """
        second = at[: len("2026-01-31T12:00:00")]
        # Of two statements of the same time the keyword decides, independently of their order of arrival.
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
            opt_out_key(owner, participant),
            assign={
                "ours": owner,
                "theirs": participant,
                "optOutState": OptOutState.OUT if opted_out else OptOutState.IN,
                # The index holds current opt-outs only.
                "optedOutOf": owner if opted_out else None,
                "keyword": keyword,
                "since": at,
            },
            condition=f"attribute_not_exists(#since) OR {wins}",
            values=values,
        )

    def list_by_number(self, owner: str, *, limit: int, start: Item | None = None) -> Page:
        """Return a page of the current opt-outs from an owner number's texts."""
        return self._table.query("optOutsByNumber", {"optedOutOf": owner}, limit=limit, start=start)

    def get_sender_and_opt_outs(
        self, owner: str, recipients: Sequence[str]
    ) -> tuple[Item | None, list[OptOutItem]]:
        """Return the owner number's item and the opt-outs of the recipients, in one read."""
        keys = [number_key(owner), *(opt_out_key(owner, recipient) for recipient in recipients)]
        items = self._table.get_all(keys, consistent=True)
        sender = next((item for item in items if "number" in item), None)
        opt_outs = [cast(OptOutItem, item) for item in items if item.get("optOutState") == OptOutState.OUT]
        return sender, opt_outs
