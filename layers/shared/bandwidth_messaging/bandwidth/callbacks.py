"""What Bandwidth calls us back with. V2: a JSON array of events, each read on its own."""

import json
from typing import Any

from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.messages import Message, Receipt, Unreadable
from bandwidth_messaging.domain.phone_numbers import to_e164
from bandwidth_messaging.domain.times import rfc3339

_STATES = {
    "message-sending": messages.SENDING,
    "message-sent": messages.SENT,
    "message-delivered": messages.DELIVERED,
    "message-failed": messages.FAILED,
}
# No count or code comes near it; DynamoDB takes 38 digits.
_MAX_COUNT = 10**9


def read_v2(body: str) -> list[Message | Receipt | Unreadable]:
    """Return every event of a V2 callback: an inbound Message, a Receipt, or what could not be read.

    The body is an array on the wire; a bare object, as some published samples show it, is read too.
    """
    try:
        events = json.loads(body)
    except (ValueError, RecursionError):
        return [Unreadable(reason="the body is not JSON", body=body)]
    return [_event(event) for event in (events if isinstance(events, list) else [events])]


def _event(event: Any) -> Message | Receipt | Unreadable:
    try:
        # Half a character (a lone surrogate) is JSON, but cannot be stored.
        json.dumps(event, ensure_ascii=False).encode()
        if event["type"] == "message-received":
            return _inbound(event)
        if event["type"] in _STATES:
            return _receipt(event)
        reason = "its type is unknown"
    except KeyError as error:
        reason = f"{error.args[0]} is missing"
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        reason = "a field is not of the documented form"
    return Unreadable(reason=reason, body=json.dumps(event))


def _inbound(event: dict[str, Any]) -> Message:
    message = event["message"]
    return Message(
        message_id=_id(message),
        direction="in",
        api="v2",
        owner=_number(message.get("owner") or event["to"]),
        sender=_number(message["from"]),
        recipients=tuple(_number(number) for number in _list(message["to"])),
        text=_text(message.get("text")) or "",
        state=messages.RECEIVED,
        time=rfc3339(message.get("time") or event["time"]),
        application_id=_text(message.get("applicationId")),
        media=tuple(str(url) for url in _list(message.get("media") or ())),
        tag=_text(message.get("tag")),
        segment_count=_count(message.get("segmentCount")),
    )


def _receipt(event: dict[str, Any]) -> Receipt:
    message = event["message"]
    bandwidth_id, tag = _id(message), _text(message.get("tag"))
    state = _STATES[event["type"]]
    failed = state == messages.FAILED
    error_code = _count(event.get("errorCode"))
    return Receipt(
        message_id=tag if messages.is_our_message_id(tag) else bandwidth_id,
        bandwidth_id=bandwidth_id,
        state=messages.state_after_failure(error_code) if failed else state,
        time=rfc3339(event["time"]),
        api="v2",
        owner=_number(message.get("owner") or message["from"]),
        recipient=_number(event["to"]) if event.get("to") else None,
        application_id=_text(message.get("applicationId")),
        segment_count=_count(message.get("segmentCount")),
        error_code=error_code,
        reason=str(event.get("description") or "") or None if failed else None,
    )


def _id(message: dict[str, Any]) -> str:
    if not (bandwidth_id := str(message["id"] or "")):
        raise KeyError("message.id")
    return bandwidth_id


def _number(written: Any) -> str:
    """Return E.164; a short code or an alphanumeric sender stays as it came."""
    try:
        return to_e164(written)
    except ValueError:
        return str(written)


def _text(value: Any) -> str | None:
    if not isinstance(value, str | None):
        raise TypeError
    return value


def _list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _count(value: Any) -> int | None:
    count = None if value is None else int(value)
    if count is not None and abs(count) > _MAX_COUNT:
        raise ValueError
    return count
