"""POST /messages ("Send Text Message"): a message is checked, stored and queued; the worker sends it."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Header
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain import messages, registration
from bandwidth_messaging.domain.errors import FieldProblem, InvalidInput
from bandwidth_messaging.domain.messages import Message
from bandwidth_messaging.domain.segments import segments
from bandwidth_messaging.domain.sending import NewMessage
from bandwidth_messaging.domain.times import now, rfc3339
from bandwidth_messaging.runtime import answers, wiring
from bandwidth_messaging.runtime.api import Conflict, operation, resolver
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.views import message_view
from bandwidth_messaging.store.dynamodb import Item
from bandwidth_messaging.store.numbers import ACTIVE

app = resolver()

_NOT_QUEUED = "could not be queued, and was not sent"
_OPTED_OUT = "{theirs} opted out of texts from {ours} at {since} ({keyword})"


@operation(
    app.post,
    "/messages",
    tag="Messages",
    answer=answers.Message,
    status=HTTPStatus.ACCEPTED,
    errors={
        HTTPStatus.CONFLICT: _OPTED_OUT.format(
            theirs="+19195551234", ours="+19195551212", since="2026-11-22T10:02:44.000Z", keyword="stop"
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem("text", "must be given unless there is media"),
    },
)
def send_message(
    new: Annotated[NewMessage, Body()],
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            description="The same key and body are one message, however often they come",
        ),
    ] = None,
) -> tuple[dict[str, Any], int]:
    """Accept a message to be sent.

    Its state then follows at GET /messages/{messageId}. People who opted out of texts from the number are
    a 409, unless the stack leaves that to another system.
    """
    try:
        sender = _sender(new)
    except (Conflict, InvalidInput):
        # What was accepted under this key is answered as it was, whatever has changed since.
        before = _accepted_before(new, idempotency_key)
        if before is None:
            raise
        sender = before
    message = _message(new, sender, idempotency_key)
    stored = wiring.messages().add(message)
    is_ours_to_queue = stored is not None
    if stored is None:
        stored, is_ours_to_queue = _stored_before(message)
    try:
        wiring.send_queue().add(message.message_id)
    except Exception:
        # Should the queue have taken it all the same, the worker will not send a message that has failed.
        if is_ours_to_queue:
            wiring.messages().fail_unqueued(message.message_id, now(), reason=_NOT_QUEUED)
        raise
    return message_view(stored), HTTPStatus.ACCEPTED


def _sender(new: NewMessage) -> Item:
    """Return the sending number. Raises InvalidInput or Conflict if it may not send this to them."""
    sender, opt_outs = wiring.opt_outs().sender_and_opt_outs(new.sender, new.to)
    if sender is None or sender["state"] != ACTIVE:
        state = "is not one of our numbers" if sender is None else f"is {sender['state']}, not active"
        raise InvalidInput(
            [FieldProblem("from", f"{new.sender} {state}; GET /numbers lists the active ones")]
        )
    if problems := new.problems_with(sender["api"]):
        raise InvalidInput(problems)
    warning = registration.warning_of(new.sender, sender.get("registration"))
    if warning and settings().unregistered_senders == "refuse":
        raise InvalidInput([FieldProblem("from", warning)])
    if opt_outs and settings().enforce_opt_outs == "true":
        raise Conflict("; ".join(_OPTED_OUT.format_map(opt_out) for opt_out in opt_outs))
    return sender


def _message(new: NewMessage, sender: Item, idempotency_key: str | None) -> Message:
    warning = registration.warning_of(new.sender, sender.get("registration"))
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
        state=messages.ACCEPTED,
        time=now(),
        application_id=sender.get("applicationId"),
        tag=new.tag,
        encoding=counted.encoding,
        segment_count=counted.count,
        priority=new.priority,
        expiration=rfc3339(new.expiration.isoformat()) if new.expiration else None,
        request_digest=new.digest(),
        warnings=(warning,) if warning else (),
        preflight=sender["api"] == "v2" and not sender.get("preflight", {}).get("ok", False),
    )


def _accepted_before(new: NewMessage, idempotency_key: str | None) -> Item | None:
    """Return the message that the same key and body has made before."""
    before = wiring.messages().get(messages.message_id(idempotency_key)) if idempotency_key else None
    return before if before and before.get("requestDigest") == new.digest() else None


def _stored_before(message: Message) -> tuple[Item, bool]:
    """Return what was answered to the same key and body before, and whether it never got into the queue.

    It is queued again: the request may have died in between, and the worker sends it once all the same.
    Raises InvalidInput for another body.
    """
    store = wiring.messages()
    before = store.get(message.message_id)
    if before is None or before.get("requestDigest") != message.request_digest:
        raise InvalidInput(
            [FieldProblem("Idempotency-Key", "was used for another message; choose a new one")]
        )
    again = before.get("reason") == _NOT_QUEUED and store.accept_again(message.message_id)
    sender = {"api": before["api"], "application_id": before.get("applicationId")}
    warnings = tuple(before.get("warnings", ()))
    return store.item_of(replace(message, time=before["acceptedAt"], warnings=warnings, **sender)), again


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway request."""
    return app.resolve(event, context)
