"""Reads quarantined callbacks again, for somebody who has mended why they could not be read."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bandwidth_messaging.domain.validation import CamelModel, parse
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.receiving import receive

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Longer than this function may take, so that what is left is not read twice.
_HIDDEN_SECONDS = 330
_REASONS_SHOWN = 20


class Request(CamelModel):
    """How many callbacks to read again."""

    at_most: int = Field(100, ge=1, le=1000)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Store what can be read now and let go of it, leave the rest where it is.

    Returns how many callbacks were `stored` and `left`, and the `reasons` of the latter with their counts.
    Raises InvalidInput.
    """
    at_most = parse(Request, event).at_most
    stored, left, why = 0, 0, Counter[str]()
    while stored + left < at_most and (
        taken := wiring.quarantine().take(at_most - stored - left, seconds=_HIDDEN_SECONDS)
    ):
        for each in taken:
            if reasons := receive(each.callback):
                left += 1
                why.update(reasons)
            else:
                stored += 1
                wiring.quarantine().let_go(each)
    logger.info("replayed", stored=stored, left=left)
    return {"stored": stored, "left": left, "reasons": dict(why.most_common(_REASONS_SHOWN))}
