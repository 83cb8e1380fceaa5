"""What Bandwidth calls us back with: V2 a JSON array of events, V1 one object or query at a time.

Whatever comes is read or said to be unreadable; nothing is raised.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypedDict

from bandwidth_messaging.domain import failures, messages, opt_outs
from bandwidth_messaging.domain.messages import Message, MessageState, Receipt, Unreadable
from bandwidth_messaging.domain.phone_numbers import from_callback
from bandwidth_messaging.domain.times import rfc3339

type Told = Message | Receipt | Unreadable

# The second and third are RCS: a suggested reply or action was chosen, a location was sent on request.
_V2_INBOUND: Final = frozenset({"message-received", "suggestion-response", "requested-location-response"})
_V2_STATES: Final = {
    "message-sending": MessageState.SENDING,
    "message-sent": MessageState.SENT,
    "message-delivered": MessageState.DELIVERED,
    "message-failed": MessageState.FAILED,
    # RCS: what was read has been delivered.
    "message-read": MessageState.DELIVERED,
}
# V1: `state` of an outbound message, unless `deliveryState` tells more.
_V1_STATES: Final = {
    "queued": MessageState.SENDING,
    "sending": MessageState.SENDING,
    "sent": MessageState.SENT,
    "error": MessageState.FAILED,
}
_V1_DELIVERY_STATES: Final = {"delivered": MessageState.DELIVERED, "not-delivered": MessageState.FAILED}
_SUGGESTION: Final = ("text", "postbackData", "pairedMessageId")
_LOCATION: Final = ("latitude", "longitude")
# No count or code comes near it; DynamoDB takes 38 digits.
_MAX_COUNT: Final = 10**9
# A key of an index holds 1,024 bytes: a time and an id, or two numbers.
_MAX_ID_BYTES: Final = 500
# Bandwidth's limit of a tag. Events carry these fields, and an event's size is limited.
_MAX_TAG_CHARACTERS: Final = 1024
_MAX_DESCRIPTION_CHARACTERS: Final = 500
_MAX_LABEL_CHARACTERS: Final = 100
# What is stored is kept for a while after its time, and there is no year 10000.
_LATEST: Final = "9000"
# A lone surrogate is JSON, written as an escape, but no text that can be stored.
_HALF: Final = "it has half a character"
# A comma may be part of a URL.
_BETWEEN_URLS: Final = re.compile(r",\s*(?=\w+://)")


class _Wrong(ValueError):
    """A field is missing or not of the documented form; the text says which."""


def read_v2(body: str) -> list[Told]:
    """Return every event of a V2 callback: an inbound Message, a Receipt, or what could not be read.

    The body is an array on the wire; a bare object, as some published samples show it, is read too.
    """
    events = _json(body)
    if isinstance(events, Unreadable):
        return [events]
    if not isinstance(events, list):
        events = [events]
    several = len(events) > 1
    # Once for the whole body: a search for each event makes the parsing quadratic.
    escaped = "\\u" in body
    return [
        _read(
            event,
            _v2_event,
            escaped=escaped,
            which=f"event {position} of {len(events)}: " if several else "",
        )
        for position, event in enumerate(events, 1)
    ]


def read_v1(body: str) -> Told:
    """Return what a V1 callback by POST tells: one object (document "Hosted Messaging", step 6)."""
    event = _json(body)
    return event if isinstance(event, Unreadable) else _read(event, _v1_event, escaped="\\u" in body)


def read_v1_query(query: Mapping[str, Sequence[str]]) -> Told:
    """Return what a V1 callback by GET tells: the same fields as query parameters, each with its values.

    Several media come as one value, `[url1, url2]`. Of any other field that comes several times the last
    value counts.
    """
    event: dict[str, Any] = {name: values[-1] for name, values in query.items() if values}
    event["media"] = [
        url
        for value in query.get("media", ())
        for url in _BETWEEN_URLS.split(value.strip().removeprefix("[").removesuffix("]"))
        if url.strip()
    ]
    return _read(event, _v1_event, escaped=True)


def _json(body: str) -> Any:
    try:
        body.encode()
        return json.loads(body.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UnicodeEncodeError):
            return Unreadable(reason=_HALF)
        return Unreadable(reason="the body is not JSON")


def _read(event: Any, read: Callable[[Any], Message | Receipt], *, escaped: bool, which: str = "") -> Told:
    """Return what `read` makes of an event; `escaped` is whether its characters may be halves of one."""
    try:
        if escaped:
            json.dumps(event, ensure_ascii=False).encode()
        return read(event)
    except _Wrong as wrong:
        reason = str(wrong)
    except UnicodeEncodeError:
        reason = _HALF
    except Exception:  # whatever it is that reading stumbles over, the event is kept and not lost
        reason = "a field is not of the documented form"
    return Unreadable(reason=f"{which}{reason}")


def _v2_event(event: dict[str, Any]) -> Message | Receipt:
    kind = _required(event, "type")
    if kind in _V2_INBOUND:
        return _v2_inbound(event, _required(event, "message"))
    if kind in _V2_STATES:
        return _v2_receipt(event, _required(event, "message"))
    raise _Wrong("its type is unknown")


def _v2_inbound(event: dict[str, Any], message: dict[str, Any]) -> Message:
    sender = _number(message, "from")
    owner = _number(message, "owner") if message.get("owner") else sender
    suggestion = _texts_of(message.get("suggestionResponse"), _SUGGESTION)
    text = _text(message.get("text")) or suggestion.get("text") or _content_text(message.get("content"))
    return Message(
        message_id=_id(message, "id"),
        direction="in",
        api="v2",
        # In some published samples the owner is the sender; the outer `to` is the number that received it.
        owner=_number(event, "to") if owner == sender else owner,
        sender=sender,
        recipients=_numbers(_required(message, "to")),
        text=text,
        keyword=_keyword(text),
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
        location_response=_texts_of(message.get("locationResponse"), _LOCATION) or None,
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
        state=_ended(error_code) if failed else state,
        time=time,
        api="v2",
        message_time=_time(message, "time") if message.get("time") else None,
        read_at=time if was_read else None,
        # Of a group's receipts some published samples show the recipient as the owner.
        owner=_number(message, "from" if message.get("from") else "owner"),
        recipient=_number(event, "to") if event.get("to") else None,
        recipients=_numbers(message.get("to") or ()),
        application_id=_short(message.get("applicationId")),
        segment_count=_count(message.get("segmentCount")),
        channel=_label(message.get("channel")),
        carrier_name=_label(event.get("carrierName")),
        **_why(error_code, event.get("description"), failed=failed),
    )


def _v1_event(event: dict[str, Any]) -> Message | Receipt:
    if _required(event, "eventType") not in {"sms", "mms"}:
        raise _Wrong("its eventType is unknown")
    direction = _required(event, "direction")
    if direction == "in":
        return _v1_inbound(event)
    if direction == "out":
        return _v1_receipt(event)
    raise _Wrong("its direction is unknown")


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
        keyword=_keyword(text),
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
        raise _Wrong("its state is unknown")
    bandwidth_id, tag = _id(event, "messageId"), _text(event.get("tag"))
    failed = state == MessageState.FAILED
    error_code = _count(event.get("deliveryCode")) if failed else None
    return Receipt(
        message_id=tag if messages.is_message_id(tag) else bandwidth_id,
        bandwidth_id=bandwidth_id,
        state=_ended(error_code) if failed else state,
        time=_time(event, "time"),
        api="v1",
        owner=_number(event, "from"),
        recipient=_number(event, "to"),
        application_id=_short(event.get("applicationId")),
        segment_count=_count(event.get("segmentCount")),
        **_why(error_code, event.get("deliveryDescription"), failed=failed),
    )


def _ended(error_code: int | None) -> MessageState:
    """Return the state after a failure: some codes leave open whether the message arrived."""
    return MessageState.DELIVERY_UNKNOWN if failures.leaves_open(error_code) else MessageState.FAILED


class _Why(TypedDict):
    error_code: int | None
    error_class: str | None
    reason: str | None
    bandwidth_reason: str | None


def _why(error_code: int | None, description: Any, *, failed: bool) -> _Why:
    """Return code, class and reasons of a failure.

    `reason` is the catalogue's sentence, or Bandwidth's description of a code that the catalogue lacks;
    `bandwidth_reason` always is Bandwidth's description, which may say more than the code (5229).
    """
    if not failed:
        return {"error_code": None, "error_class": None, "reason": None, "bandwidth_reason": None}
    known = failures.failure(error_code)
    described = str(description or "")[:_MAX_DESCRIPTION_CHARACTERS] or None
    return {
        "error_code": error_code,
        "error_class": known.error_class if known else None,
        "reason": known.words if known else described,
        "bandwidth_reason": described,
    }


def _keyword(text: str) -> str | None:
    found = opt_outs.keyword(text) if text else None
    return found.word if found else None


def _content_text(content: Any) -> str:
    """Return the text of an RCS message that has it in its `content`."""
    return (_text(content.get("text")) if content else None) or ""


def _content_media(content: Any) -> tuple[str, ...]:
    """Return the URL of the file of an RCS message that has it in its `content`."""
    media = content.get("media") if content else None
    return _texts(media.get("fileUrl")) if media else ()


# Fields


def _required(fields: dict[str, Any], name: str) -> Any:
    if not (value := fields.get(name)):
        raise _Wrong(f"{name} is missing")
    return value


def _id(fields: dict[str, Any], name: str) -> str:
    return _name(_required(fields, name), name)


def _number(fields: dict[str, Any], name: str) -> str:
    return _e164(_required(fields, name), name)


def _numbers(written: Any) -> tuple[str, ...]:
    return tuple(_e164(number, "to") for number in _list(written))


def _e164(written: Any, name: str) -> str:
    """Return E.164; a short code or an alphanumeric sender stays as it came."""
    return from_callback(_name(written, name))


def _name(value: Any, name: str) -> str:
    """Return what identifies something: a text, or a whole number, of a length that fits into a key."""
    if not isinstance(value, str | int) or isinstance(value, bool) or not (text := str(value)):
        raise _Wrong(f"{name} is not of the documented form")
    if len(text.encode()) > _MAX_ID_BYTES:
        raise _Wrong(f"{name} is too long")
    return text


def _time(fields: dict[str, Any], name: str) -> str:
    time = rfc3339(_required(fields, name))
    if time > _LATEST:
        raise _Wrong(f"{name} is too late")
    return time


def _text(value: Any) -> str | None:
    if not isinstance(value, str | None):
        raise TypeError
    return value


def _short(value: Any) -> str | None:
    """Return a text, cut to the length of a tag."""
    text = _text(value)
    return text[:_MAX_TAG_CHARACTERS] if text else text


def _label(value: Any) -> str | None:
    """Return a word or name that Bandwidth adds to a message, None if it is no text."""
    return value[:_MAX_LABEL_CHARACTERS] if isinstance(value, str) and value else None


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in map(_text, _list(value or ())) if text)


def _texts_of(value: Any, names: Sequence[str]) -> dict[str, str]:
    """Return those of the named fields that are there, numbers as text."""
    told = {name: value[name] for name in names if value.get(name)} if value else {}
    if any(not isinstance(each, str | int | float) for each in told.values()):
        raise TypeError
    return {name: str(each) for name, each in told.items()}


def _list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _count(value: Any) -> int | None:
    # A query writes what is not there as an empty value.
    count = None if value is None or value == "" else int(value)
    if count is not None and abs(count) > _MAX_COUNT:
        raise ValueError
    return count
