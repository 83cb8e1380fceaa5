"""Opt-outs in the Numbers table: participants who do not accept an owner number's texts."""

from collections.abc import Sequence
from itertools import count
from random import uniform
from time import sleep
from typing import Final, NamedTuple

from botocore.exceptions import ClientError

from bandwidth_messaging.domain.lanes import ACCOUNT
from bandwidth_messaging.domain.opt_outs import (
    ALL_NUMBERS,
    OptOutItem,
    OptOutScope,
    OptOutSource,
    OptOutState,
    select_current,
    select_for_member,
    select_latest,
)
from bandwidth_messaging.store.dynamodb import Attempt, InvalidStartKey, Item, Page, Table
from bandwidth_messaging.store.keys import lane_key, number_key, opt_out_key, pool_key, rates_key


class SendFacts(NamedTuple):
    """What decides whether and when a number may send: its item, opt-outs of the recipients, and rates.

    `rates` is the item of the rates set through the API, `account_lane` the item of the account's lane. Both
    are empty if they do not exist.
    """

    sender: Item | None
    opt_outs: list[OptOutItem]
    rates: Item
    account_lane: Item


class ReplyFacts(NamedTuple):
    """What decides whether a number may reply: its item, whether both are numbers, and opt-outs."""

    sender: Item | None
    is_own_number: bool
    opt_outs: list[OptOutItem]


_THROTTLED: Final = {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}
# The pauses are at most 0.3, 0.6, … 19.2 seconds.
_FIRST_PAUSE_SECONDS: Final = 0.3
_MAX_PAUSES: Final = 7


