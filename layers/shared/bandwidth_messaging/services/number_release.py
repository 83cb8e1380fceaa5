"""Starts and finishes a release: stops sending from its numbers, and records its result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from bandwidth_messaging.domain.numbers import Home, NumberState
from bandwidth_messaging.domain.orders import Ended, Failure, OrderState
from bandwidth_messaging.domain.release_texts import describe_remainder
from bandwidth_messaging.domain.releases import DeletionOutcome, Removal, Resource
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.services.parallel import for_each

if TYPE_CHECKING:
    from bandwidth_messaging.domain.numbers import NumberItem
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.order_store import Orders


class ReleaseResult(NamedTuple):
    """How a release ended. `failures` are the numbers that were not released."""

    state: Ended
    completed: int
    failures: list[Failure]
    resources: list[Resource]
    reason: str | None


@dataclass(frozen=True)
class NumberRelease:
    """The first and the last step of a release."""

    numbers: "Numbers"
    orders: "Orders"
    default_site_id: str

    def stop_sending(
        self, setup_order_id: str | None, disconnect: Sequence[str], removals: Iterable[Removal]
    ) -> int:
        """Record the numbers as releasing, so that they can no longer send; return how many there are.

        Each number stays with the order that added it.
        """
        at = now()
        leaving = [*disconnect, *(number for removal in removals for number in removal.numbers)]
        known = {item["number"]: item for item in self.numbers.get_all(leaving, consistent=True)}
        setup: Mapping[str, Any] = (self.orders.get(setup_order_id) if setup_order_id else None) or {}

        def stop(number: str) -> None:
            # A number that came after its set-up had stopped waiting has no item: the set-up has its site.
            item: Mapping[str, Any] = known.get(number, setup)
            home = Home(
                api=item.get("api", "v2"),
                customer_order_id=item.get("customerOrderId") or str(setup_order_id),
                site_id=str(item.get("siteId") or self.default_site_id),
                location_id=item.get("locationId"),
            )
            self.numbers.start_release(number, home, at)

        for_each(leaving, stop)
        return len(leaving)

    def finish(
        self,
        release_id: str,
        setup_order_id: str | None,
        *,
        execution_arn: str | None,
        everything: bool,
        numbers: Sequence[str],
        deleted: Sequence[Resource],
        kept: Sequence[Resource],
        rejection: str | None,
        failures_stored: int,
    ) -> ReleaseResult:
        """Record how a release ended. A set-up whose resources are all deleted is recorded as undone.

        `deleted` are the resources that were to be deleted, with their outcomes, and `kept` the others.
        `rejection` is the text of why the numbers were not released; a number's own reason comes first.
        Raises ExecutionReplaced.
        """
        at, failures = now(), self._find_failures(numbers, rejection)
        not_deleted = [each for each in deleted if each.outcome == DeletionOutcome.LEFT]
        completed = len(numbers) - len(failures)
        state: Ended = OrderState.COMPLETED
        if failures or not_deleted:
            is_partial = completed or len(not_deleted) < len(deleted)
            state = OrderState.PARTIAL if is_partial else OrderState.FAILED
        is_complete = state == OrderState.COMPLETED
        reason = None if is_complete else describe_remainder(failures, not_deleted, len(numbers))
        left = [resource.model_copy(update={"outcome": DeletionOutcome.LEFT}) for resource in kept]
        resources = [*deleted, *left]
        self.orders.finish(
            release_id,
            state,
            at=at,
            execution_arn=execution_arn,
            completed=completed,
            failed=len(failures),
            failures=failures[:failures_stored],
            reason=reason,
            resources=[each.model_dump(by_alias=True, exclude_none=True, mode="json") for each in resources],
        )
        if is_complete and everything and setup_order_id:
            self.orders.record_undone(setup_order_id, by=release_id, at=at)
        return ReleaseResult(state, completed, failures, resources, reason)

    def _find_failures(self, numbers: Sequence[str], rejection: str | None) -> list[Failure]:
        items: dict[str, NumberItem] = {
            item["number"]: item for item in self.numbers.get_all(numbers, consistent=True)
        }
        return [
            _failure(number, items.get(number), rejection)
            for number in numbers
            if number not in items or items[number]["state"] != NumberState.RELEASED
        ]


def _failure(number: str, item: "NumberItem | None", rejection: str | None) -> Failure:
    code, reason = (item.get("errorCode"), item.get("reason")) if item else (None, None)
    return {"number": number, "code": code, "reason": reason or rejection or "no reason given"}
