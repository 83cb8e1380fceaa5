"""Parameters, and examples of their errors, that several operations of the ControlApi share."""

from typing import Annotated, Final

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import AfterValidator

from bandwidth_messaging.domain.problems import FieldProblem

OWN_NUMBER: Final = "+19195551212"
OTHER_NUMBER: Final = "+19195551234"
MAX_MESSAGE_ID: Final = 500
"""Callbacks store ids of at most 500 bytes. A DynamoDB key holds 2,048 bytes."""

LIMIT_EXAMPLE: Final = FieldProblem("limit", "input should be less than or equal to 100")
NUMBER_EXAMPLE: Final = FieldProblem(
    "number", '"12" is not a phone number. Use E.164 (+19195551212) or ten digits.'
)

Limit = Annotated[int, Query(ge=1, le=100, description="Maximum number of items in the page")]
Cursor = Annotated[str | None, Query(description="`cursor` of the previous page")]


def _check_not_blank(key: str) -> str:
    if not key.strip():
        message = "is blank. Send a key of 1 to 255 characters, or leave the header out."
        raise ValueError(message)
    return key


IdempotencyKey = Annotated[
    Annotated[str, AfterValidator(_check_not_blank)] | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Requests with the same key and the same body are carried out once",
    ),
]
