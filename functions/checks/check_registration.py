"""Looks up the registration of the stack's numbers (10DLC campaigns, toll-free verification)."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Field

from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber, parse
from bandwidth_messaging.runtime import wiring


class Request(CamelModel):
    """Numbers to look up, in any common form. Without numbers, all that are due are looked up."""

    numbers: list[PhoneNumber] | None = Field(None, min_length=1)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Return how many numbers were looked up, how many are in each state and how many were written.

    Raises InvalidInput and the errors of Bandwidth's clients.
    """
    return wiring.registration_check().check(parse(Request, event).numbers)