class OptOuts:
    """The opt-outs in the Numbers table. All numbers are in E.164.

    With the scope `stack` a statement counts for all numbers of the stack, and its owner is ALL_NUMBERS.
    Statements that were stored with the other scope still count: those about one number for that number, and
    those about all numbers for each of them.
    """

    def __init__(self, table: Table, scope: str = OptOutScope.NUMBER) -> None:
        self._table = table
        self._is_stack_wide = scope == OptOutScope.STACK

    def record(
        self,
        owner: str,
        participant: str,
        *,
        opted_out: bool,
        keyword: str,
        at: str,
        source: OptOutSource = OptOutSource.TEXT,
        note: str | None = None,
        text_id: str | None = None,
        imported_row: str | None = None,
        only_new: bool = False,
    ) -> Attempt:
        """Record that a participant opted out of an owner number's texts, or opted in again.

        The latest statement counts, in whatever order the statements arrive. Statements within one second
        count as simultaneous, because V1 reports whole seconds. Of these an opt-out counts. `keyword` is the
        participant's word, or Bandwidth's failure code. `at` is the time of the statement, RFC 3339 in UTC
        with milliseconds. `text_id` is the id of the participant's text, and `imported_row` identifies the
        row of an import. With `only_new` every stored statement counts instead.

        The result is not done if a stored statement counts instead. The result then has that statement.
        """
        owner = self._owner(owner)
        second = at[: len("2026-01-31T12:00:00")]
        # Of two statements of the same time the keyword decides, independently of their order of arrival.
        later = "(#since < :since OR (#since = :since AND #keyword < :keyword))"
        replaces = (
            f"(#optOutState = :in AND #since < :endOfSecond) OR (#optOutState = :out AND {later})"
            if opted_out
            else f"#since < :second OR (#optOutState = :in AND {later})"
        )
        values = {"in": OptOutState.IN, "since": at, "keyword": keyword} | (
            {"out": OptOutState.OUT, "endOfSecond": f"{second}~"} if opted_out else {"second": second}
        )
        return self._table.attempt(
            opt_out_key(owner, participant),
            assign={
                "ours": owner,
                "theirs": participant,
                "optOutState": OptOutState.OUT if opted_out else OptOutState.IN,
                # The index holds current opt-outs only.
                "optedOutOf": owner if opted_out else None,
                "keyword": keyword,
                "since": at,
                "source": source,
                "note": note,
                "textId": text_id,
                "importedRow": imported_row,
            },
            condition="attribute_not_exists(#since)" + ("" if only_new else f" OR {replaces}"),
            values=None if only_new else values,
        )

    def record_patiently(
        self,
        owner: str,
        participant: str,
        *,
        keyword: str,
        at: str,
        source: OptOutSource,
        note: str | None,
        imported_row: str,
        only_new: bool,
    ) -> bool:
        """Record an opt-out of many. Return whether this row of the import is the stored statement.

        A write can take effect without a response. Its repetition then finds the statement of its own row.
        Throttled writes are repeated after a pause that doubles, with jitter, for 20 seconds on average.
        """
        for attempt in count():
            try:
                done, stored = self.record(
                    owner,
                    participant,
                    opted_out=True,
                    keyword=keyword,
                    at=at,
                    source=source,
                    note=note,
                    imported_row=imported_row,
                    only_new=only_new,
                )
                return done or (stored or {}).get("importedRow") == imported_row
            except ClientError as error:
                if error.response["Error"]["Code"] not in _THROTTLED or attempt == _MAX_PAUSES:
                    raise
            sleep(uniform(0, _FIRST_PAUSE_SECONDS * 2**attempt))  # noqa: S311 - not a secret
        raise AssertionError

    def get_latest(self, owner: str, participant: str) -> tuple[OptOutItem | None, bool]:
        """Return the statement that decides, and whether `record` would replace it."""
        found = self._table.get_all(_keys(owner, [participant]), consistent=True)
        latest = next(iter(select_latest(found)), None)
        return latest, latest is None or latest["ours"] == self._owner(owner)

    def list_by_number(self, owner: str, *, limit: int, start: Item | None = None) -> Page:
        """Return a page of the current opt-outs from an owner number's texts.

        The opt-outs from all numbers follow those of the number. Opt-outs that a statement of the other scope
        has ended are left out, so that a page can have fewer items than `limit`. Raises InvalidStartKey if
        `start` is not a key that this method returned.
        """
        owners = [owner, ALL_NUMBERS]
        if start and start.get("optedOutOf") not in owners:
            raise InvalidStartKey
        items: list[Item] = []
        for listed in owners[owners.index(start["optedOutOf"]) if start else 0 :]:
            page = self._table.query(
                "optOutsByNumber", {"optedOutOf": listed}, limit=limit - len(items), start=start
            )
            start = None
            items += page.items
            if page.next_key:
                return Page(self._leave_out_ended(items, owner), page.next_key)
            if len(items) == limit and listed != owners[-1]:
                next_key = opt_out_key(listed, items[-1]["theirs"]) | {"optedOutOf": listed}
                return Page(self._leave_out_ended(items, owner), next_key)
        return Page(self._leave_out_ended(items, owner), None)

    def list_by_stack(self, *, limit: int, start: Item | None = None) -> Page:
        """Return a page of the current opt-outs from all numbers of the stack."""
        return self._table.query("optOutsByNumber", {"optedOutOf": ALL_NUMBERS}, limit=limit, start=start)

    def list_all(self, *, limit: int, start: Item | None = None) -> Page:
        """Return a page of all current opt-outs, in no order.

        Opt-outs from one number that a statement about all numbers has ended are left out, so that a page can
        have fewer items than `limit`.
        """
        page = self._table.scan("optOutsByNumber", limit=limit, start=start)
        return page._replace(items=self._leave_out_ended(page.items))

    def get_send_facts(self, owner: str, recipients: Sequence[str], pool: str | None = None) -> SendFacts:
        """Return what decides whether and when a number may send to the recipients, in one read.

        If the number sends for a `pool`, another read finds the opt-outs from the pool's other numbers.
        """
        fixed = (number_key(owner), rates_key(), lane_key(ACCOUNT))
        keys = [*fixed, *_keys(owner, recipients), *([pool_key(pool)] if pool else [])]
        found = self._table.get_all(keys, consistent=True)
        items = {item["pk"]: item for item in found}
        sender, rates, account_lane = (items.get(key["pk"]) for key in fixed)
        statements = [item for item in found if "optOutState" in item]
        opt_outs = select_current(statements)
        if pool and (stored := items.get(pool_key(pool)["pk"])):
            others = {*stored["numbers"], *stored["formerNumbers"]} - {owner}
            keys = [opt_out_key(number, recipient) for number in sorted(others) for recipient in recipients]
            statements += self._table.get_all(keys, consistent=True)
            opt_outs = select_for_member(statements, owner, stored["formerNumbers"])
        return SendFacts(sender, opt_outs, rates or {}, account_lane or {})

    def get_reply_facts(self, owner: str, participant: str) -> ReplyFacts:
        """Return what decides whether a number may reply to a participant, in one read."""
        fixed = (number_key(owner), number_key(participant))
        found = self._table.get_all([*fixed, *_keys(owner, [participant])])
        items = {item["pk"]: item for item in found}
        sender, own_number = (items.get(key["pk"]) for key in fixed)
        opt_outs = select_current(item for item in found if "optOutState" in item)
        return ReplyFacts(sender, own_number is not None, opt_outs)

    def _leave_out_ended(self, items: list[Item], owner: str | None = None) -> list[Item]:
        """Return the opt-outs that no later opt-in of the other scope has ended.

        For an opt-out from all numbers this depends on `owner`. Without `owner` it stays.
        """
        others = [_other_key(item, owner) for item in items]
        unique = {key["pk"]: key for key in others if key}
        found = {item["pk"]: item for item in self._table.get_all([*unique.values()])}
        return [
            item
            for item, key in zip(items, others, strict=True)
            if key is None or key["pk"] not in found or select_current([item, found[key["pk"]]])
        ]

    def _owner(self, owner: str) -> str:
        return ALL_NUMBERS if self._is_stack_wide else owner


def _other_key(item: Item, owner: str | None) -> Item | None:
    """Return the key of the other statement that decides about an opt-out, if there is one."""
    if item["ours"] != ALL_NUMBERS:
        return opt_out_key(ALL_NUMBERS, item["theirs"])
    return opt_out_key(owner, item["theirs"]) if owner else None


def _keys(owner: str, recipients: Sequence[str]) -> list[Item]:
    """Return the keys of every statement that decides whether the owner number may send."""
    return [opt_out_key(each, recipient) for recipient in recipients for each in (owner, ALL_NUMBERS)]
