"""Cancels accepted messages. DELETE /messages/{messageId} calls it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.lanes import tickets_from_items, to_micros
from bandwidth_messaging.domain.messages import MessageItem, MessageState
from bandwidth_messaging.domain.problems import (
    Conflict,
    FieldProblem,
    InvalidInput,
    NotFound,
    ProblemCode,
)
from bandwidth_messaging.domain.times import now

if TYPE_CHECKING:
    from bandwidth_messaging.store.lane_store import Lanes
    from bandwidth_messaging.store.schedule import Schedule
    from bandwidth_messaging.store.scheduled_segment_store import ScheduledSegments

INBOUND: Final = FieldProblem("messageId", "is an inbound message. Only outbound messages can be canceled.")


@dataclass(frozen=True)
class MessageCancellation:
    """Cancels messages that no worker has claimed."""

    schedule: "Schedule"
    lanes: "Callable[[], Lanes]"
    scheduled_segments: "Callable[[], ScheduledSegments]"

    def cancel(self, message_id: str) -> MessageItem:
        """Cancel a message and return its item. A message that is canceled already does not change.

        Raises NotFound for an unknown message, InvalidInput for an inbound one, and Conflict for a message
        that is being sent, waits for a retry, or has another final state.
        """
        is_canceled, message = self.schedule.cancel(message_id, now())
        if message is None:
            raise NotFound(describe_unknown(message_id))
        if message["direction"] == "in":
            raise InvalidInput([INBOUND])
        if not is_canceled and message["state"] == MessageState.ACCEPTED:
            raise Conflict(describe_retry(message_id), ProblemCode.MESSAGE_NOT_CANCELABLE)
        if not is_canceled and message["state"] != MessageState.CANCELED:
            raise Conflict(describe_state(message_id, message["state"]), ProblemCode.MESSAGE_NOT_CANCELABLE)
        if is_canceled:
            self._release_places(message)
        return message

    def _release_places(self, message: MessageItem) -> None:
        """Release the positions that a lane issued last, so that new messages get them.

        Earlier positions stay empty. To free a whole backlog, cancel its newest message first. The segments
        of a message that is due later are subtracted from the counts of its hour.
        """
        for lane, ticket in tickets_from_items(message.get("tickets", {})).items():
            self.lanes().release_ticket(lane, ticket)
        if "scheduledLane" in message:
            self.scheduled_segments().subtract(
                message["scheduledLane"],
                to_micros(message["dueAt"]),
                message.get("segmentCount", 1) * len(message["to"]),
                high=message.get("priority") == "high",
            )


def describe_unknown(message_id: str) -> str:
    """Return that a message does not exist."""
    return f"Message {message_id} does not exist."


def describe_state(message_id: str, state: MessageState) -> str:
    """Return why a message cannot be canceled."""
    return f"Message {message_id} is {state}. Only a message that is accepted can be canceled."


def describe_retry(message_id: str) -> str:
    """Return why a message that waits for a retry cannot be canceled."""
    return (
        f"Message {message_id} waits for a retry. Bandwidth accepted its first attempt, which may still be"
        " delivered. Only a message that was never sent can be canceled."
    )
