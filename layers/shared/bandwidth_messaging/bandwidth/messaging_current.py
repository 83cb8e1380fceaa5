"""The current messaging API: recipients are a list, RCS, and a search of sent messages."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from bandwidth_messaging.bandwidth.messaging import (
    AcceptedMessage,
    FoundMessage,
    Messaging,
    parse_message_id,
    parse_segment_count,
)
from bandwidth_messaging.bandwidth.transport import Response
from bandwidth_messaging.domain import failures
from bandwidth_messaging.domain.messages import RCS_CHANNEL, MessageState

_FAILED_STATUSES: Final = ("FAILED", "UNDELIVERED")


class MessagingCurrent(Messaging):
    """Client of the messages of one account."""

    def _recipients(self, to: tuple[str, ...]) -> str | list[str]:
        return list(to)

    def prepare_send(
        self,
        *,
        sender: str,
        to: tuple[str, ...],
        text: str,
        application_id: str,
        tag: str,
        media: tuple[str, ...] = (),
        priority: str | None = None,
        expiration: str | None = None,
        rcs: Mapping[str, Any] | None = None,
    ) -> Callable[[], AcceptedMessage]:
        """Return the call that sends a message, as in the classic API. With `rcs` it has several channels."""
        if rcs is None:
            return super().prepare_send(
                sender=sender,
                to=to,
                text=text,
                application_id=application_id,
                tag=tag,
                media=media,
                priority=priority,
                expiration=expiration,
            )
        # Bandwidth tries the channels in this order until one sends.
        channels = [
            {"channel": RCS_CHANNEL, "from": rcs["from"], "content": _build_rcs_content(rcs)},
            {"channel": "MMS" if media else "SMS", "from": sender, "content": _build_fallback(text, media)},
        ]
        body = {
            "to": to[0],
            "channelList": [{**channel, "applicationId": application_id} for channel in channels],
            "tag": tag,
            "priority": priority,
            "expiration": expiration,
        }
        post = self._transport.prepare(
            "POST",
            f"{self._messages}/multiChannel",
            body=json.dumps({name: value for name, value in body.items() if value is not None}).encode(),
            content_type="application/json; charset=utf-8",
        )
        return lambda: _parse_multi_channel(post())

    def find_sent(
        self, sender: str, recipient: str, *, since: str, until: str, agent: str | None = None
    ) -> list[FoundMessage]:
        """Return the messages from one number to another (E.164) between two times (RFC 3339, inclusive).

        With the sender id of an RCS `agent`, its messages are returned too. The search returns neither text
        nor tag, and lists a message only some time after its acceptance.
        """
        # The search filters by phone numbers. It is not documented to find a sender id.
        query = ({} if agent else {"sourceTn": sender}) | {
            "destinationTn": recipient,
            "messageDirection": "OUTBOUND",
            "fromDateTime": since,
            "toDateTime": until,
        }
        response = self._transport.send("GET", self._messages, params=query)
        try:
            listed = json.loads(response.body)
            messages, total = listed["messages"], listed.get("totalCount")
            found = [
                _parse_found(message)
                for message in messages
                if agent is None or message["sourceTn"] in {sender, agent}
            ]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise response.garbled("is not the documented list") from None
        if isinstance(total, int) and total > len(messages):
            # The message may be among those that are not listed.
            raise response.garbled(f"lists {len(messages)} of {total} messages")
        return found


def _build_rcs_content(rcs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of the channel RBM: fields of a card or carousel are not nested there."""
    nested = rcs.get("card") or rcs.get("carousel") or {}
    plain = {name: rcs[name] for name in ("text", "media", "suggestions") if name in rcs}
    return {**nested, **plain}


def _build_fallback(text: str, media: tuple[str, ...]) -> dict[str, Any]:
    files = {"media": [{"fileUrl": url} for url in media]} if media else {}
    return ({"text": text} if text else {}) | files


def _parse_multi_channel(response: Response) -> AcceptedMessage:
    """Parse a 202. Raises BandwidthGarbled if it has no valid id: the message may have been sent.

    The response has no segment count, because no channel has sent the message yet.
    """
    try:
        bandwidth_id = json.loads(response.body)["data"]["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise response.garbled("has no id") from None
    return AcceptedMessage(parse_message_id(response, bandwidth_id), segment_count=None)


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
        is_rcs=message.get("messageType") == "rcs",
    )
