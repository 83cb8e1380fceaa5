"""DELETE /messages/{messageId}: cancels a message that is not sent yet."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.parameters import MAX_MESSAGE_ID
from bandwidth_messaging.api.resolver import operation, resolver
from bandwidth_messaging.api.views import message_view
from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.problems import Conflict, ProblemCode
from bandwidth_messaging.runtime import wiring

# Imported here, and not only by the wiring, so that Lambda loads it in its init phase.
from bandwidth_messaging.services.message_cancellation import (
    INBOUND,
    MessageCancellation,
    describe_state,
    describe_unknown,
)

app = resolver()


@operation(
    app.delete,
    "/messages/<messageId>",
    tag="Messages",
    response=responses.Message,
    errors={
        HTTPStatus.NOT_FOUND: describe_unknown("out_1"),
        HTTPStatus.CONFLICT: Conflict(
            describe_state("out_1", MessageState.SENT), ProblemCode.MESSAGE_NOT_CANCELABLE
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY: INBOUND,
    },
)
def cancel_message(
    message_id: Annotated[str, Path(alias="messageId", max_length=MAX_MESSAGE_ID)],
) -> dict[str, Any]:
    """Cancel a message that is accepted and not being sent yet.

    The message is never sent, and its state is canceled. A repeated request returns the canceled message.
    The request is rejected with 409 if the message is being sent, waits for a retry after a carrier's
    failure, or has another final state.
    """
    cancellation: MessageCancellation = wiring.message_cancellation()
    return message_view(cancellation.cancel(message_id))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle an API Gateway request."""
    return app.resolve(event, context)
