"""Opt-outs in the Numbers table: participants who do not accept an owner number's texts."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from bandwidth_messaging.domain.lanes import ACCOUNT
from bandwidth_messaging.domain.opt_outs import OptOutItem, OptOutState
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import lane_key, number_key, opt_out_key, rates_key


class SendFacts(NamedTuple):
    """What decides whether and when a number may send: its item, opt-outs of the recipients, and rates.

    `rates` is the item of the rates set through the API, `account_lane` the item of the account's lane. Both
    are empty if they do not exist.
    """

    sender: Item | None
    opt_outs: list[OptOutItem]
    rates: Item
    account_lane: Item


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

    def get_send_facts(self, owner: str, recipients: Sequence[str]) -> SendFacts:
        """Return what decides whether and when a number may send to the recipients, in one read."""
        fixed = (number_key(owner), rates_key(), lane_key(ACCOUNT))
        keys = [*fixed, *(opt_out_key(owner, recipient) for recipient in recipients)]
        items = {item["pk"]: item for item in self._table.get_all(keys, consistent=True)}
        sender, rates, account_lane = (items.get(key["pk"]) for key in fixed)
        opt_outs = [
            cast(OptOutItem, item) for item in items.values() if item.get("optOutState") == OptOutState.OUT
        ]
        return SendFacts(sender, opt_outs, rates or {}, account_lane or {})
