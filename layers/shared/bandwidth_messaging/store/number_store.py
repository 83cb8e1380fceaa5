"""Numbers in the Numbers table: the state of each number, and its order, application and location."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from bandwidth_messaging.domain.numbers import Home, NumberItem, NumberState, Preflight
from bandwidth_messaging.store.dynamodb import InvalidStartKey, Item, Page, Table
from bandwidth_messaging.store.keys import number_key

if TYPE_CHECKING:
    from bandwidth_messaging.domain.orders import Failure
    from bandwidth_messaging.domain.registration import Registration
    from bandwidth_messaging.domain.replies import NumberReplies

_PAGE_SIZE: Final = 1000


class Numbers:
    """The numbers in the Numbers table. All numbers are in E.164."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, number: str) -> NumberItem | None:
        """Return a number's item."""
        return cast("NumberItem | None", self._table.get(number_key(number)))

    def get_all(self, numbers: Sequence[str], *, consistent: bool = False) -> list[NumberItem]:
        """Return the items of these numbers, in their order. A number without an item is skipped."""
        keys = [number_key(number) for number in numbers]
        return cast("list[NumberItem]", self._table.get_all(keys, consistent=consistent))

    def expect(self, number: str, home: Home, at: str) -> None:
        """Record that an order may add a number. A number that is active or in release does not change."""
        self._table.update(
            number_key(number),
            assign={
                "number": number,
                "state": NumberState.PENDING,
                "pendingAt": at,
                "detachedAt": None,
                "reason": None,
                "errorCode": None,
                **home.attributes(),
            },
            condition="attribute_not_exists(#pk) OR #state IN (:failed, :released)",
            values={"failed": NumberState.FAILED, "released": NumberState.RELEASED},
        )

    def start_release(self, number: str, home: Home, at: str) -> None:
        """Record that a number is in release: it can no longer send."""
        self._table.update(
            number_key(number),
            assign={
                "number": number,
                "state": NumberState.RELEASING,
                "releasingAt": at,
                "reason": None,
                "errorCode": None,
                "customerOrderId": home.customer_order_id,
            },
            keep={"api": home.api, "siteId": home.site_id, "locationId": home.location_id},
            condition="attribute_not_exists(#pk) OR NOT #state IN (:releasing, :released)",
            values={"releasing": NumberState.RELEASING, "released": NumberState.RELEASED},
        )

    def record_detached(self, number: str, at: str) -> None:
        """Record that a number in release has left Catapult."""
        self._table.update(
            number_key(number),
            assign={"detachedAt": at, "numberId": None, "applicationId": None},
            condition="#state = :releasing",
            values={"releasing": NumberState.RELEASING},
        )

    def release(self, number: str, at: str) -> None:
        """Record that a number in release is released."""
        self._table.update(
            number_key(number),
            assign={"state": NumberState.RELEASED, "releasedAt": at, "reason": None, "errorCode": None},
            condition="#state = :releasing",
            values={"releasing": NumberState.RELEASING},
        )

    def record_messaging_lost(self, number: str, at: str) -> None:
        """Record that Bandwidth reported at this time that a hosted number lost messaging.

        A number that became active later belongs to another order and does not change.
        """
        self._table.update(
            number_key(number),
            assign={
                "state": NumberState.RELEASED,
                "releasedAt": at,
                "reason": "Bandwidth reported that another provider now carries the number's messages",
                "errorCode": "MESSAGING_LOST",
            },
            condition="#state = :active AND (attribute_not_exists(#activeAt) OR #activeAt <= :at)",
            values={"active": NumberState.ACTIVE, "at": at},
        )

    def record_release_failure(self, failure: "Failure") -> None:
        """Record why a number in release was not released. The number stays in release and cannot send."""
        self._table.update(
            number_key(str(failure["number"])),
            assign={"reason": failure["reason"], "errorCode": failure["code"]},
            condition="#state = :releasing",
            values={"releasing": NumberState.RELEASING},
        )

    def activate(
        self,
        number: str,
        home: Home,
        at: str,
        *,
        number_id: str | None = None,
        registration: "Registration | None" = None,
        preflight: Preflight | None = None,
    ) -> None:
        """Record that a number is active. A repetition changes nothing, so that one event is published.

        A number that is in release or released stays so until another order adds it. `number_id` is
        Catapult's id of the number, and `preflight` the result of the check before its first send.
        """
        self._table.update(
            number_key(number),
            assign={
                "number": number,
                "state": NumberState.ACTIVE,
                "activeAt": at,
                "numberId": number_id,
                "registration": dict(registration) if registration else None,
                "detachedAt": None,
                "reason": None,
                "errorCode": None,
                "preflight": preflight,
                **home.attributes(),
            },
            # The item of a number that was released before its order ended has only the customerOrderId.
            condition="attribute_not_exists(#pk) OR NOT #state IN (:active, :releasing, :released)"
            " OR (attribute_exists(#orderId) AND #orderId <> :order)"
            " OR (attribute_not_exists(#orderId) AND #customerOrderId <> :customerOrder)",
            values={
                "active": NumberState.ACTIVE,
                "releasing": NumberState.RELEASING,
                "released": NumberState.RELEASED,
                "order": home.order_id,
                "customerOrder": home.customer_order_id,
            },
        )

    def record_registration(self, number: str, registration: "Registration") -> None:
        """Record the registration of an active number."""
        self._table.update(
            number_key(number),
            assign={"registration": dict(registration)},
            condition="#state = :active",
            values={"active": NumberState.ACTIVE},
        )

    def record_preflight(self, number: str, preflight: Preflight) -> None:
        """Record the result of the check before a number's first send."""
        self._table.update(
            number_key(number), assign={"preflight": preflight}, condition="attribute_exists(#pk)"
        )

    def set_replies(self, number: str, replies: "NumberReplies") -> NumberItem | None:
        """Set the replies of a number, none of its own if empty. Return the number's item, None if absent.

        A repetition changes nothing, so that one event is published.
        """
        changes = "(attribute_not_exists(#replies) OR #replies <> :replies)"
        result = self._table.attempt(
            number_key(number),
            assign={"replies": dict(replies) or None},
            condition=f"attribute_exists(#pk) AND {changes if replies else 'attribute_exists(#replies)'}",
            values={"replies": dict(replies)} if replies else None,
        )
        return cast("NumberItem | None", result.item)

    def fail(self, failure: "Failure", home: Home, at: str) -> None:
        """Record why an order failed to add a number. A number of another order does not change."""
        number = failure["number"]
        if number is None:
            message = "the failure has no number: record it on the order"
            raise ValueError(message)
        self._table.update(
            number_key(number),
            assign={
                "number": number,
                "state": NumberState.FAILED,
                "failedAt": at,
                "reason": failure["reason"],
                "errorCode": failure["code"],
                **home.attributes(),
            },
            condition="attribute_not_exists(#pk) OR #state = :pending"
            " OR (#state IN (:failed, :released) AND #orderId <> :order)",
            values={
                "pending": NumberState.PENDING,
                "failed": NumberState.FAILED,
                "released": NumberState.RELEASED,
                "order": home.order_id,
            },
        )

    def list_by_state(self, state: str, *, limit: int, start: Item | None = None) -> Page:
        """Return a page of the numbers in a state, sorted by number."""
        return self._table.query("numbersByState", {"state": state}, limit=limit, start=start)

    def list_all_by_state(self, state: str) -> list[NumberItem]:
        """Return every number in a state."""
        return _read_all(partial(self.list_by_state, state))

    def list_by_states(self, states: Sequence[str], *, limit: int, start: Item | None = None) -> Page:
        """Return a page of the numbers in any of the states, state by state.

        Raises InvalidStartKey if `start` is not a key that this method returned.
        """
        if start and start.get("state") not in states:
            raise InvalidStartKey
        items: list[Item] = []
        for state in states[states.index(start["state"]) if start else 0 :]:
            page = self.list_by_state(state, limit=limit - len(items), start=start)
            start = None
            items += page.items
            if len(items) == limit:
                return Page(items, number_key(items[-1]["number"]) | {"state": state})
        return Page(items, None)

    def list_failed_by_order(self, customer_order_id: str, *, limit: int) -> list[NumberItem]:
        """Return up to `limit` numbers that an order failed to add."""
        found: list[NumberItem] = []
        start: Item | None = None
        while len(found) < limit:
            page = self.list_by_order(customer_order_id, limit=_PAGE_SIZE, start=start)
            found += [item for item in _typed(page) if item["state"] == NumberState.FAILED]
            start = page.next_key
            if start is None:
                break
        return found[:limit]

    def list_all_by_order(self, customer_order_id: str) -> list[NumberItem]:
        """Return every number that an order added or failed to add."""
        return _read_all(partial(self.list_by_order, customer_order_id))

    def list_by_order(self, customer_order_id: str, *, limit: int, start: Item | None = None) -> Page:
        """Return a page of the numbers that an order added or failed to add."""
        return self._table.query(
            "numbersByOrder", {"customerOrderId": customer_order_id}, limit=limit, start=start
        )


def _read_all(read_page: Callable[..., Page]) -> list[NumberItem]:
    page = read_page(limit=_PAGE_SIZE)
    items = _typed(page)
    while page.next_key is not None:
        page = read_page(limit=_PAGE_SIZE, start=page.next_key)
        items += _typed(page)
    return items


def _typed(page: Page) -> list[NumberItem]:
    return cast("list[NumberItem]", page.items)
