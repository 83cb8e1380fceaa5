"""Replays quarantined callbacks. An operator invokes this function once the cause is fixed."""

from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

from bandwidth_messaging.domain.validation import CamelModel, parse
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.services.parallel import deadline_in

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# The function's timeout is 300 seconds. The rest is for one AWS call that hangs.
_REPLAY_SECONDS: Final = 270
# Outlasts the function's timeout, so that one run reads each callback once.
_HIDDEN_SECONDS: Final = 330
_MAX_REASONS: Final = 20


class Request(CamelModel):
    """How many callbacks to replay."""

    at_most: int = Field(100, ge=1, le=1000)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Store or apply quarantined callbacks and delete them from the queue. The others stay in the queue.

    Returns how many callbacks were `stored` and `left`, and the `reasons` of the latter with their counts.
    Raises InvalidInput.
    """
    replayed = wiring.quarantine_replay().replay(
        at_most=parse(Request, event).at_most,
        hidden_seconds=_HIDDEN_SECONDS,
        deadline=deadline_in(_REPLAY_SECONDS),
    )
    return {
        "stored": replayed.stored,
        "left": replayed.left,
        "reasons": dict(replayed.reasons.most_common(_MAX_REASONS)),
    }
