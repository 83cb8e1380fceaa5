"""Parsers of Bandwidth's message callbacks. Called by services/callback_intake.

A V2 callback is a JSON array of events. A V1 callback is one JSON object or one query. The parsers raise
nothing: an event that cannot be parsed is an Unreadable with the reason.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypedDict

from bandwidth_messaging.domain import failures, messages
from bandwidth_messaging.domain.messages import Message, MessageState, Receipt, Unreadable
from bandwidth_messaging.domain.phone_numbers import from_callback
from bandwidth_messaging.domain.times import to_rfc3339

type CallbackEvent = Message | Receipt | Unreadable

# The second and third type are RCS: the person chose a suggestion, or sent a requested location.
_V2_INBOUND: Final = frozenset({"message-received", "suggestion-response", "requested-location-response"})
_V2_STATES: Final = {
    "message-sending": MessageState.SENDING,
    "message-sent": MessageState.SENT,
    "message-delivered": MessageState.DELIVERED,
    "message-failed": MessageState.FAILED,
    # RCS: a message that was read has been delivered.
    "message-read": MessageState.DELIVERED,
}
# V1: `state` of an outbound message. `deliveryState` is more specific and takes precedence.
_V1_STATES: Final = {
    "queued": MessageState.SENDING,
    "sending": MessageState.SENDING,
    "sent": MessageState.SENT,
    "error": MessageState.FAILED,
}
_V1_DELIVERY_STATES: Final = {"delivered": MessageState.DELIVERED, "not-delivered": MessageState.FAILED}
_SUGGESTION: Final = ("text", "postbackData", "pairedMessageId")
_LOCATION: Final = ("latitude", "longitude")
# Larger than every count or code. DynamoDB stores at most 38 digits.
_MAX_COUNT: Final = 10**9
# A sort key holds 1,024 bytes: a time and an id, or two numbers.
_MAX_ID_BYTES: Final = 500
# Bandwidth's limit of a tag. Events carry these fields, and an event's size is limited.
_MAX_TAG_CHARACTERS: Final = 1024
_MAX_DESCRIPTION_CHARACTERS: Final = 500
_MAX_LABEL_CHARACTERS: Final = 100
# An item expires some time after its message's time, and datetime has no year 10000.
_LATEST: Final = "9000"
# JSON can hold a lone surrogate as an escape. DynamoDB cannot store one.
_LONE_SURROGATE: Final = "the event contains half of a surrogate pair"
# A URL may contain commas.
_BETWEEN_URLS: Final = re.compile(r",\s*(?=\w+://)")


class _InvalidField(ValueError):
    """A field is missing or does not have the documented form. The text names the field."""


def parse_v2(body: str) -> list[CallbackEvent]:
    """Parse every event of a V2 callback.

    The body is an array. A single object, as some published samples show it, is accepted too.
    """
    events = _json(body)
    if isinstance(events, Unreadable):
        return [events]
    if not isinstance(events, list):
        events = [events]
    several = len(events) > 1
    # One search for the whole body: a search per event would make the parsing quadratic.
    has_escapes = "\\u" in body
    return [
        _parse(
            event,
            _v2_event,
            has_escapes=has_escapes,
            prefix=f"event {position} of {len(events)}: " if several else "",
        )
        for position, event in enumerate(events, 1)
    ]


def parse_v1(body: str) -> CallbackEvent:
    """Parse a V1 callback by POST: one object (document "Hosted Messaging", step 6)."""
    event = _json(body)
    return event if isinstance(event, Unreadable) else _parse(event, _v1_event, has_escapes="\\u" in body)


def parse_v1_query(query: Mapping[str, Sequence[str]]) -> CallbackEvent:
    """Parse a V1 callback by GET: the same fields as query parameters, each with its values.

    Several media are one value, `[url1, url2]`. The last value of every other field counts.
    """
    event: dict[str, Any] = {name: values[-1] for name, values in query.items() if values}
    event["media"] = [
        url
        for value in query.get("media", ())
        for url in _BETWEEN_URLS.split(value.strip().removeprefix("[").removesuffix("]"))
        if url.strip()
    ]
    return _parse(event, _v1_event, has_escapes=True)


def _json(body: str) -> Any:
    try:
        body.encode()
        return json.loads(body.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UnicodeEncodeError):
            return Unreadable(reason=_LONE_SURROGATE)
        return Unreadable(reason="the body is not JSON")


def _parse(
    event: Any, parse: Callable[[Any], Message | Receipt], *, has_escapes: bool, prefix: str = ""
) -> CallbackEvent:
    """Parse an event. Only an event with escapes can contain a lone surrogate."""
    try:
        if has_escapes:
            json.dumps(event, ensure_ascii=False).encode()
        return parse(event)
    except _InvalidField as error:
        reason = str(error)
    except UnicodeEncodeError:
        reason = _LONE_SURROGATE
    except Exception:  # an event with an unexpected form must be quarantined, not lost
        reason = "a field does not have the documented form"
    return Unreadable(reason=f"{prefix}{reason}")


def _v2_event(event: dict[str, Any]) -> Message | Receipt:
    kind = _required(event, "type")
    if kind in _V2_INBOUND:
        return _v2_inbound(event, _required(event, "message"))
    if kind in _V2_STATES:
        return _v2_receipt(event, _required(event, "message"))
    raise _InvalidField("type is unknown")


def _v2_inbound(event: dict[str, Any], message: dict[str, Any]) -> Message:
    sender = _number(message, "from")
    owner = _number(message, "owner") if message.get("owner") else sender
    suggestion = _text_fields(message.get("suggestionResponse"), _SUGGESTION)
    text = _text(message.get("text")) or suggestion.get("text") or _content_text(message.get("content"))
    return Message(
        message_id=_id(message, "id"),
        direction="in",
        api="v2",
        # In some published samples the owner is the sender. The outer `to` is the receiving number.
        owner=_number(event, "to") if owner == sender else owner,
        sender=sender,
        recipients=_numbers(_required(message, "to")),
        text=text,
        state=MessageState.RECEIVED,
        time=_time(message if message.get("time") else event, "time"),
        application_id=_short(message.get("applicationId")),
        media=_texts(message.get("media")) or _content_media(message.get("content")),
        tag=_short(message.get("tag")),
        segment_count=_count(message.get("segmentCount")),
        priority=_label(message.get("priority")),
        channel=_label(message.get("channel")),
        carrier_name=_label(event.get("carrierName")),
        suggestion_response=suggestion or None,
        location_response=_text_fields(message.get("locationResponse"), _LOCATION) or None,
    )


def _v2_receipt(event: dict[str, Any], message: dict[str, Any]) -> Receipt:
    bandwidth_id, tag = _id(message, "id"), _text(message.get("tag"))
    state = _V2_STATES[event["type"]]
    was_read = event["type"] == "message-read"
    time = _time(event, "eventTime" if was_read and event.get("eventTime") else "time")
    failed = state == MessageState.FAILED
    error_code = _count(event.get("errorCode"))
    return Receipt(
        message_id=tag if messages.is_message_id(tag) else bandwidth_id,
        bandwidth_id=bandwidth_id,
        state=_state_of_failure(error_code) if failed else state,
        time=time,
        api="v2",
        message_time=_time(message, "time") if message.get("time") else None,
        read_at=time if was_read else None,
        # In some published samples of group receipts, the owner is the recipient.
        owner=_number(message, "from" if message.get("from") else "owner"),
        recipient=_number(event, "to") if event.get("to") else None,
        recipients=_numbers(message.get("to") or ()),
        application_id=_short(message.get("applicationId")),
        segment_count=_count(message.get("segmentCount")),
        channel=_label(message.get("channel")),
        carrier_name=_label(event.get("carrierName")),
        **_failure_fields(error_code, event.get("description"), failed=failed),
    )


def _v1_event(event: dict[str, Any]) -> Message | Receipt:
    if _required(event, "eventType") not in {"sms", "mms"}:
        raise _InvalidField("eventType is unknown")
    direction = _required(event, "direction")
    if direction == "in":
        return _v1_inbound(event)
    if direction == "out":
        return _v1_receipt(event)
    raise _InvalidField("direction is unknown")


def _v1_inbound(event: dict[str, Any]) -> Message:
    text = _text(event.get("text")) or ""
    return Message(
        message_id=_id(event, "messageId"),
        direction="in",
        api="v1",
        owner=_number(event, "to"),
        sender=_number(event, "from"),
        recipients=(_number(event, "to"),),
        text=text,
        state=MessageState.RECEIVED,
        time=_time(event, "time"),
        application_id=_short(event.get("applicationId")),
        media=_texts(event.get("media")),
        tag=_short(event.get("tag")),
        segment_count=_count(event.get("segmentCount")),
    )


def _v1_receipt(event: dict[str, Any]) -> Receipt:
    state = _V1_DELIVERY_STATES.get(event.get("deliveryState") or "")
    state = state or _V1_STATES.get(event.get("state") or "")
    if state is None:
        raise _InvalidField("state is unknown")
    bandwidth_id, tag = _id(event, "messageId"), _text(event.get("tag"))
    failed = state == MessageState.FAILED
    error_code = _count(event.get("deliveryCode")) if failed else None
    return Receipt(
        message_id=tag if messages.is_message_id(tag) else bandwidth_id,
        bandwidth_id=bandwidth_id,
        state=_state_of_failure(error_code) if failed else state,
        time=_time(event, "time"),
        api="v1",
        owner=_number(event, "from"),
        recipient=_number(event, "to"),
        application_id=_short(event.get("applicationId")),
        segment_count=_count(event.get("segmentCount")),
        **_failure_fields(error_code, event.get("deliveryDescription"), failed=failed),
    )


def _state_of_failure(error_code: int | None) -> MessageState:
    """Return the state after a failure. Some codes leave open whether the message arrived."""
    return MessageState.DELIVERY_UNKNOWN if failures.is_delivery_unknown(error_code) else MessageState.FAILED


class _FailureFields(TypedDict):
    error_code: int | None
    error_class: str | None
    reason: str | None
    bandwidth_reason: str | None


def _failure_fields(error_code: int | None, description: Any, *, failed: bool) -> _FailureFields:
    """Return code, class and reasons of a failure.

    `reason` is the catalogue's sentence, or Bandwidth's description of a code that the catalogue lacks.
    `bandwidth_reason` is always Bandwidth's description, which may say more than the code (5229).
    """
    if not failed:
        return {"error_code": None, "error_class": None, "reason": None, "bandwidth_reason": None}
    known = failures.find_failure(error_code)
    described = failures.hide_url_secrets(str(description or ""))[:_MAX_DESCRIPTION_CHARACTERS] or None
    return {
        "error_code": error_code,
        "error_class": known.error_class if known else None,
        "reason": known.words if known else described,
        "bandwidth_reason": described,
    }


def _content_text(content: Any) -> str:
    """Return the text of an RCS message whose text is in `content`."""
    return (_text(content.get("text")) if content else None) or ""


def _content_media(content: Any) -> tuple[str, ...]:
    """Return the file URL of an RCS message whose file is in `content`."""
    media = content.get("media") if content else None
    return _texts(media.get("fileUrl")) if media else ()


# Fields


def _required(fields: dict[str, Any], name: str) -> Any:
    if not (value := fields.get(name)):
        raise _InvalidField(f"{name} is missing")
    return value


def _id(fields: dict[str, Any], name: str) -> str:
    return _name(_required(fields, name), name)


def _number(fields: dict[str, Any], name: str) -> str:
    return _e164(_required(fields, name), name)


def _numbers(written: Any) -> tuple[str, ...]:
    return tuple(_e164(number, "to") for number in _list(written))


def _e164(written: Any, name: str) -> str:
    """Return a number in E.164. A short code or an alphanumeric sender stays unchanged."""
    return from_callback(_name(written, name))


def _name(value: Any, name: str) -> str:
    """Return an identifier as text: a text or an integer whose length fits into a key."""
    if not isinstance(value, str | int) or isinstance(value, bool) or not (text := str(value)):
        raise _InvalidField(f"{name} does not have the documented form")
    if len(text.encode()) > _MAX_ID_BYTES:
        raise _InvalidField(f"{name} is too long")
    return text


def _time(fields: dict[str, Any], name: str) -> str:
    time = to_rfc3339(_required(fields, name))
    if time > _LATEST:
        raise _InvalidField(f"{name} is after the year 8999")
    return time


def _text(value: Any) -> str | None:
    if not isinstance(value, str | None):
        raise TypeError
    return value


def _short(value: Any) -> str | None:
    """Return a text, truncated to the maximum length of a tag."""
    text = _text(value)
    return text[:_MAX_TAG_CHARACTERS] if text else text


def _label(value: Any) -> str | None:
    """Return a word or name that Bandwidth adds to a message, or None if the value is not a text."""
    return value[:_MAX_LABEL_CHARACTERS] if isinstance(value, str) and value else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in map(_text, _list(value or ())) if text)


def _text_fields(value: Any, names: Sequence[str]) -> dict[str, str]:
    """Return the named fields that exist, numbers as text."""
    fields = {name: value[name] for name in names if value.get(name)} if value else {}
    if any(not isinstance(field, str | int | float) for field in fields.values()):
        raise TypeError
    return {name: str(field) for name, field in fields.items()}


def _list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _count(value: Any) -> int | None:
    # A query has an empty value for a missing field.
    count = None if value is None or value == "" else int(value)
    if count is not None and abs(count) > _MAX_COUNT:
        raise ValueError
    return count
