"""Replays quarantined callbacks, to be invoked by hand once what kept them from being stored is fixed."""

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

from bandwidth_messaging.domain.validation import CamelModel, parse
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.services.callback_intake import receive
from bandwidth_messaging.services.parallel import deadline_in, is_past

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from bandwidth_messaging.store.queues import Quarantined

# Of the function's 300: the rest is for one AWS call that hangs.
_REPLAY_SECONDS: Final = 270
# Longer than this function may take, so that what is left is not read twice.
_HIDDEN_SECONDS: Final = 330
_REASONS_SHOWN: Final = 20
_MESSAGE_UNREADABLE: Final = "its message in the queue cannot be read"
_OBJECT_MISSING: Final = "its object cannot be read from the bucket"


class Request(CamelModel):
    """How many callbacks to replay."""

    at_most: int = Field(100, ge=1, le=1000)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Store or apply what can be now and delete it from the queue, leave the rest where it is.

    Returns how many callbacks were `stored` and `left`, and the `reasons` of the latter with their counts.
    Raises InvalidInput.
    """
    deadline, at_most = deadline_in(_REPLAY_SECONDS), parse(Request, event).at_most
    stored, left, why = 0, 0, Counter[str]()
    while (
        stored + left < at_most
        and not is_past(deadline)
        and (taken := wiring.quarantine().take(at_most - stored - left, seconds=_HIDDEN_SECONDS))
    ):
        for each in taken:
            if reasons := _replay(each, deadline):
                left += 1
                why.update(reasons)
            else:
                stored += 1
    logger.info("replayed", extra={"stored": stored, "left": left})
    return {"stored": stored, "left": left, "reasons": dict(why.most_common(_REASONS_SHOWN))}


def _replay(quarantined: "Quarantined", deadline: float) -> list[str]:
    """Store or apply a callback and delete it from the queue; return why that was not done, if so."""
    callback = quarantined.callback
    if callback is None:
        return [_OBJECT_MISSING if quarantined.object_key else _MESSAGE_UNREADABLE]
    try:
        reasons = _store(callback, quarantined.at, deadline)
        if not reasons:
            wiring.quarantine().let_go(quarantined)
    except Exception as error:
        # It is left, and does not keep the others from being replayed.
        logger.error("callback not replayed", extra={"error": type(error).__name__})
        return [type(error).__name__]
    return reasons


def _store(callback: dict[str, Any], at: str, deadline: float) -> list[str]:
    if callback["resource"].endswith("/orders"):
        from bandwidth_messaging.services import notifications  # noqa: PLC0415 - loads lxml

        return notifications.apply(callback, at=at, deadline=deadline)
    return receive(callback, deadline=deadline)
