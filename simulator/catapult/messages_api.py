"""The V1 (Catapult) messages under /v1: "Send Message", one at a time or several at once."""

import itertools
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, request

from simulator.account.account import Account
from simulator.catapult.catapult import check_callback
from simulator.catapult.errors import CatapultError, blank, invalid, missing
from simulator.catapult.json_api import error, guard, json_body, required_text
from simulator.catapult.messages import CallbackTarget, MessagesV1, MessageV1
from simulator.rate_limits import RateLimits
from simulator.telephone_numbers import e164
from simulator.urls import scheme_and_host

MessageLocation = Literal["absolute", "relative", "alternate"]
MAX_TEXT = 2048
MAX_MESSAGES = 50
RECEIPTS = ("none", "all", "error")
PROPERTIES = (
    "from",
    "to",
    "text",
    "media",
    "receiptRequested",
    "callbackUrl",
    "callbackHttpMethod",
    "callbackTimeout",
    "fallbackUrl",
    "tag",
)


def blueprint(
    account: Account, messages: MessagesV1, rate_limits: RateLimits, location: MessageLocation
) -> Blueprint:
    api = Blueprint("messaging_v1", __name__, url_prefix="/v1/users/<user_id>")
    guard(api, account)
    locations = _locations(location)

    def send(body: Any) -> str:
        rate_limits.take_message_v1()
        message = _send(messages, body)
        return f"{next(locations)()}/{message.id}"

    @api.post("/messages")
    def send_message() -> Response:
        body = json_body()
        if not isinstance(body, list):
            return Response(status=201, headers={"Location": send(body)})
        if len(body) > MAX_MESSAGES:
            words = f"The number of messages [{len(body)}] in the multi message request"
            words += f" is greater than the limit [{MAX_MESSAGES}]."
            raise CatapultError(403, "limit", "multi-message-limit", words)
        results: list[dict[str, Any]] = []
        for each in body:
            try:
                results.append({"result": "accepted", "location": send(each)})
            except CatapultError as rejected:
                results.append({"result": "error", "error": error(rejected)})
        response = jsonify(results)
        response.status_code = 202
        return response

    return api


def _locations(kind: MessageLocation) -> Iterator[Any]:
    """Yield the start of Location headers. The document has a URL, Catapult's page has a path."""

    def absolute() -> str:
        return request.base_url.rstrip("/")

    def relative() -> str:
        return urlsplit(absolute()).path

    return itertools.cycle({"absolute": [absolute], "relative": [relative]}.get(kind, [absolute, relative]))


def _send(messages: MessagesV1, body: Any) -> MessageV1:
    if not isinstance(body, dict):
        raise invalid("Bad parameters")
    if unknown := sorted(body.keys() - set(PROPERTIES)):
        raise invalid(f"Bad parameters: {', '.join(unknown)}")
    from_, to = _number(body, "from"), _number(body, "to")
    media = _media(body)
    return messages.send(
        from_,
        to,
        _text(body, is_optional=bool(media)),
        media,
        _optional_text(body, "tag"),
        _receipt(body, media),
        _parse_target(body),
    )


def _number(body: dict[str, Any], name: str) -> str:
    """Return a number in E.164. The document's sample omits the plus."""
    if found := e164(required_text("message", body, name)):
        return found
    raise invalid("Invalid phone number")


def _text(body: dict[str, Any], is_optional: bool) -> str:
    text = _optional_text(body, "text")
    if text is None and not is_optional:
        raise missing("message", "text")
    if not text and not is_optional:
        raise blank("message", "text")
    if text and len(text) > MAX_TEXT:
        raise invalid(f"The 'message' resource property 'text' exceeds the limit of '{MAX_TEXT}'")
    return text or ""


def _optional_text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"The 'message' resource property '{name}' must be a string")
    return value


def _media(body: dict[str, Any]) -> list[str]:
    """Return the media URLs from one URL or a list."""
    media = body.get("media") or []
    media = media if isinstance(media, list) else [media]
    if not all(isinstance(each, str) and each for each in media):
        raise invalid("The 'message' resource property 'media' must be URLs")
    return media


def _receipt(body: dict[str, Any], media: list[str]) -> Any:
    receipt = body.get("receiptRequested")
    if receipt is None:
        return "none"
    if receipt not in RECEIPTS:
        words = "The 'message' resource property 'receiptRequested' must be one of the following values"
        raise invalid(f"{words}: {', '.join(RECEIPTS)}")
    if media:
        raise invalid("A message cannot have both media and receiptRequested")
    return receipt


def _parse_target(body: dict[str, Any]) -> CallbackTarget:
    urls = [body[name] for name in ("callbackUrl", "fallbackUrl") if body.get(name)]
    for each in urls:
        if not isinstance(each, str) or scheme_and_host(each) is None:
            words = "The URL is not a valid callbackUrl/fallbackUrl"
            raise CatapultError(400, "bad-request", "callback-invalid-url", words)
    if body.get("fallbackUrl") and not body.get("callbackUrl"):
        raise invalid("A message must have a callbackUrl in order to have a fallbackUrl")
    method, timeout = body.get("callbackHttpMethod"), body.get("callbackTimeout")
    check_callback("message", "callbackHttpMethod", method, timeout, "Callback timeout")
    return CallbackTarget(tuple(urls), str(method or "POST").upper(), int(timeout or 10_000))
