"""Who may send to whom: POST /messages checks it, and the worker again right before each send."""

from collections.abc import Sequence

from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.opt_outs import OptOutItem
from bandwidth_messaging.store.dynamodb import Item


def check_sender(number: str, item: Item | None, *, unregistered: str) -> str | None:
    """Return why a number (E.164, and its item) may not send, None if it may.

    `unregistered` is UnregisteredSenders: "refuse" or "warn" of a number that carriers are known to refuse.
    """
    if item is None or item["state"] != NumberState.ACTIVE:
        state = "is not one of our numbers" if item is None else f"is {item['state']}, not active"
        return f"{number} {state}; GET /numbers lists the active ones"
    if unregistered == "refuse":
        return registration.explain_unregistered(number, item.get("registration"))
    return None


def check_opt_outs(opt_outs: Sequence[OptOutItem], *, enforce: str) -> str | None:
    """Return why a message may not go to its recipients, of whom these opted out; None if it may.

    One recipient of a group is enough. `enforce` is EnforceOptOuts: "false" leaves this to another system.
    """
    if not opt_outs or enforce != "true":
        return None
    return "; ".join(
        f"{each['theirs']} opted out of texts from {each['ours']} at {each['since']} ({each['keyword']})"
        for each in opt_outs
    )
