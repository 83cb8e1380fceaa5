"""Number pools in the Numbers table, one item each, and the number of each pool's last conversation."""

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from bandwidth_messaging.domain.lanes import ACCOUNT
from bandwidth_messaging.domain.opt_outs import ALL_NUMBERS
from bandwidth_messaging.domain.pools import PoolItem
from bandwidth_messaging.store.keys import (
    lane_key,
    number_key,
    opt_out_key,
    pool_conversation_key,
    pool_key,
    rates_key,
)

if TYPE_CHECKING:
    from bandwidth_messaging.store.dynamodb import Item, Page, Table

_STATE: Final = "pool"
"""The state under which the index numbersByState lists the pools. No number has it."""
_SECONDS_A_DAY: Final = 86_400


class PoolConversation(NamedTuple):
    """A pool, the number that last texted the recipients, and whether over half of its retention is left."""

    pool: PoolItem | None
    last_number: str | None
    is_fresh: bool


class PoolFacts(NamedTuple):
    """What decides which number of a pool sends: the items of its numbers, statements and rates.

    `numbers` are by number (E.164). `statements` are the opt-outs and opt-ins of the recipients.
    """

    numbers: "dict[str, Item]"
    statements: "list[Item]"
    rates: "Item"
    account_lane: "Item"


class Pools:
    """The pools, and their last conversations. All numbers are in E.164.

    A pool forgets the number of a conversation `retention_days` after it was recorded.
    """

    def __init__(self, table: "Table", retention_days: int) -> None:
        self._table = table
        self._retention = retention_days * _SECONDS_A_DAY

    def get(self, name: str) -> PoolItem | None:
        """Return a pool, also a deleted one, which has no `state`."""
        return cast("PoolItem | None", self._table.get(pool_key(name)))

    def list_all(self, *, limit: int, start: "Item | None" = None) -> "Page":
        """Return a page of the pools that are not deleted, by name."""
        return self._table.query("numbersByState", {"state": _STATE}, limit=limit, start=start)

    def put(
        self,
        known: PoolItem | None,
        name: str,
        *,
        numbers: Sequence[str],
        former_numbers: Sequence[str],
        match_area_code: bool,
        at: str,
        is_deleted: bool = False,
    ) -> PoolItem | None:
        """Store a pool. Return None, and change nothing, if the stored pool is no longer as known."""
        done, item = self._table.change(
            pool_key(name),
            cast("Item", known or {}),
            {
                "name": name,
                "state": None if is_deleted else _STATE,
                "numbers": list(numbers),
                "formerNumbers": list(former_numbers),
                "matchAreaCode": match_area_code,
                "updatedAt": at,
            },
        )
        return cast("PoolItem", item) if done else None

    def get_conversation(self, name: str, recipients: Iterable[str]) -> PoolConversation:
        """Return a pool that is not deleted and the number of its last conversation, in one read."""
        conversation = pool_conversation_key(name, recipients)
        found = self._table.get_all([pool_key(name), conversation], consistent=True)
        items = {item["pk"]: item for item in found}
        pool, last = items.get(pool_key(name)["pk"], {}), items.get(conversation["pk"], {})
        return PoolConversation(
            cast("PoolItem", pool) if "state" in pool else None,
            last.get("sender"),
            is_fresh=last.get("expiresAt", 0) > time.time() + self._retention / 2,
        )

    def get_facts(self, pool: PoolItem, recipients: Sequence[str]) -> PoolFacts:
        """Return what decides which number of a pool sends, in one read for up to 100 items."""
        owners = [*pool["numbers"], *pool["formerNumbers"], ALL_NUMBERS]
        rates, account_lane = rates_key(), lane_key(ACCOUNT)
        keys = [number_key(number) for number in pool["numbers"]]
        keys += [opt_out_key(owner, recipient) for owner in owners for recipient in recipients]
        found = self._table.get_all([rates, account_lane, *keys], consistent=True)
        items = {item["pk"]: item for item in found}
        return PoolFacts(
            {item["number"]: item for item in found if "number" in item},
            [item for item in found if "optOutState" in item],
            items.get(rates["pk"], {}),
            items.get(account_lane["pk"], {}),
        )

    def record_conversation(self, name: str, recipients: Iterable[str], number: str) -> None:
        """Record the number that texted the recipients."""
        self._table.update(
            pool_conversation_key(name, recipients),
            assign={"sender": number, "expiresAt": int(time.time()) + self._retention},
        )
