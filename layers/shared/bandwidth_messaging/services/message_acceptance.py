"""Accepts messages for sending. POST /messages calls it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bandwidth_messaging.domain import messages, registration
from bandwidth_messaging.domain.messages import Message, MessageItem, MessageState
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, InvalidInput
from bandwidth_messaging.domain.segments import count_segments
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.services.send_checks import Obstacle

if TYPE_CHECKING:
    from bandwidth_messaging.domain.sending import NewMessage
    from bandwidth_messaging.services.send_checks import SendChecks
    from bandwidth_messaging.store.dynamodb import Item
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.queues import SendQueue


@dataclass(frozen=True)
class MessageAcceptance:
    """Checks, queues and stores new messages."""

    messages: "Messages"
    send_queue: "SendQueue"
    checks: "SendChecks"

    def accept(self, new: "NewMessage", idempotency_key: str | None) -> MessageItem:
        """Queue and store a message. Return its item as it was first accepted under its idempotency key.

        Raises InvalidInput or Conflict if the sender may not send the message, or if the idempotency key
        belongs to another message.
        """
        try:
            sender = self._check(new)
        except (Conflict, InvalidInput):
            # A repeated request gets its first response, even if the message would not be accepted now.
            earlier = self._find_earlier(idempotency_key)
            if earlier is None or earlier.get("requestDigest") != new.digest():
                raise
            return self._restore(_build_message(new, earlier, idempotency_key), earlier)
        message = _build_message(new, sender, idempotency_key)
        # The queue comes first, so that each stored message has a queue record. The worker waits for it.
        self.send_queue.add(message.message_id)
        return self.messages.add(message) or self._find_first(message)

    def _check(self, new: "NewMessage") -> "Item":
        """Return the sender's item. Raises InvalidInput or Conflict if the message may not be sent."""
        sender, problem = self.checks.check(new.sender, new.to)
        if sender is None or (problem and problem.obstacle is Obstacle.SENDER):
            raise InvalidInput([FieldProblem("from", problem.reason if problem else "")])
        if problems := new.find_unsupported(sender["api"]):
            raise InvalidInput(problems)
        if problem:
            raise Conflict(problem.reason)
        return sender

    def _find_earlier(self, idempotency_key: str | None) -> MessageItem | None:
        return self.messages.get(messages.create_message_id(idempotency_key)) if idempotency_key else None

    def _find_first(self, message: Message) -> MessageItem:
        """Return the item as first stored under the same id. Raises InvalidInput if it is another message."""
        stored = self.messages.get(message.message_id)
        if stored is None or stored.get("requestDigest") != message.request_digest:
            raise InvalidInput(
                [FieldProblem("Idempotency-Key", "belongs to another message. Use a new key.")]
            )
        return self._restore(message, stored)

    def _restore(self, message: Message, stored: MessageItem) -> MessageItem:
        """Return the item as it was first stored, built from the same request and the stored item."""
        return self.messages.build_item(
            replace(
                message,
                time=stored["acceptedAt"],
                api=stored["api"],
                application_id=stored.get("applicationId"),
                warnings=tuple(stored.get("warnings", ())),
            )
        )


def _build_message(new: "NewMessage", sender: Mapping[str, Any], idempotency_key: str | None) -> Message:
    warning = registration.explain_unregistered(new.sender, sender.get("registration"))
    counted = count_segments(new.text, media=bool(new.media) or len(new.to) > 1)
    return Message(
        message_id=messages.create_message_id(idempotency_key),
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
        expiration=to_rfc3339(new.expiration.isoformat()) if new.expiration else None,
        request_digest=new.digest(),
        warnings=(warning,) if warning else (),
    )
