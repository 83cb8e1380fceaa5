"""What became of a message, or at one recipient of a group: the attributes that say so, and how news joins.

Joining is all there is to receipts that come late, early, twice or in any order: what several of them say
together does not depend on which came first (tests/unit/store/test_convergence.py).
"""

from typing import Final

from bandwidth_messaging.domain.messages import RANKS, READ, MessageState
from bandwidth_messaging.store.dynamodb import Item

ATTRIBUTES: Final = ("state", "rank", "errorCode", "errorClass", "reason", "bandwidthReason")
_TIMES: Final = tuple(f"{state}At" for state in (*RANKS, READ))
# After every time there is.
_NEVER: Final = "~"


def outcome(
    state: MessageState,
    at: str,
    *,
    error_code: int | None = None,
    error_class: str | None = None,
    reason: str | None = None,
    bandwidth_reason: str | None = None,
    read_at: str | None = None,
) -> Item:
    """Return what one receipt, or one write of ours, says."""
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


def joined(known: Item, told: Item) -> Item:
    """Return what both say together: the higher state with its reasons, and of each state the earliest time.

    Of two that tell of the same state, the earlier one has the reasons. Of two carriers of one recipient the
    first in the alphabet is kept.
    """
    first = min(known, told, key=_precedence)
    times = {
        name: min(known.get(name, _NEVER), told.get(name, _NEVER))
        for name in _TIMES
        if name in known or name in told
    }
    carriers = [each["carrierName"] for each in (known, told) if each.get("carrierName")]
    carrier = {"carrierName": min(carriers)} if carriers else {}
    return {name: first.get(name) for name in ATTRIBUTES} | times | carrier


def _precedence(said: Item) -> tuple[int, str, int, str, str, str]:
    return (
        -said.get("rank", -1),
        # A group's own state follows from its recipients' and has no time.
        said.get(f"{said.get('state')}At", _NEVER),
        said.get("errorCode") or 0,
        said.get("errorClass") or "",
        said.get("reason") or "",
        said.get("bandwidthReason") or "",
    )
