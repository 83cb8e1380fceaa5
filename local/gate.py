"""ASGI application in front of the emulator. It accepts only clients with the keys of the local cloud.

Without it, any web page could create a function and run it on the developer's machine:

- ministack accepts the key "test", any twelve digits, or no key as the root user's.
- It does not check the root user's signature.
- Its own endpoints check no credentials.
- It sends Access-Control-Allow-Origin: * with every response.
"""

import os
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qs, quote

from ministack import app as ministack
from ministack.core import iam_evaluator, sigv4
from ministack.core.iam_actions import access_denied_response
from ministack.core.router import detect_service, extract_access_key_id
from ministack.services import s3

from simulator.web_pages import rejection_reason

HEALTH = "/_ministack/health"
_ALGORITHM = "AWS4-HMAC-SHA256"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def guard(application: Application) -> Application:
    """Return the application behind the checks of this module."""

    async def guarded(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
            return
        if scope["type"] != "http":
            # The stack uses no WebSocket.
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = _headers(scope)
        query = parse_qs(scope["query_string"].decode(errors="replace"), keep_blank_values=True)
        reason, body = rejection_reason(headers.get("host", ""), headers.get("origin")), b""
        if reason is None:
            body = await _read_body(receive)
            reason = _signature_failure(scope, headers, query, body)
        if reason is not None:
            await _reject(
                send, reason, detect_service(scope["method"], scope["path"], headers, query), headers
            )
            return
        await application(scope, _replay_body(body, receive), _remove_cors(send))

    return guarded


def _headers(scope: Message) -> dict[str, str]:
    """Return the headers by lower-case name. Repeated headers are joined as in SigV4."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), sigv4.decode_header_value(value)
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


def _signature_failure(
    scope: Message, headers: Mapping[str, str], query: Mapping[str, list[str]], body: bytes
) -> str | None:
    """Return why a request's AWS signature is invalid; None if it is valid.

    Two kinds of requests need no signature: methods of API Gateway, which has its own authorizers, and the
    health check of `make up`. A form that uploads a file to S3 contains its signature.
    """
    key_id = extract_access_key_id(headers, query)
    if not key_id:
        return _unsigned_failure(scope, headers, body)
    is_presigned = "authorization" not in headers
    algorithm = query.get("X-Amz-Algorithm", [""])[0] if is_presigned else headers["authorization"]
    if not algorithm.startswith(_ALGORITHM):
        return f"The request is not signed with {_ALGORITHM}."
    signature = sigv4.parse_query_signature(query) if is_presigned else sigv4.parse_header_signature(headers)
    if isinstance(signature, tuple):
        return str(signature[1])
    if signature.access_key_id != key_id:
        return "The request names two keys."
    secret = _find_secret(key_id)
    if secret is None:
        return "The key does not belong to this local cloud. `make up` prints the key to use."
    failure = _time_failure(signature, query, is_presigned=is_presigned) or sigv4.header_signature_failure(
        signature,
        secret,
        scope["method"],
        (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1"),
        query,
        headers,
        body,
        presigned=is_presigned,
    )
    return str(failure[1]) if failure else None


def _unsigned_failure(scope: Message, headers: Mapping[str, str], body: bytes) -> str | None:
    is_api = ministack._parse_execute_api_url(headers["host"], scope["path"]) is not None
    if is_api or scope["path"] == HEALTH:
        return None
    content_type = headers.get("content-type", "")
    if scope["method"] == "POST" and content_type.startswith("multipart/form-data"):
        return _form_failure(content_type, body)
    return "The request is not signed."


def _form_failure(content_type: str, body: bytes) -> str | None:
    """Return why the signature of an upload form is invalid; None if it is valid.

    ministack checks the policy that the signature signs.
    """
    parts = s3._parse_multipart_form(content_type, body)
    fields = {name.lower(): value.decode("latin-1") for name, _, _, value in parts if name != "file"}
    key_id, _, scope = fields.get("x-amz-credential", "").partition("/")
    secret = _find_secret(key_id) if key_id else None
    if secret is None:
        return "The form is not signed with a key of this local cloud."
    date, _, region = scope.removesuffix("/s3/aws4_request").partition("/")
    signature = sigv4.calculate_signature(secret, date, region, "s3", fields.get("policy", ""))
    is_valid = signature == fields.get("x-amz-signature")
    return None if is_valid else "The signature of the form is invalid."


def _find_secret(key_id: str) -> str | None:
    """Return the secret key of the root user, an IAM user or a session; None for an unknown key."""
    if key_id != os.environ["AWS_ACCESS_KEY_ID"] and iam_evaluator.is_root_access_key(key_id):
        return None
    found = iam_evaluator.resolve_credential(key_id)
    return found.secret_access_key if isinstance(found, iam_evaluator.ResolvedCredential) else None


def _time_failure(
    signature: Any, query: Mapping[str, list[str]], *, is_presigned: bool
) -> tuple[str, str] | None:
    if not is_presigned:
        failure: tuple[str, str] | None = sigv4.request_time_failure(signature)
        return failure
    try:
        expired = sigv4.presigned_request_is_expired(signature.amz_date, query.get("X-Amz-Expires", [""])[0])
    except ValueError:
        expired = True
    return ("AccessDenied", "The link has expired.") if expired else None


async def _reject(send: Send, reason: str, service: str, request_headers: Mapping[str, str]) -> None:
    """Send a 403 in the protocol of the service, so that botocore shows the reason."""
    status, headers, body = access_denied_response(
        service, "", "", str(uuid.uuid4()), error_code="AccessDenied", message=reason, headers=request_headers
    )
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


async def _read_body(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that returns the body again, and then the following messages."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def _remove_cors(send: Send) -> Send:
    """Return a `send` without CORS headers, so that no other site can read the response."""

    async def send_without_cors(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [each for each in message["headers"] if not each[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return send_without_cors
