"""Bandwidth's messaging API of today: recipients are a list, and what was sent can be looked up."""

import json
from typing import Any, Final

from bandwidth_messaging.bandwidth.messaging import FoundMessage, Messaging
from bandwidth_messaging.domain import failures, messages

_FAILED: Final = ("FAILED", "UNDELIVERED")


class MessagingToday(Messaging):
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
            return [_found(message) for message in json.loads(answer.body)["messages"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise answer.garbled("is not the documented list") from None


def _found(message: dict[str, Any]) -> FoundMessage:
    status, code = message["messageStatus"], message.get("errorCode")
    state = messages.DELIVERED if status == "DELIVERED" else messages.SENT
    if status in _FAILED:
        state = messages.DELIVERY_UNKNOWN if failures.leaves_open(code) else messages.FAILED
    return FoundMessage(
        bandwidth_id=str(message["messageId"]),
        state=state,
        error_code=code if status in _FAILED else None,
        segment_count=message.get("segmentCount"),
        recipients=message.get("recipientCount", 1),
    )
