"""Activates the numbers of an order, and records the outcome of an order of new numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bandwidth_messaging.domain.orders import Ended, OrderStatus
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.services.parallel import for_each

if TYPE_CHECKING:
    from bandwidth_messaging.domain.numbers import Home, Preflight
    from bandwidth_messaging.domain.registration import Registration
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.order_store import Orders


@dataclass(frozen=True)
class NumberActivation:
    """Activates numbers with the preflight of their location and their registrations."""

    numbers: "Numbers"
    check_home: "Callable[[Home], Preflight | None]"
    look_up_registrations: "Callable[[Sequence[str]], dict[str, Registration]]"

    def activate(self, numbers: Sequence[str], home: "Home", at: str) -> None:
        """Record numbers (E.164) as active. They share a location, so that one preflight serves all."""
        preflight = self.check_home(home)
        registrations = self.look_up_registrations(numbers)
        for_each(
            numbers,
            lambda number: self.numbers.activate(
                number, home, at, preflight=preflight, registration=registrations.get(number)
            ),
        )


@dataclass(frozen=True)
class NumberOrderCompletion:
    """Records how an order of new numbers ended."""

    activation: NumberActivation
    numbers: "Numbers"
    orders: "Orders"

    def complete(
        self,
        order: OrderStatus,
        state: Ended,
        home: "Home",
        *,
        execution_arn: str | None,
        quantity: int,
        reason: str | None,
    ) -> tuple[int, Mapping[str, Any]]:
        """Activate completed numbers and record failed ones. Return the failed count and the order's item.

        An order by area code lists no failed numbers: failed = quantity - completed.
        Raises ExecutionReplaced.
        """
        at = now()
        failed = max(quantity - len(order.completed), 0)
        self.activation.activate(order.completed, home, at)
        failed_numbers = [failure for failure in order.failures if failure["number"]]
        for_each(failed_numbers, partial(self.numbers.fail, home=home, at=at))
        record = self.orders.finish(
            home.customer_order_id,
            state,
            at=at,
            execution_arn=execution_arn,
            completed=len(order.completed),
            failed=failed,
            failures=[failure for failure in order.failures if not failure["number"]],
            reason=reason,
        )
        return failed, record or {}
