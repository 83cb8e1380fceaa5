"""Bandwidth's messaging API of today: recipients are a list, and what was sent can be looked up."""

import json
from typing import Any, Final

from bandwidth_messaging.bandwidth.messaging import FoundMessage, Messaging, segment_count_of
from bandwidth_messaging.domain import failures
from bandwidth_messaging.domain.messages import MessageState

_FAILED: Final = ("FAILED", "UNDELIVERED")


class MessagingCurrent(Messaging):
    """The messages of one account."""

    def _recipients(self, to: tuple[str, ...]) -> str | list[str]:
        return list(to)

    def find_sent(self, sender: str, recipient: str, *, since: str, until: str) -> list[FoundMessage]:
        """Return what was sent from a number to another (E.164) in a time (RFC 3339, both ends).

        Bandwidth shows neither text nor tag, and a message only some time after it took it.
        """
        query = {
            "sourceTn": sender,
            "destinationTn": recipient,
            "messageDirection": "OUTBOUND",
            "fromDateTime": since,
            "toDateTime": until,
        }
        answer = self._transport.send("GET", self._messages, params=query)
        try:
            listed = json.loads(answer.body)
            found = [_found(message) for message in listed["messages"]]
            total = listed.get("totalCount")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise answer.garbled("is not the documented list") from None
        if isinstance(total, int) and total > len(found):
            # The message that is meant may be among those that are not listed.
            raise answer.garbled(f"lists {len(found)} of {total} messages")
        return found


def _found(message: dict[str, Any]) -> FoundMessage:
    status, code = message["messageStatus"], message.get("errorCode")
    state = MessageState.DELIVERED if status == "DELIVERED" else MessageState.SENT
    has_failed = status in _FAILED
    error_code = code if has_failed and isinstance(code, int) else None
    if has_failed:
        state = MessageState.DELIVERY_UNKNOWN if failures.leaves_open(error_code) else MessageState.FAILED
    recipients = message.get("recipientCount")
    if recipients is None:
        # An MMS may be a group message. With 0 recipients it matches no message of one.
        recipients = 0 if message.get("messageType") == "mms" else 1
    return FoundMessage(
        bandwidth_id=str(message["messageId"]),
        state=state,
        error_code=error_code,
        segment_count=segment_count_of(message.get("segmentCount")),
        recipients=recipients,
    )
