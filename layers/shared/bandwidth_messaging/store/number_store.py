"""Numbers: which are ours, what state each is in, and what it sends through."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from bandwidth_messaging.domain.numbers import Home, NumberState, Preflight
from bandwidth_messaging.domain.orders import Failure
from bandwidth_messaging.domain.registration import Registration
from bandwidth_messaging.store.dynamodb import InvalidStartKey, Item, Page, Table
from bandwidth_messaging.store.keys import number_key

_PAGE: Final = 1000


class Numbers:
    """The numbers in the Numbers table; all numbers in E.164."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, number: str) -> Item | None:
        """Return a number's item."""
        return self._table.get(number_key(number))

    def get_all(self, numbers: Sequence[str], *, consistent: bool = False) -> list[Item]:
        """Return the items of those numbers that have one."""
        return self._table.get_all([number_key(number) for number in numbers], consistent=consistent)

    def expect(self, number: str, home: Home, at: str) -> None:
        """Record that a number is on its way. One that is in use, or on its way out, stays as it is."""
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
        """Record that a number is on its way out: from now on nothing is sent from it."""
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
        """Record that a number on its way out has left Catapult."""
        self._table.update(
            number_key(number),
            assign={"detachedAt": at, "numberId": None, "applicationId": None},
            condition="#state = :releasing",
            values={"releasing": NumberState.RELEASING},
        )

    def release(self, number: str, at: str) -> None:
        """Record that a number is gone."""
        self._table.update(
            number_key(number),
            assign={"state": NumberState.RELEASED, "releasedAt": at, "reason": None, "errorCode": None},
            condition="#state = :releasing",
            values={"releasing": NumberState.RELEASING},
        )

    def lose(self, number: str, at: str) -> None:
        """Record that Bandwidth reported at this time that a hosted number was taken away.

        A number that became active after that is another order's, and stays so.
        """
        self._table.update(
            number_key(number),
            assign={
                "state": NumberState.RELEASED,
                "releasedAt": at,
                "reason": "Bandwidth told that the number texts elsewhere now",
                "errorCode": "MESSAGING_LOST",
            },
            condition="#state = :active AND (attribute_not_exists(#activeAt) OR #activeAt <= :at)",
            values={"active": NumberState.ACTIVE, "at": at},
        )

    def keep_releasing(self, failure: Failure) -> None:
        """Record why a number on its way out is not gone; nothing is sent from it all the same."""
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
        registration: Registration | None = None,
        preflight: Preflight | None = None,
    ) -> None:
        """Record that a number works. Saying it again changes nothing, so it is announced once.

        A number that is on its way out, or gone, stays so until another order brings it.
        `number_id` is Catapult's id of it, `preflight` what was found before its first send.
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
            # A number that was released before its order had ended knows the order by our id alone.
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

    def record_registration(self, number: str, registration: Registration) -> None:
        """Record what is known of an active number's registration."""
        self._table.update(
            number_key(number),
            assign={"registration": dict(registration)},
            condition="#state = :active",
            values={"active": NumberState.ACTIVE},
        )

    def record_preflight(self, number: str, preflight: Preflight) -> None:
        """Keep what was found before a number's first send."""
        self._table.update(
            number_key(number), assign={"preflight": preflight}, condition="attribute_exists(#pk)"
        )

    def fail(self, failure: Failure, home: Home, at: str) -> None:
        """Record why a number did not come. A number that is ours by another order stays as it is."""
        number = failure["number"]
        if number is None:
            message = "a failure without a number belongs to the order"
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

    def in_state(self, state: str, *, limit: int, start: Item | None = None) -> Page:
        """Return numbers in a state, in the order of the numbers."""
        return self._table.query("numbersByState", {"state": state}, limit=limit, start=start)

    def all_in_state(self, state: str) -> list[Item]:
        """Return every number in a state."""
        return _all(partial(self.in_state, state))

    def in_states(self, states: Sequence[str], *, limit: int, start: Item | None = None) -> Page:
        """Return numbers state by state, as many of each as the page has room for.

        Raises InvalidStartKey if `start` is not a key that this list returned.
        """
        if start and start.get("state") not in states:
            raise InvalidStartKey
        items: list[Item] = []
        for state in states[states.index(start["state"]) if start else 0 :]:
            page = self.in_state(state, limit=limit - len(items), start=start)
            start = None
            items += page.items
            if len(items) == limit:
                return Page(items, number_key(items[-1]["number"]) | {"state": state})
        return Page(items, None)

    def failed_of_order(self, customer_order_id: str, *, limit: int) -> list[Item]:
        """Return up to `limit` numbers that an order failed to bring."""
        found: list[Item] = []
        start: Item | None = None
        while len(found) < limit:
            page = self.of_order(customer_order_id, limit=_PAGE, start=start)
            found += [item for item in page.items if item["state"] == NumberState.FAILED]
            start = page.next_key
            if start is None:
                break
        return found[:limit]

    def all_of_order(self, customer_order_id: str) -> list[Item]:
        """Return every number that an order brought or failed to bring."""
        return _all(partial(self.of_order, customer_order_id))

    def of_order(self, customer_order_id: str, *, limit: int, start: Item | None = None) -> Page:
        """Return the numbers that an order brought or failed to bring."""
        return self._table.query(
            "numbersByOrder", {"customerOrderId": customer_order_id}, limit=limit, start=start
        )


def _all(pages: Callable[..., Page]) -> list[Item]:
    page = pages(limit=_PAGE)
    found = page.items
    while page.next_key is not None:
        page = pages(limit=_PAGE, start=page.next_key)
        found += page.items
    return found
