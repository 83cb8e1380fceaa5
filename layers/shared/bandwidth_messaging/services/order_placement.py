"""Places an order at Bandwidth at most once, however often the step that places the order runs.

The CustomerOrderId is in the order's record before the request is sent. A run that finds an earlier attempt
without a response looks the order up at Bandwidth. The order is placed again only if Bandwidth does not list
it CLAIM_DURATION after that attempt.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import uuid4

from bandwidth_messaging.bandwidth.errors import BandwidthError, BandwidthOutcomeUnknown, changed_nothing
from bandwidth_messaging.domain.orders import find_earliest_attempt
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.domain.times import now

if TYPE_CHECKING:
    from bandwidth_messaging.store.order_store import Orders

logger = logging.getLogger(__name__)

CLAIM_DURATION: Final = timedelta(seconds=180)
"""Outlasts a claim's POST (a token request of at most 10 s, a request of at most 25 s), and the time until
Bandwidth lists the order."""


class PlacedOrder(NamedTuple):
    """Bandwidth's id of an order, and how the step reached it: created, found or recorded."""

    order_id: str
    outcome: StepOutcome


def place_order_once(
    orders: "Orders", customer_order_id: str, *, place: Callable[[], str], find: Callable[[str], str | None]
) -> PlacedOrder:
    """Return the order at Bandwidth with this CustomerOrderId, and place it if no run has placed it.

    `place` sends the order, `find` looks it up among the orders created since a time (RFC 3339). Both return
    Bandwidth's id.
    Raises what they raise, and BandwidthOutcomeUnknown while Bandwidth may still list an earlier attempt.
    """
    at = now()
    # Distinguishes this run from another run that begins at the same time.
    attempt = uuid4().hex
    order = orders.begin_ordering(customer_order_id, attempt, at)
    if "orderId" in order:
        return PlacedOrder(order["orderId"], StepOutcome.RECORDED)
    if order["orderAttempt"] == attempt:
        placed = PlacedOrder(_place(orders, customer_order_id, attempt, place), StepOutcome.CREATED)
    elif found_id := find(find_earliest_attempt(order)):
        placed = PlacedOrder(found_id, StepOutcome.FOUND)
    else:
        attempted_at = datetime.fromisoformat(order["orderAttemptedAt"])
        if datetime.fromisoformat(at) - attempted_at > CLAIM_DURATION:
            # The next run may place the order again.
            orders.release_claim(customer_order_id, order["orderAttempt"])
        message = (
            f"an earlier request for order {customer_order_id} got no response, and Bandwidth does not list "
            "the order yet. The state machine retries."
        )
        raise BandwidthOutcomeUnknown(message)
    if not orders.record_ordered(customer_order_id, placed.order_id, now()):
        extra = {"customer_order_id": customer_order_id, "order_id": placed.order_id}
        logger.warning("order placed after its execution ended", extra=extra)
    return placed


def _place(orders: "Orders", customer_order_id: str, attempt: str, place: Callable[[], str]) -> str:
    try:
        return place()
    except BandwidthError as error:
        # The next run may place the order at once only if Bandwidth ordered nothing.
        if changed_nothing(error):
            orders.release_claim(customer_order_id, attempt)
        raise
