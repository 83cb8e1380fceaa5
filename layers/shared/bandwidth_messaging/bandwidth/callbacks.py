"""What Bandwidth calls us back with: V2 a JSON array of events, V1 one object or query at a time."""

import json
from collections.abc import Callable
from typing import Any, TypedDict

from bandwidth_messaging.domain import failures, messages, opt_outs
from bandwidth_messaging.domain.messages import Message, Receipt, Unreadable
from bandwidth_messaging.domain.phone_numbers import to_e164
from bandwidth_messaging.domain.times import rfc3339

_V2_STATES = {
    "message-sending": messages.SENDING,
    "message-sent": messages.SENT,
    "message-delivered": messages.DELIVERED,
    "message-failed": messages.FAILED,
}
# V1: `state` of an outbound message, unless `deliveryState` tells more.
_V1_STATES = {
    "queued": messages.SENDING,
    "sending": messages.SENDING,
    "sent": messages.SENT,
    "error": messages.FAILED,
}
_V1_DELIVERY_STATES = {"delivered": messages.DELIVERED, "not-delivered": messages.FAILED}
# No count or code comes near it; DynamoDB takes 38 digits.
_MAX_COUNT = 10**9


def read_v2(body: str) -> list[Message | Receipt | Unreadable]:
    """Return every event of a V2 callback: an inbound Message, a Receipt, or what could not be read.

    The body is an array on the wire; a bare object, as some published samples show it, is read too.
    """
    events = _json(body)
    if isinstance(events, Unreadable):
        return [events]
    return [_read(event, _v2_event) for event in (events if isinstance(events, list) else [events])]


def read_v1(body: str) -> Message | Receipt | Unreadable:
    """Return what a V1 callback by POST tells: one object (document "Hosted Messaging", step 6)."""
    event = _json(body)
    return event if isinstance(event, Unreadable) else _read(event, _v1_event)


def read_v1_query(query: dict[str, str]) -> Message | Receipt | Unreadable:
    """Return what a V1 callback by GET tells: the same fields as query parameters.

    Several media come as one value, `[url1, url2]`.
    """
    media = query.get("media", "").removeprefix("[").removesuffix("]")
    urls = [url.strip() for url in media.split(",") if url.strip()]
    return _read(query | {"media": urls}, _v1_event)


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return Unreadable(reason="the body is not JSON", body=body)


def _read(event: Any, read: Callable[[Any], Message | Receipt | str]) -> Message | Receipt | Unreadable:
    """Return what `read` makes of the event; it returns, or raises, why it could not."""
    try:
        # Half a character (a lone surrogate) is JSON, but cannot be stored.
        json.dumps(event, ensure_ascii=False).encode()
        told = read(event)
        if not isinstance(told, str):
            return told
        reason = told
    except KeyError as error:
        reason = f"{error.args[0]} is missing"
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        reason = "a field is not of the documented form"
    return Unreadable(reason=reason, body=json.dumps(event))


def _v2_event(event: dict[str, Any]) -> Message | Receipt | str:
    if event["type"] == "message-received":
        return _v2_inbound(event)
    return _v2_receipt(event) if event["type"] in _V2_STATES else "its type is unknown"


def _v2_inbound(event: dict[str, Any]) -> Message:
    message = event["message"]
    return Message(
        message_id=_id(message, "id"),
        direction="in",
        api="v2",
        owner=_number(message.get("owner") or event["to"]),
        sender=_number(message["from"]),
        recipients=tuple(_number(number) for number in _list(message["to"])),
        text=_text(message.get("text")) or "",
        keyword=_keyword(message.get("text")),
        state=messages.RECEIVED,
        time=rfc3339(message.get("time") or event["time"]),
        application_id=_text(message.get("applicationId")),
        media=tuple(str(url) for url in _list(message.get("media") or ())),
        tag=_text(message.get("tag")),
        segment_count=_count(message.get("segmentCount")),
    )


