"""POST /messages ("Send Text Message"): checks a message, queues and stores it; the worker sends it."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.parameters import IdempotencyKey
from bandwidth_messaging.api.resolver import operation, resolver
from bandwidth_messaging.api.views import message_view
from bandwidth_messaging.domain import messages, registration
from bandwidth_messaging.domain.messages import Message, MessageState
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput
from bandwidth_messaging.domain.segments import segments
from bandwidth_messaging.domain.sending import NewMessage
from bandwidth_messaging.domain.times import now, rfc3339
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services import send_checks
from bandwidth_messaging.store.dynamodb import Item

app = resolver()


@operation(
    app.post,
    "/messages",
    tag="Messages",
    response=responses.Message,
    status=HTTPStatus.ACCEPTED,
    errors={
        HTTPStatus.CONFLICT: (
            "+19195551234 opted out of texts from +19195551212 at 2026-11-22T10:02:44.000Z (stop)"
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem("text", "must be given unless there is media"),
    },
)
def send_message(
    new: Annotated[NewMessage, Body()],
    idempotency_key: IdempotencyKey = None,
) -> tuple[dict[str, Any], int]:
    """Accept a message to be sent.

    Its state then follows at GET /messages/{messageId}. People who opted out of texts from the number are
    a 409, unless the stack leaves that to another system.
    """
    store = wiring.messages()
    try:
        sender = _check(new)
    except (Conflict, InvalidInput):
        # What was accepted under this key is answered as it was, whatever has changed since.
        before = store.get(messages.message_id(idempotency_key)) if idempotency_key else None
        if before is None or before.get("requestDigest") != new.digest():
            raise
        return message_view(_first_item(_message(new, before, idempotency_key), before)), HTTPStatus.ACCEPTED
    message = _message(new, sender, idempotency_key)
    # The queue comes first, so a stored message always has a queue record. The worker waits for the message.
    wiring.send_queue().add(message.message_id)
    stored = store.add(message)
    if stored is None:
        before = store.get(message.message_id)
        if before is None or before.get("requestDigest") != message.request_digest:
            raise InvalidInput(
                [FieldProblem("Idempotency-Key", "was used for another message; choose a new one")]
            )
        stored = _first_item(message, before)
    return message_view(stored), HTTPStatus.ACCEPTED


def _check(new: NewMessage) -> Item:
    """Return the sending number's item. Raises InvalidInput or Conflict if it may not send this message."""
    sender, opt_outs = wiring.opt_outs().sender_and_opt_outs(new.sender, new.to)
    problem = send_checks.check_sender(new.sender, sender, unregistered=settings().unregistered_senders)
    if sender is None or problem:
        raise InvalidInput([FieldProblem("from", problem or "")])
    if problems := new.problems_with(sender["api"]):
        raise InvalidInput(problems)
    if problem := send_checks.check_opt_outs(opt_outs, enforce=settings().enforce_opt_outs):
        raise Conflict(problem)
    return sender


def _message(new: NewMessage, sender: Item, idempotency_key: str | None) -> Message:
    warning = registration.explain_unregistered(new.sender, sender.get("registration"))
    counted = segments(new.text, media=bool(new.media) or len(new.to) > 1)
    return Message(
        message_id=messages.message_id(idempotency_key),
        direction="out",
        api=sender["api"],
        owner=new.sender,
        sender=new.sender,
        recipients=tuple(new.to),
        text=new.text,
        media=tuple(new.media),
        state=MessageState.ACCEPTED,
        time=now(),
        application_id=sender.get("applicationId"),
        tag=new.tag,
        encoding=counted.encoding,
        segment_count=counted.count,
        priority=new.priority,
        expiration=rfc3339(new.expiration.isoformat()) if new.expiration else None,
        request_digest=new.digest(),
        warnings=(warning,) if warning else (),
    )


def _first_item(message: Message, before: Item) -> Item:
    """Return the item as it was first stored, from the same request and what is stored now."""
    return wiring.messages().item_of(
        replace(
            message,
            time=before["acceptedAt"],
            api=before["api"],
            application_id=before.get("applicationId"),
            warnings=tuple(before.get("warnings", ())),
        )
    )


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway request."""
    return app.resolve(event, context)
