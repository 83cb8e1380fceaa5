"""What a person may do next about a set-up: continue it, order anew, undo it. Words, made from its record."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bandwidth_messaging.domain.orders import OrderState

_THINGS = {"applicationId": "application", "locationId": "location", "orderId": "Bandwidth's order"}


def next_steps(customer_order_id: str, order: Mapping[str, Any]) -> str | None:
    """Return what may be done next about an order, None while there is nothing but to wait.

    `order` has the names of its stored item.
    """
    if order.get("undoneBy"):
        return None
    return " ".join(_sentences(customer_order_id, order)) or None


def _sentences(customer_order_id: str, order: Mapping[str, Any]) -> Iterator[str]:
    machine, state = order.get("kind"), order.get("orderState")
    again = (
        f"start {machine} again with the same input and the customerOrderId {json.dumps(customer_order_id)}, "
        "under a new execution name"
    )
    if machine == "release_numbers":
        if state == OrderState.FAILED:
            yield "Mend that, then start release_numbers again: what is gone already is skipped."
        return
    if state == OrderState.COMPLETED:
        if not _is_removal(order):
            yield "The numbers can text: POST /messages with one of them as from."
    elif state == OrderState.PARTIAL:
        yield f"For what did not come start {machine} with another customerOrderId."
    elif state == OrderState.FAILED and order.get("orderId") and order.get("failed"):
        # Bandwidth's order has ended, and under its id there is no other.
        yield f"To order anew start {machine} with another customerOrderId; what exists is found by its name."
    elif state == OrderState.FAILED:
        yield f"To continue, mend that and {again}; what exists is found."
    elif step := _failed_step(order):
        yield f"{step} failed: mend that and redrive the execution, or {again}."
    else:
        return
    exists = [f"{thing} {order[name]}" for name, thing in _THINGS.items() if order.get(name)]
    if exists and not _is_removal(order):
        undo = json.dumps({"customerOrderId": customer_order_id, "everything": True, "dryRun": True})
        yield f"There are {', '.join(exists)}. To see how to undo it all start release_numbers with {undo}."


def _is_removal(order: Mapping[str, Any]) -> bool:
    return "Stop Sending" in order.get("steps", {})


def _failed_step(order: Mapping[str, Any]) -> str | None:
    """Return the step that was touched last if it failed; one that failed and was repeated has not."""
    steps = sorted(order.get("steps", {}).items(), key=lambda named: str(named[1]["at"]))
    name, entry = steps[-1] if steps else (None, {})
    return name if entry.get("state") == "failed" else None