def _v2_receipt(event: dict[str, Any]) -> Receipt:
    message = event["message"]
    bandwidth_id, tag = _id(message, "id"), _text(message.get("tag"))
    state = _V2_STATES[event["type"]]
    failed = state == messages.FAILED
    error_code = _count(event.get("errorCode"))
    return Receipt(
        message_id=tag if messages.is_our_message_id(tag) else bandwidth_id,
        bandwidth_id=bandwidth_id,
        state=_ended(error_code) if failed else state,
        time=rfc3339(event["time"]),
        api="v2",
        # Of a group's receipts some published samples show the recipient as the owner.
        owner=_number(message.get("from") or message["owner"]),
        recipient=_number(event["to"]) if event.get("to") else None,
        recipients=tuple(_number(number) for number in _list(message.get("to") or ())),
        application_id=_text(message.get("applicationId")),
        segment_count=_count(message.get("segmentCount")),
        error_code=error_code,
        **_why(error_code, event.get("description"), failed=failed),
    )


def _v1_event(event: dict[str, Any]) -> Message | Receipt | str:
    if event["eventType"] not in {"sms", "mms"}:
        return "its eventType is unknown"
    if event["direction"] == "in":
        return _v1_inbound(event)
    return _v1_receipt(event)


def _v1_inbound(event: dict[str, Any]) -> Message:
    return Message(
        message_id=_id(event, "messageId"),
        direction="in",
        api="v1",
        owner=_number(event["to"]),
        sender=_number(event["from"]),
        recipients=(_number(event["to"]),),
        text=_text(event.get("text")) or "",
        keyword=_keyword(event.get("text")),
        state=messages.RECEIVED,
        time=rfc3339(event["time"]),
        application_id=_text(event.get("applicationId")),
        media=tuple(str(url) for url in _list(event.get("media") or ())),
        tag=_text(event.get("tag")),
        segment_count=_count(event.get("segmentCount")),
    )


def _v1_receipt(event: dict[str, Any]) -> Receipt | str:
    state = _V1_DELIVERY_STATES.get(event.get("deliveryState", "")) or _V1_STATES.get(event.get("state", ""))
    if state is None:
        return "its state is unknown"
    bandwidth_id, tag = _id(event, "messageId"), _text(event.get("tag"))
    failed = state == messages.FAILED
    error_code = _count(event.get("deliveryCode")) if failed else None
    return Receipt(
        message_id=tag if messages.is_our_message_id(tag) else bandwidth_id,
        bandwidth_id=bandwidth_id,
        state=_ended(error_code) if failed else state,
        time=rfc3339(event["time"]),
        api="v1",
        owner=_number(event["from"]),
        recipient=_number(event["to"]),
        application_id=_text(event.get("applicationId")),
        segment_count=_count(event.get("segmentCount")),
        error_code=error_code,
        **_why(error_code, event.get("deliveryDescription"), failed=failed),
    )


def _ended(error_code: int | None) -> str:
    """Return the state after a failure: some codes leave open whether the message arrived."""
    return messages.DELIVERY_UNKNOWN if failures.leaves_open(error_code) else messages.FAILED


class _Why(TypedDict):
    error_class: str | None
    reason: str | None


def _why(error_code: int | None, description: Any, *, failed: bool) -> _Why:
    """Return class and words of a failure: the catalogue's, else Bandwidth's description."""
    known = failures.failure(error_code) if failed else None
    words = known.words if known else str(description or "") or None
    return {"error_class": known.error_class if known else None, "reason": words if failed else None}


def _keyword(text: Any) -> str | None:
    found = opt_outs.keyword(text) if isinstance(text, str) else None
    return found.word if found else None


def _id(message: dict[str, Any], name: str) -> str:
    if not (bandwidth_id := str(message[name] or "")):
        raise KeyError(name)
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
    # A query writes what is not there as an empty value.
    count = None if value is None or value == "" else int(value)
    if count is not None and abs(count) > _MAX_COUNT:
        raise ValueError
    return count
