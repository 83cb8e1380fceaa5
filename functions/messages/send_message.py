"""POST /messages ("Send Text Message"): accepts a message. The worker deliver_message sends it."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.parameters import IdempotencyKey
from bandwidth_messaging.api.resolver import operation, resolver
from bandwidth_messaging.api.views import message_view
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, ProblemCode
from bandwidth_messaging.domain.sending import NewMessage
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.metrics import count_failed_request

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.message_acceptance import MessageAcceptance, describe_backlog

app = resolver()


@operation(
    app.post,
    "/messages",
    tag="Messages",
    response=responses.Message,
    status=HTTPStatus.ACCEPTED,
    errors={
        HTTPStatus.CONFLICT: Conflict(
            "+19195551234 opted out of texts from +19195551212 at 2026-11-22T10:02:44.000Z (stop)",
            ProblemCode.OPTED_OUT,
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem("text", "is blank. Give a text or media."),
        HTTPStatus.TOO_MANY_REQUESTS: describe_backlog(timedelta(hours=5), timedelta(hours=4)),
    },
)
def send_message(
    new: Annotated[NewMessage, Body()],
    idempotency_key: IdempotencyKey = None,
) -> tuple[dict[str, Any], int]:
    """Accept a message for sending.

    GET /messages/{messageId} returns the state of the message. The request is rejected with 409 if a
    recipient opted out of texts from the number, unless the parameter EnforceOptOuts is "false".

    The request is rejected with 429 and Retry-After if the message would wait for its rate longer than
    SendDeadlineHours, unless the parameter BacklogPolicy is "warn". If the message is due later (sendAt,
    quiet hours), there is no Retry-After, and the problem names the earliest sendAt that fits.
    """
    acceptance: MessageAcceptance = wiring.message_acceptance()
    return message_view(acceptance.accept(new, idempotency_key)), HTTPStatus.ACCEPTED


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway request."""
    response = app.resolve(event, context)
    if response["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        count_failed_request(context)
    return response
