"""The messaging API under /v2, and the current one at its own base: "Sending Messages".

Events report errors that the request itself does not show. The API accepts the fields of the document and of
the current specification. The specification does not define unknown fields. The simulator rejects them to
reveal misspelt names.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, jsonify, request

from simulator.access import may_use_messaging
from simulator.account.account import Account
from simulator.json_responses import JsonResponse
from simulator.messaging.message_log import MessageLog
from simulator.messaging.message_search import SearchError, search
from simulator.messaging.messages import Messages
from simulator.messaging.multi_channel import SmsChannel, parse_request
from simulator.messaging.segments import count_for_rate, segment_count
from simulator.rate_limits import RateLimits
from simulator.telephone_numbers import e164, sender
from simulator.timestamps import moment
from simulator.urls import scheme_and_host

# The equivalent of https://messaging.bandwidth.com/api/v2/users/{accountId}.
CURRENT_PATH = "/messaging/api/v2/users/<account_id>"
MAX_TEXT = 2048
MAX_TAG = 1024
MAX_RECIPIENTS = 10
MAX_MEDIA_URL = 4096
FIELDS = ("applicationId", "from", "to", "text", "media", "tag", "priority", "expiration")
PRIORITIES = ("default", "high")


def blueprint(account: Account, messages: Messages, rate_limits: RateLimits) -> Blueprint:
    """Return the classic API, whose paths have the user id."""
    api = Blueprint("messaging_v2", __name__, url_prefix="/v2/users/<user_id>")

    @api.post("/messages")
    def send_message(user_id: str) -> JsonResponse:
        rejected = reject_access(account, user_id, account.config.user_id) or _reject_body()
        return rejected or _send(messages, rate_limits, e164)

    return api


def current_blueprint(
    account: Account, messages: Messages, log: MessageLog, rate_limits: RateLimits
) -> Blueprint:
    """Return the current API with the search. Its paths have the account id."""
    api = Blueprint("messaging_current", __name__, url_prefix=CURRENT_PATH)

    @api.post("/messages")
    def send_message(account_id: str) -> JsonResponse:
        rejected = reject_access(account, account_id, account.config.account_id) or _reject_body()
        return rejected or _send(messages, rate_limits, sender)

    @api.post("/messages/multiChannel")
    def send_multi_channel(account_id: str) -> JsonResponse:
        rejected = reject_access(account, account_id, account.config.account_id) or _reject_body()
        if rejected:
            response, status = rejected
            reason = response.get_json()
            return _multi_channel_errors(status, [_as_listed(reason["type"], reason["description"])])
        return _send_multi_channel(messages, rate_limits)

    @api.get("/messages")
    def list_messages(account_id: str) -> JsonResponse:
        if rejected := reject_access(account, account_id, account.config.account_id):
            return rejected
        try:
            found = search(log.items(datetime.now(UTC)), request.args.to_dict(), request.base_url)
        except SearchError as invalid:
            return error(400, "request-validation", str(invalid))
        return jsonify(found), 200

    return api


def is_messaging(path: str) -> bool:
    """Return whether a path belongs to the classic or the current messaging API."""
    return path.startswith(("/v2/", "/messaging/"))


def error(
    status: int, type_: str, description: str, fields: list[dict[str, str]] | None = None
) -> JsonResponse:
    """Return an error response as on Bandwidth's page on messaging errors."""
    body: dict[str, Any] = {"type": type_, "description": description}
    if fields:
        body["fieldErrors"] = fields
    return jsonify(body), status


def throttled() -> JsonResponse:
    """Return the response of a full queue (page on rate limits). It has no Retry-After header."""
    return error(429, "max-message-queue-size-exceeded", "The queue is full.")


def search_throttled(seconds: int) -> JsonResponse:
    """Return the response of too many searches, with Retry-After (specification)."""
    response, status = error(429, "rate_limit_exceeded", "Too many requests.")
    response.headers["Retry-After"] = str(seconds)
    return response, status


def not_found(path: str) -> JsonResponse:
    """Return the response for an unknown path, which has its own form (page on messaging errors)."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
    return jsonify(timestamp=now, status=404, error="Not Found", message="Not Found", path=path), 404


def reject_access(account: Account, given_id: str, own_id: str) -> JsonResponse | None:
    """Return the rejection of missing credentials or of another id in the path; None if allowed."""
    if not may_use_messaging(account):
        return error(401, "unauthorized", "Authentication Failed")
    return None if given_id == own_id else error(403, "forbidden", "Access Denied")


def _reject_body() -> JsonResponse | None:
    if not request.is_json:
        words = f"Content type '{request.content_type}' not supported. Please use 'application/json'"
        return error(415, "unsupported-content-type", words)
    return None


def _send(
    messages: Messages, rate_limits: RateLimits, parse_sender: Callable[[object], str | None]
) -> JsonResponse:
    """Accept a message. `parse_sender` returns a normalized sender, or None if invalid in this API."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return error(400, "request-validation", "Your request could not be accepted")
    if errors := _check_fields(body, parse_sender):
        fields = [{"fieldName": name, "description": words} for name, words in errors.items()]
        return error(400, "request-validation", "Your request could not be accepted", fields)
    to = [number for each in _list(body["to"]) if (number := e164(each))]
    text, media = body.get("text") or "", _list(body.get("media"))
    queue_seconds = rate_limits.take_message_v2(count_for_rate(text, media, to))
    if queue_seconds is None:
        return throttled()
    message = messages.send(
        from_=parse_sender(body["from"]) or "",
        to=to,
        text=text,
        application_id=body["applicationId"],
        media=media,
        tag=body.get("tag"),
        priority=body.get("priority"),
        expiration=body.get("expiration"),
        queue_seconds=queue_seconds,
    )
    # Only the response has the expiration, the events do not (specification).
    expiration = {} if message.expiration is None else {"expiration": message.expiration}
    return jsonify(message.published() | expiration), 202


