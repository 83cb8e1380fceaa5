"""Outcomes of a message, or of one recipient of a group message, and how two of them merge.

A merge lets receipts arrive late, early, twice and in any order: the result does not depend on which outcome
came first (tests/functions/messages/test_convergence.py).
"""

from typing import Final

from bandwidth_messaging.domain.messages import RANKS, READ, MessageState
from bandwidth_messaging.store.dynamodb import Item

ATTRIBUTES: Final = ("state", "rank", "errorCode", "errorClass", "reason", "bandwidthReason")
_TIMES: Final = tuple(f"{state}At" for state in (*RANKS, READ))
# Sorts after every time.
_NEVER: Final = "~"


def build_outcome(
    state: MessageState,
    at: str,
    *,
    error_code: int | None = None,
    error_class: str | None = None,
    reason: str | None = None,
    bandwidth_reason: str | None = None,
    read_at: str | None = None,
) -> Item:
    """Return the attributes that one receipt, or one write of the stack, stores."""
    return {
        "state": state,
        "rank": RANKS[state],
        "errorCode": error_code,
        "errorClass": error_class,
        "reason": reason,
        "bandwidthReason": bandwidth_reason,
        f"{state}At": at,
        **({"readAt": read_at} if read_at else {}),
    }


def merge_outcomes(one: Item, other: Item) -> Item:
    """Return the higher state with its reasons, and the earliest time of each state.

    If both outcomes have the same state, the reasons of the earlier one are kept. Of two carriers the first
    in the alphabet is kept.
    """
    first = min(one, other, key=_precedence)
    times = {
        name: min(one.get(name, _NEVER), other.get(name, _NEVER))
        for name in _TIMES
        if name in one or name in other
    }
    carriers = [outcome["carrierName"] for outcome in (one, other) if outcome.get("carrierName")]
    carrier = {"carrierName": min(carriers)} if carriers else {}
    return {name: first.get(name) for name in ATTRIBUTES} | times | carrier


def _precedence(outcome: Item) -> tuple[int, str, int, str, str, str]:
    return (
        -outcome.get("rank", -1),
        # The state of a group message follows from its recipients and has no time.
        outcome.get(f"{outcome.get('state')}At", _NEVER),
        outcome.get("errorCode") or 0,
        outcome.get("errorClass") or "",
        outcome.get("reason") or "",
        outcome.get("bandwidthReason") or "",
    )
