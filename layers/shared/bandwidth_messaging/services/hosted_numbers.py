"""Which numbers are hosted, what a release does with each, and how their removal starts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.phone_numbers import last_four
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.releases import ReleaseAction
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.services.parallel import for_each

if TYPE_CHECKING:
    from bandwidth_messaging.domain.numbers import Home, NumberItem
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.order_store import Orders


@dataclass(frozen=True)
class HostedNumbers:
    """Distinguishes hosted numbers, which stay with another carrier, from the account's own numbers."""

    numbers: "Numbers"
    orders: "Orders"

    def plan_actions(self, items: "Iterable[NumberItem]") -> "Iterator[tuple[NumberItem, ReleaseAction]]":
        """Yield each number's item with what a release does with the number."""
        for item, is_hosted in self._classify(items):
            yield item, _choose_action(item, is_hosted=is_hosted)

    def list_current(self) -> set[str]:
        """Return the hosted numbers that are active or expected: a loss of messaging matters to them."""
        items = [
            item
            for state in (NumberState.ACTIVE, NumberState.PENDING)
            for item in self.numbers.list_all_by_state(state)
        ]
        return {item["number"] for item, is_hosted in self._classify(items) if is_hosted}

    def _classify(self, items: "Iterable[NumberItem]") -> "Iterator[tuple[NumberItem, bool]]":
        """Yield each number's item with whether the number is hosted, which its order decides."""
        kinds: dict[str | None, str | None] = {None: None}
        for item in items:
            order_id = item.get("customerOrderId")
            if order_id not in kinds:
                order = self.orders.get(str(order_id))
                kinds[order_id] = order["kind"] if order and "kind" in order else None
            yield item, item.get("api") == "v1" or kinds[order_id] == "hosted_messaging"


@dataclass(frozen=True)
class HostedRemoval:
    """Stops sending from hosted numbers before Catapult and the Dashboard remove them."""

    numbers: "Numbers"
    hosted: HostedNumbers

    def stop_sending(self, batches: Sequence[Sequence[str]], home: "Home") -> list[list[str]]:
        """Record the numbers (E.164) as releasing. Return the batches of those that Catapult may have.

        `home.api` is the API of numbers without a record. Catapult has no V2 numbers. Raises InvalidInput,
        before any record, if a number is not hosted: Bandwidth would reject the removal.
        """
        numbers = [number for batch in batches for number in batch]
        items = self.numbers.get_all(numbers)
        self._check_hosted(items)
        for_each(numbers, partial(self.numbers.start_release, home=home, at=now()))
        apis = {item["number"]: item["api"] for item in items}
        at_catapult = [
            [number for number in batch if apis.get(number, home.api) == "v1"] for batch in batches
        ]
        return [batch for batch in at_catapult if batch]

    def _check_hosted(self, items: "Sequence[NumberItem]") -> None:
        actions = self.hosted.plan_actions(items)
        if own := [item["number"] for item, action in actions if action == ReleaseAction.DISCONNECT]:
            end = last_four(own[0])
            ordered = (
                f"the number that ends in {end} was"
                if len(own) == 1
                else f"{len(own)} numbers (the first ends in {end}) were"
            )
            detail = f"{ordered} ordered, not imported. Use the state machine release_numbers."
            raise InvalidInput([FieldProblem("telephoneNumbers", detail)])


def _choose_action(item: "NumberItem", *, is_hosted: bool) -> ReleaseAction:
    if item["state"] == NumberState.RELEASED:
        return ReleaseAction.ALREADY_RELEASED
    # A hosted number that Catapult rejected is on the account nevertheless. Its item has an application.
    if item["state"] == NumberState.FAILED and not (is_hosted and item.get("applicationId")):
        return ReleaseAction.NEVER_RECEIVED
    return ReleaseAction.REMOVE if is_hosted else ReleaseAction.DISCONNECT
