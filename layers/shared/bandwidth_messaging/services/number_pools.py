"""Reads and changes number pools. The ControlApi calls it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.pools import MAX_REMEMBERED, Member, PoolItem, has_left
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput, NotFound, ProblemCode
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.services.send_checks import check_sender

if TYPE_CHECKING:
    from bandwidth_messaging.domain.numbers import NumberItem
    from bandwidth_messaging.store.dynamodb import Item, Page
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.pool_store import Pools

NOT_FOUND: Final = "{} is not a pool of this stack. GET /pools lists the pools."
BUSY: Final = "Another request changed the pool meanwhile. Send the request again."
_LEFT: Final = frozenset({NumberState.RELEASING, NumberState.RELEASED})


@dataclass(frozen=True)
class NumberPools:
    """The pools of the stack."""

    pools: "Pools"
    numbers: "Numbers"

    def get(self, name: str) -> tuple[PoolItem, list[Member]]:
        """Return a pool and its members. Raises NotFound if it does not exist."""
        pool = self._get(name)
        return pool, _describe(pool, self._read(pool["numbers"]))

    def list_all(self, *, limit: int, start: "Item | None" = None) -> "Page":
        """Return a page of the pools, by name."""
        return self.pools.list_all(limit=limit, start=start)

    def set_numbers(
        self, name: str, numbers: Sequence[str], *, match_area_code: bool
    ) -> tuple[PoolItem, list[Member]]:
        """Create a pool, or replace its numbers (E.164). Return the pool and its members.

        A repeated number counts once.
        The pool remembers the numbers that it had, also from before it was deleted, because their opt-outs
        still count. Raises InvalidInput if a number is not of this stack, or if the pool would remember too
        many numbers. Raises Conflict if another request changes the pool at the same time.
        """
        # Before the numbers are read: a number whose release begins later leaves the pool.
        at = now()
        unique = list(dict.fromkeys(numbers))
        items = self._read(unique)
        _check(numbers, items)
        known = self.pools.get(name)
        former = _list_former(known, unique)
        if (total := len(unique) + len(former)) > MAX_REMEMBERED:
            detail = (
                f"the pool would have {total} numbers: {len(unique)} members and {len(former)} former "
                f"members, whose opt-outs still apply. Use at most {MAX_REMEMBERED} in total, or create "
                "another pool. The opt-outs from the former members do not apply to another pool."
            )
            raise InvalidInput([FieldProblem("numbers", detail)])
        pool = self.pools.put(
            known,
            name,
            numbers=unique,
            former_numbers=former,
            match_area_code=match_area_code,
            at=at,
        )
        if pool is None:
            raise Conflict(BUSY, ProblemCode.CONCURRENT_CHANGE)
        return pool, _describe(pool, items)

    def delete_pool(self, name: str) -> PoolItem:
        """Delete a pool. Return it as it was.

        Its record stays with the numbers that it had. Their opt-outs count for messages that wait, and if the
        pool is created again. Raises NotFound and Conflict.
        """
        pool = self._get(name)
        deleted = self.pools.put(
            pool,
            name,
            numbers=(),
            former_numbers=_list_former(pool, ()),
            match_area_code=False,
            at=now(),
            is_deleted=True,
        )
        if deleted is None:
            raise Conflict(BUSY, ProblemCode.CONCURRENT_CHANGE)
        return pool

    def _get(self, name: str) -> PoolItem:
        pool = self.pools.get(name)
        if pool is None or "state" not in pool:
            raise NotFound(NOT_FOUND.format(name))
        return pool

    def _read(self, numbers: Sequence[str]) -> "dict[str, NumberItem]":
        return {item["number"]: item for item in self.numbers.get_all(numbers, consistent=True)}


def check_pool_member(pool: PoolItem, number: str, item: Mapping[str, Any] | None) -> str | None:
    """Return why a number of a pool sends no message, None if it can send.

    A pool never sends from a number that carriers are known to reject, whatever UnregisteredSenders allows.
    """
    if problem := check_sender(number, item, unregistered="refuse"):
        return problem.reason
    if item and has_left(item, pool["updatedAt"]):
        return f"{number} was released and left the pool. PUT /pools/{pool['name']} adds the number again."
    return None


def _describe(pool: PoolItem, items: "Mapping[str, NumberItem]") -> list[Member]:
    return [Member(number, check_pool_member(pool, number, items.get(number))) for number in pool["numbers"]]


def _check(numbers: Sequence[str], items: "Mapping[str, NumberItem]") -> None:
    """Raise InvalidInput with each number that is not of this stack, or that the stack releases."""
    problems = [
        FieldProblem(f"numbers[{position}]", detail)
        for position, number in enumerate(numbers)
        if (detail := _explain_foreign(number, items.get(number)))
    ]
    if problems:
        raise InvalidInput(problems)


def _explain_foreign(number: str, item: "NumberItem | None") -> str | None:
    if item is None:
        return f"{number} is not a number of this stack. GET /numbers lists the stack's numbers."
    return f"{number} is {item['state']}. Leave the number out." if item["state"] in _LEFT else None


def _list_former(known: PoolItem | None, numbers: Sequence[str]) -> list[str]:
    """Return the numbers that a pool has or had, without its new ones."""
    earlier = [*known["numbers"], *known["formerNumbers"]] if known else []
    return sorted({*earlier} - {*numbers})
