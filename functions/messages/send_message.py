"""POST /messages ("Send Text Message"): a message is checked, stored and queued; the worker sends it."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.errors import FieldProblem, InvalidInput
from bandwidth_messaging.domain.messages import Message
from bandwidth_messaging.domain.sending import NewMessage
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.api import Conflict, resolver
from bandwidth_messaging.runtime.views import message_view
from bandwidth_messaging.store.numbers import ACTIVE

app = resolver()


@app.post("/messages")
def send_message(new: Annotated[NewMessage, Body()]) -> tuple[dict[str, Any], int]:
    """Accept a message (202); its state then follows at GET /messages/{messageId}."""
    number = wiring.numbers().get(new.sender)
    if number is None or number["state"] != ACTIVE:
        state = "is not one of our numbers" if number is None else f"is {number['state']}, not active"
        raise InvalidInput(
            [FieldProblem("from", f"{new.sender} {state}; GET /numbers lists the active ones")]
        )
    message = Message(
        message_id=messages.new_message_id(),
        direction="out",
        api=number["api"],
        owner=new.sender,
        sender=new.sender,
        recipients=tuple(new.to),
        text=new.text,
        state=messages.ACCEPTED,
        time=now(),
        application_id=number["applicationId"],
        tag=new.tag,
    )
    stored = wiring.messages().add(message)
    if stored is None:
        clash = f"There is a message {message.message_id} already."
        raise Conflict(clash)
    try:
        wiring.send_queue().add(message.message_id)
    except Exception:
        # Should the queue have taken it all the same, the worker will not send a message that has failed.
        wiring.messages().advance(
            message.message_id, messages.FAILED, now(), reason="could not be queued, and was not sent"
        )
        raise
    return message_view(stored), HTTPStatus.ACCEPTED


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway request."""
    return app.resolve(event, context)
