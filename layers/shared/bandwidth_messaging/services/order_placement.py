"""Placing an order at Bandwidth at most once, however often the step that places it runs.

The CustomerOrderId is in our record before the order goes out. A run that finds an earlier attempt without
an answer asks Bandwidth for it, and places it again only when Bandwidth, CLAIM_DURATION later, knows of none.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from bandwidth_messaging.bandwidth.errors import BandwidthError, BandwidthOutcomeUnknown, changed_nothing
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring

CLAIM_DURATION: Final = timedelta(seconds=180)
"""Outlasts a claim's POST, four requests of 23 s (a token and the POST, and both again after a 401), and the
time until Bandwidth lists the order."""


def place_order_once(
    customer_order_id: str, *, place: Callable[[], str], find: Callable[[], str | None]
) -> tuple[str, str]:
    """Return the order's id at Bandwidth, and a word for how it came: ordered, found, recorded before.

    `place` sends the order, `find` looks it up by its CustomerOrderId; both return Bandwidth's id.
    Raises what they raise, and BandwidthOutcomeUnknown while an earlier attempt may still turn up.
    """
    orders, at = wiring.orders(), now()
    # Two runs may begin at the same time, but not with the same token.
    attempt = uuid4().hex
    order = orders.begin_ordering(customer_order_id, attempt, at)
    if "orderId" in order:
        return order["orderId"], "recorded before"
    if order["orderAttempt"] == attempt:
        order_id, how = _place(customer_order_id, attempt, place), "ordered"
    else:
        found, how = find(), "found"
        if found is None:
            attempted_at = datetime.fromisoformat(order["orderAttemptedAt"])
            if datetime.fromisoformat(at) - attempted_at > CLAIM_DURATION:
                # The run after this one may place it again.
                orders.give_up_ordering(customer_order_id, order["orderAttempt"])
            message = "an earlier order got no answer and Bandwidth does not list it yet"
            raise BandwidthOutcomeUnknown(message)
        order_id = found
    orders.record_ordered(customer_order_id, order_id, now())
    return order_id, how


def _place(customer_order_id: str, attempt: str, place: Callable[[], str]) -> str:
    try:
        return place()
    except BandwidthError as error:
        # Where surely nothing was ordered the next run may order at once; else it looks the order up.
        if changed_nothing(error):
            wiring.orders().give_up_ordering(customer_order_id, attempt)
        raise
