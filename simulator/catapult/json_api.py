"""The V1 (Catapult) API's JSON: authorization, request bodies, pages and error bodies."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, jsonify, request

from simulator.account.account import Account
from simulator.basic_auth import is_authorized
from simulator.catapult.errors import (
    CatapultError,
    blank,
    invalid,
    message_delay_limit,
    message_rate_limit,
    missing,
    rate_limit_reached,
)

DEFAULT_SIZE = 25
MAX_SIZE = 1000


def guard(blueprint: Blueprint, account: Account) -> None:
    """Check credentials and user id on every path of a blueprint, and write rejections as JSON."""

    @blueprint.url_value_preprocessor
    def take_user_id(_: str | None, values: dict[str, str] | None) -> None:
        g.user_id = (values or {}).pop("user_id", None)

    @blueprint.before_request
    def check() -> None:
        config = account.config
        if not is_authorized(config.messaging_token, config.messaging_secret):
            raise CatapultError(401, "authorization", "user-access-denied", "The credentials are not valid")
        if g.user_id != config.user_id:
            words = f"User '{config.user_id}' does not have permission to access user '{g.user_id}'"
            raise CatapultError(401, "authorization", "user-access-denied", words)

    @blueprint.errorhandler(CatapultError)
    def reject(rejected: CatapultError) -> Response:
        return rejection(rejected)


def rejection(rejected: CatapultError) -> Response:
    response = jsonify(error(rejected))
    response.status_code = rejected.status
    response.headers.update(rejected.headers)
    return response


def error(rejected: CatapultError) -> dict[str, Any]:
    """Return the body of an error. A response to several messages contains it as an item."""
    details = dict(rejected.details)
    if rejected.code in ("rate-limit-reached", "message-rate-limit", "message-delay-limit"):
        details |= {
            "requestMethod": request.method,
            "remoteAddress": request.remote_addr or "",
            "requestPath": request.path.removeprefix("/v1/"),
        }
    body: dict[str, Any] = {"category": rejected.category, "code": rejected.code}
    if rejected.message is not None:
        body["message"] = rejected.message
    return {**body, "details": [{"name": name, "value": value} for name, value in details.items()]}


def unknown_path(status: int, name: str) -> Response:
    """Reject an unknown path or method."""
    if status == HTTPStatus.NOT_FOUND:
        return rejection(
            CatapultError(
                404, "not-found", "resource-not-found", "The requested resource could not be found."
            )
        )
    return rejection(CatapultError(status, "bad-request", name.lower().replace(" ", "-"), name))


def throttle(status: int, reset: int) -> CatapultError | None:
    """Return V1's throttle error with this status; None for other statuses."""
    match status:
        case 429:
            return rate_limit_reached(reset)
        case 403:
            return message_rate_limit(1, 1.1)
        case 400:
            return message_delay_limit()
        case _:
            return None


def json_body() -> Any:
    """Parse the request's JSON. Raises CatapultError for other content or content types."""
    if not request.is_json:
        words = f"Content type '{request.content_type}' is not supported"
        raise CatapultError(415, "bad-request", "unsupported-media-type", words)
    body = request.get_json(silent=True)
    if body is None:
        raise invalid("Bad parameters")
    return body


def json_object() -> dict[str, Any]:
    body = json_body()
    if not isinstance(body, dict):
        raise invalid("Bad parameters")
    return body


def required_text(resource: str, body: Mapping[str, Any], name: str) -> str:
    """Return a required, non-blank property. Raises CatapultError (400)."""
    value = body.get(name)
    if value is None:
        raise missing(resource, name)
    if not isinstance(value, str):
        raise invalid(f"The '{resource}' resource property '{name}' must be a string")
    if not value.strip():
        raise blank(resource, name)
    return value


def page[Item](resource: str, items: Sequence[Item]) -> tuple[Sequence[Item], dict[str, str]]:
    """Return the requested page, and the headers with the link to the next page."""
    number = request.args.get("page", 0, type=int)
    size = request.args.get("size", DEFAULT_SIZE, type=int)
    if size > MAX_SIZE:
        raise invalid(f"The '{resource}' resource property 'size' exceeds the limit of '{MAX_SIZE}'")
    if number < 0 or size < 1:
        raise invalid("Bad parameters")
    end = (number + 1) * size
    if end >= len(items):
        return items[number * size : end], {}
    following = urlencode({**request.args, "page": number + 1, "size": size})
    return items[number * size : end], {"Link": f'<{request.base_url}?{following}>; rel="next"'}