def _send_multi_channel(messages: Messages, rate_limits: RateLimits) -> JsonResponse:
    """Accept a message of several channels. Each segment of the longest channel counts for the rate."""
    parsed = parse_request(request.get_json(silent=True))
    if isinstance(parsed, list):
        return _multi_channel_errors(400, parsed)
    texts = [channel.content.text for channel in parsed.channelList if isinstance(channel, SmsChannel)]
    queue_seconds = rate_limits.take_message_v2(max([1, *map(segment_count, texts)]))
    if queue_seconds is None:
        full = _as_listed("max-message-queue-size-exceeded", "The queue is full.")
        return _multi_channel_errors(429, [full])
    message = messages.send_multi_channel(parsed, queue_seconds)
    given = request.get_json()
    data = {
        "id": message.id,
        "time": message.time,
        "direction": "out",
        "to": message.to,
        "channelList": [{**channel, "owner": channel["from"]} for channel in given["channelList"]],
        **{name: given[name] for name in ("tag", "priority", "expiration") if name in given},
    }
    return jsonify(links=[], data=data, errors=[]), 202


def _as_listed(type_: str, description: str) -> dict[str, Any]:
    return {"type": type_, "description": description, "source": {}}


def _multi_channel_errors(status: int, errors: list[dict[str, Any]]) -> JsonResponse:
    """Return an error response of multiChannel (multiChannelError in the specification)."""
    return jsonify(links=[], data=None, errors=errors), status


def _check_fields(body: dict[str, Any], parse_sender: Callable[[object], str | None]) -> dict[str, str]:
    """Return the errors of a message's fields by field name, without looking up numbers."""
    checks = {
        "applicationId": _check_application_id(body.get("applicationId")),
        "from": _check_from(body.get("from"), parse_sender),
        "to": _check_to(body.get("to")),
        "text": _check_text(body.get("text"), _list(body.get("media"))),
        "media": _check_media(_list(body.get("media"))),
        "tag": _check_tag(body.get("tag")),
        "priority": _check_priority(body.get("priority")),
        "expiration": _check_expiration(body.get("expiration")),
        **{name: f"'{name}' is not a field of a message" for name in body if name not in FIELDS},
    }
    return {name: words for name, words in checks.items() if words}


def _check_application_id(value: object) -> str | None:
    if not value:
        return "'applicationId' is a required field"
    return None if isinstance(value, str) else "'applicationId' must be a string"


def _check_from(value: object, parse_sender: Callable[[object], str | None]) -> str | None:
    if not value:
        return "'from' is a required field"
    return None if parse_sender(value) else "'from' must be an E164 telephone number"


def _check_to(value: object) -> str | None:
    if not value:
        return "'to' is a required field"
    recipients = _list(value)
    if len(recipients) > MAX_RECIPIENTS:
        return f"'to' must have {MAX_RECIPIENTS} recipients or fewer"
    numbers = [e164(each) for each in recipients]
    if None in numbers:
        return "'to' must be replaced with a valid E164 formatted telephone number"
    return "'to' must not have a telephone number twice" if len(set(numbers)) < len(numbers) else None


def _check_text(value: object, media: list[Any]) -> str | None:
    if value is not None and not isinstance(value, str):
        return "'text' must be a string"
    if not value:
        return None if media else "'text' is a required field unless there is media"
    return f"'text' must be {MAX_TEXT} characters or less" if len(value) > MAX_TEXT else None


def _check_media(media: list[Any]) -> str | None:
    if all(isinstance(each, str) and len(each) <= MAX_MEDIA_URL and scheme_and_host(each) for each in media):
        return None
    return f"'media' must be URLs of {MAX_MEDIA_URL} characters or less"


def _check_tag(value: object) -> str | None:
    if value is None or (isinstance(value, str) and len(value) <= MAX_TAG):
        return None
    return f"'tag' must be a string of {MAX_TAG} characters or less"


def _check_priority(value: object) -> str | None:
    return None if value is None or value in PRIORITIES else f"'priority' must be {' or '.join(PRIORITIES)}"


def _check_expiration(value: object) -> str | None:
    if value is None:
        return None
    expiration = moment(value)
    if expiration is None:
        return "'expiration' must be a date-time in RFC 3339 format"
    return None if expiration > datetime.now(UTC) else "'expiration' must be a date-time in the future"


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
