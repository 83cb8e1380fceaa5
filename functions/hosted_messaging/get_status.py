"""Hosted Messaging, step 2, "Get Status": checks the order, and records its numbers once it has ended."""

from typing import Literal

from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.orders import Action, Ended, Failure, OrderState
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.steps import StepInput, StepResult, incomplete_since, reason_of, shown, step
from bandwidth_messaging.services.number_import import join_batches, list_failed_numbers, remove_failed


class Request(StepInput):
    """`incompleteSince` is the value that the last check returned."""

    order_id: str
    action: Action
    site_id: str
    sip_peer_id: str | None
    batches: list[list[str]]
    api: Api
    incomplete_since: str | None = None

    def home(self) -> Home:
        """Return the order and location that the numbers belong to."""
        return Home(
            api=self.api,
            customer_order_id=self.customer_order_id,
            site_id=self.site_id,
            order_id=self.order_id,
            location_id=self.sip_peer_id,
        )


class Result(StepResult):
    """`state` is pending until the order has ended; `status` is Bandwidth's own status.

    `batches` are the numbers that did not fail, `failed` counts the others, `failures` lists the first
    hundred. `incompleteSince` is when the order had first ended without listing all its numbers.
    """

    state: Literal["pending"] | Ended
    status: str
    batches: list[list[str]] = []  # noqa: RUF012 - pydantic copies a default
    completed: int = 0
    failed: int = 0
    failures: tuple[Failure, ...] = ()
    reason: str | None = None
    incomplete_since: str | None = None


@step("Get Status", Request)
def handler(request: Request) -> Result:
    """Check once. An unknown status and an end without all its numbers mean "not yet".

    Raises BandwidthGarbled if the order lists too few numbers 15 minutes after its end.
    """
    order = wiring.number_import().check_status(request.action, join_batches(request.batches), request.home())
    if order.ended_as is None:
        since = incomplete_since(request.order_id, order, request.incomplete_since)
        return Result(state="pending", status=order.status, incomplete_since=since, detail=order.status)
    failures = list_failed_numbers(order)
    return Result(
        state=order.ended_as,
        status=order.status,
        detail=order.status,
        batches=remove_failed(request.batches, failures),
        completed=len(order.completed),
        failed=len(failures),
        failures=shown(order.failures),
        reason=reason_of(request.order_id, order) if order.ended_as == OrderState.FAILED else None,
    )
