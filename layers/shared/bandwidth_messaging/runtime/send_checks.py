"""Who may send to whom: POST /messages checks it, and the worker again right before each send."""

from collections.abc import Sequence

from bandwidth_messaging.domain import registration
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.store.dynamodb import Item
from bandwidth_messaging.store.numbers import ACTIVE


def check_sender(number: str, item: Item | None) -> str | None:
    """Return why a number (E.164, and its item) may not send, None if it may.

    `UnregisteredSenders` decides whether a number that carriers are known to refuse may.
    """
    if item is None or item["state"] != ACTIVE:
        state = "is not one of our numbers" if item is None else f"is {item['state']}, not active"
        return f"{number} {state}; GET /numbers lists the active ones"
    if settings().unregistered_senders == "refuse":
        return registration.warning_of(number, item.get("registration"))
    return None


def check_opt_outs(opt_outs: Sequence[Item]) -> str | None:
    """Return why a message may not go to its recipients, of whom these opted out; None if it may.

    One recipient of a group is enough. `EnforceOptOuts` may leave this to another system.
    """
    if not opt_outs or settings().enforce_opt_outs != "true":
        return None
    return "; ".join(
        f"{each['theirs']} opted out of texts from {each['ours']} at {each['since']} ({each['keyword']})"
        for each in opt_outs
    )
