"""Which numbers are hosted, and so what a release does with each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.releases import ReleaseAction

if TYPE_CHECKING:
    from bandwidth_messaging.domain.numbers import NumberItem
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


def _choose_action(item: "NumberItem", *, is_hosted: bool) -> ReleaseAction:
    if item["state"] == NumberState.RELEASED:
        return ReleaseAction.ALREADY_RELEASED
    # A hosted number that Catapult rejected is on the account nevertheless. Its item has an application.
    if item["state"] == NumberState.FAILED and not (is_hosted and item.get("applicationId")):
        return ReleaseAction.NEVER_RECEIVED
    return ReleaseAction.REMOVE if is_hosted else ReleaseAction.DISCONNECT
