"""The current messaging API: recipients are a list, and sent messages can be searched."""

import json
from typing import Any, Final

from bandwidth_messaging.bandwidth.messaging import FoundMessage, Messaging, parse_segment_count
from bandwidth_messaging.domain import failures
from bandwidth_messaging.domain.messages import MessageState

_FAILED_STATUSES: Final = ("FAILED", "UNDELIVERED")


class MessagingCurrent(Messaging):
    """Client of the messages of one account."""

    def _recipients(self, to: tuple[str, ...]) -> str | list[str]:
        return list(to)

    def find_sent(self, sender: str, recipient: str, *, since: str, until: str) -> list[FoundMessage]:
        """Return the messages from one number to another (E.164) between two times (RFC 3339, inclusive).

        The search returns neither text nor tag, and lists a message only some time after its acceptance.
        """
        query = {
            "sourceTn": sender,
            "destinationTn": recipient,
            "messageDirection": "OUTBOUND",
            "fromDateTime": since,
            "toDateTime": until,
        }
        response = self._transport.send("GET", self._messages, params=query)
        try:
            listed = json.loads(response.body)
            found = [_parse_found(message) for message in listed["messages"]]
            total = listed.get("totalCount")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise response.garbled("is not the documented list") from None
        if isinstance(total, int) and total > len(found):
            # The message may be among those that are not listed.
            raise response.garbled(f"lists {len(found)} of {total} messages")
        return found


def _parse_found(message: dict[str, Any]) -> FoundMessage:
    status, code = message["messageStatus"], message.get("errorCode")
    state = MessageState.DELIVERED if status == "DELIVERED" else MessageState.SENT
    has_failed = status in _FAILED_STATUSES
    error_code = code if has_failed and isinstance(code, int) else None
    if has_failed:
        state = (
            MessageState.DELIVERY_UNKNOWN if failures.is_delivery_unknown(error_code) else MessageState.FAILED
        )
    recipients = message.get("recipientCount")
    if recipients is None:
        # An MMS may be a group message. The count 0 keeps it from matching a message with one recipient.
        recipients = 0 if message.get("messageType") == "mms" else 1
    return FoundMessage(
        bandwidth_id=str(message["messageId"]),
        state=state,
        error_code=error_code,
        segment_count=parse_segment_count(message.get("segmentCount")),
        recipients=recipients,
    )
