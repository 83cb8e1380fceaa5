"""The text of what a person can do next about a set-up or a release. It is derived from the order's item."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bandwidth_messaging.domain.orders import OrderState, find_action

_RESOURCES: Final = {
    "applicationId": "application",
    "locationId": "location",
    "orderId": "Bandwidth's order",
}
_REDRIVE: Final = "Redrive the execution when Bandwidth responds again. Nothing is ordered twice."
_CORRECT_FIELDS: Final = "Correct the secret, wait five minutes, then redrive the execution."
_ADVICE_ON_ERRORS: Final[Mapping[str, str]] = {
    "AwsUnavailable": "Run the doctor and resolve what it names, then redrive the execution.",
    "BandwidthGarbled": "Report the response to Bandwidth's support, then redrive the execution.",
    "BandwidthOutcomeUnknown": _REDRIVE,
    "BandwidthUnauthorized": (
        "Run the doctor and correct the credentials or roles that it names, then redrive the execution."
    ),
    "BandwidthUnavailable": _REDRIVE,
    "ExecutionReplaced": "Follow that execution, and do not redrive this one.",
    "IncompleteSecret": _CORRECT_FIELDS,
    "TransformParameterError": _CORRECT_FIELDS,
}


def next_steps(customer_order_id: str, order: Mapping[str, Any]) -> str | None:
    """Return what a person can do next about an order. Return None if there is nothing to do.

    `order` is the order's item, or a part of it.
    """
    if order.get("undoneBy"):
        return None
    if order.get("kind") == "release_numbers":
        return _advise_after_release(order)
    return " ".join(_advise_after_setup(customer_order_id, order)) or None


def advise_on_error(error_name: str) -> str | None:
    """Return what a person can do about a state that failed with an error, or None.

    No state machine catches these errors: their executions end at the state, and can be redriven.
    """
    return _ADVICE_ON_ERRORS.get(error_name)


def _advise_after_release(order: Mapping[str, Any]) -> str | None:
    if order.get("orderState") != OrderState.FAILED:
        return None
    return "Resolve the cause, then start release_numbers again. It skips what is already released."


def _advise_after_setup(customer_order_id: str, order: Mapping[str, Any]) -> Iterator[str]:
    advice = _advise(customer_order_id, order)
    if advice is None:
        return
    brings_numbers = order.get("kind") == "messaging_v2" or find_action(order) == "IMPORT"
    if brings_numbers or order.get("orderState") != OrderState.COMPLETED:
        yield advice
    if brings_numbers and order.get("interrupted") and order.get("orderId"):
        yield (
            f"Bandwidth continues its order {order['orderId']} although the execution has ended. "
            "Numbers that arrive cost money until they are released."
        )
    existing = [f"{name} {order[field]}" for field, name in _RESOURCES.items() if order.get(field)]
    if existing and brings_numbers:
        undo = json.dumps({"customerOrderId": customer_order_id, "everything": True, "dryRun": True})
        yield f"Existing: {', '.join(existing)}."
        yield f"To plan how to undo it all, start release_numbers with {undo}."


def _advise(customer_order_id: str, order: Mapping[str, Any]) -> str | None:
    machine, state = order.get("kind"), order.get("orderState")
    again = (
        f"start {machine} again with the same input and the customerOrderId {json.dumps(customer_order_id)}, "
        "under a new execution name"
    )
    texts = {
        OrderState.COMPLETED: "The numbers can send: POST /messages with one of them as from.",
        OrderState.PARTIAL: f"For the numbers that failed, start {machine} with another customerOrderId.",
        OrderState.FAILED: f"To continue, resolve the cause and {again}. It finds existing resources.",
    }
    if state == OrderState.FAILED and order.get("orderId") and order.get("failed"):
        # Bandwidth's order has ended, and its CustomerOrderId cannot be ordered again.
        return (
            f"To order again, start {machine} with another customerOrderId. It finds existing resources by "
            "their names."
        )
    if state in texts:
        return texts[OrderState(state)]
    if step := find_failed_step(order):
        return f"{step} failed. Resolve the cause and redrive the execution, or {again}."
    return None


def find_failed_step(order: Mapping[str, Any]) -> str | None:
    """Return the name of the last step if it failed. A later step means that a retry succeeded."""
    steps = sorted(order.get("steps", {}).items(), key=lambda named: str(named[1]["at"]))
    name, entry = steps[-1] if steps else (None, {})
    return name if entry.get("state") == "failed" else None
