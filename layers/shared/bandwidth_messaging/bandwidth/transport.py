"""Sends one HTTP request to Bandwidth. The class of an error says whether the request may be repeated."""

import hashlib
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Final, NamedTuple

import requests

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
    mask_numbers,
)
from bandwidth_messaging.domain.failures import hide_url_secrets
from bandwidth_messaging.network.deadline import bounded_session, exchange
from bandwidth_messaging.network.reachability import explain_failure

_CONNECT_TIMEOUT_SECONDS: Final = 3.05
RESPONSE_TIMEOUT_SECONDS: Final = 20
TOTAL_SECONDS: Final = 25
"""Limit from the connection to the last byte of the response. Includes a second attempt after a 401."""
_MAX_IDLE_SECONDS: Final = 4
_MAX_ERRORS_SHOWN: Final = 5
_CHUNK_BYTES: Final = 65_536
_ERRORS_BY_STATUS: Final[dict[int, type[BandwidthError]]] = {
    HTTPStatus.TOO_MANY_REQUESTS: BandwidthUnavailable,
    HTTPStatus.TOO_EARLY: BandwidthUnavailable,
    HTTPStatus.UNAUTHORIZED: BandwidthUnauthorized,
    HTTPStatus.FORBIDDEN: BandwidthUnauthorized,
}
_SERVER_ERRORS: Final = range(500, 600)
# X-RateLimit-Reset is in seconds on the Dashboard and in milliseconds on Catapult, which are larger numbers.
_MIN_MILLISECONDS: Final = 10**11
_RESET: Final = re.compile(r"[0-9]{1,13}")
_MAX_WAIT_SECONDS: Final = 86_400
_DIGITS: Final = re.compile(r"[0-9]{1,6}")
_NUMBER_IN_PATH: Final = re.compile(r"%2B\d+(\d{4})")


type Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]
"""Signs a request, as `requests` expects of an auth: BasicCredentials, or an OAuthClient."""


class ErrorBody(NamedTuple):
    """The errors in the body of a response: the first code, and all descriptions.

    `means` is the error class of a code whose HTTP status is misleading. `proves_no_effect` is True if
    Bandwidth documents that a request with such a response body had no effect, even with a 5xx.
    """

    code: str | None
    words: str | None
    means: type[BandwidthError] | None = None
    proves_no_effect: bool = False


def combine_errors(errors: Iterable[ErrorBody]) -> ErrorBody | None:
    """Merge the errors of a body: the first code, and at most five different descriptions."""
    found = list(dict.fromkeys(errors))
    if not found:
        return None
    first, *others = found
    words = [first.words or "no description"]
    words += [f"{error.code or ''} {error.words or 'no description'}".strip() for error in others]
    shown = "; ".join(words[:_MAX_ERRORS_SHOWN])
    more = f"; and {len(words) - _MAX_ERRORS_SHOWN} more" if len(words) > _MAX_ERRORS_SHOWN else ""
    return first._replace(words=shown + more if others else first.words)


@dataclass(frozen=True)
class Response:
    """A 2xx response. `request` names the request in error messages: "POST /accounts/1/orders"."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def created_id(self) -> str:
        """Return the last segment of the Location header, which can be an absolute or a relative URL.

        Raises BandwidthGarbled if the header is missing.
        """
        created = self.headers.get("Location", "").rstrip("/").rpartition("/")[2]
        if not created:
            raise self.garbled("has no Location header")
        return created

    def garbled(self, problem: str) -> BandwidthGarbled:
        """Return the error for an undocumented body. Bandwidth finds the body in its logs by the digest."""
        digest = hashlib.sha256(self.body).hexdigest()[:16]
        return BandwidthGarbled(
            f"{self.request} returned {self.status}, but the response {problem} "
            f"({len(self.body)} bytes, sha256 {digest}…)"
        )


class Transport:
    """One of Bandwidth's APIs: the base URL, the auth, and the parser of error bodies."""

    def __init__(self, base_url: str, auth: Auth, read_error: Callable[[bytes], ErrorBody | None]) -> None:
        self._base_url = base_url
        self._read_error = read_error
        self._session = bounded_session()
        self._session.auth = auth
        self._used_at = 0.0

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        params: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Response:
        """Send one request once and return its 2xx response. Does not follow redirects.

        The request is sent a second time only if an OAuth2 token gets a 401, with a new token.

        Raises BandwidthUnavailable, BandwidthOutcomeUnknown, BandwidthUnauthorized or BandwidthRejected. The
        last also if the body of the response has more than `max_bytes`.
        """
        return self.prepare(
            method, path, body=body, content_type=content_type, params=params, max_bytes=max_bytes
        )()

    def prepare(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        params: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Callable[[], Response]:
        """Build and sign one request. Return the call that sends it as `send` does.

        Sends no byte before the returned call. Raises BandwidthUnavailable or BandwidthUnauthorized if the
        request cannot be built or signed.
        """
        request = f"{method} {_NUMBER_IN_PATH.sub(r'…\1', path)}"
        headers = {"Content-Type": content_type} if content_type else {}
        if max_bytes is not None:
            # A compressed body may be larger than its limit once it is decompressed.
            headers["Accept-Encoding"] = "identity"
        unsigned = requests.Request(method, self._base_url + path, data=body, params=params, headers=headers)
        try:
            prepared = self._session.prepare_request(unsigned)
        except requests.RequestException as error:
            message = f"{request} could not be sent: {type(error).__name__}"
            raise BandwidthUnavailable(message) from None
        return partial(self._send, request, prepared, max_bytes)

    def _send(self, request: str, prepared: requests.PreparedRequest, max_bytes: int | None) -> Response:
        method = request.partition(" ")[0]
        self._drop_idle_connections()
        with exchange(TOTAL_SECONDS) as current:
            try:
                received = self._session.send(
                    prepared,
                    timeout=(_CONNECT_TIMEOUT_SECONDS, RESPONSE_TIMEOUT_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
                content = _read_body(received, max_bytes)
                # A response that the deadline truncated may look complete.
                current.check()
            except requests.RequestException as error:
                if not current.has_begun:
                    message = f"{request} could not be sent: no connection ({explain_failure(error)})"
                    raise BandwidthUnavailable(message) from None
                # The text of the library's error is left out: it may contain the query and so phone numbers.
                reason = "the server did not respond in time" if current.is_late else explain_failure(error)
                raise _failed(request, method, f"got no response ({reason})") from None
        response = Response(request, received.status_code, received.headers, content or b"")
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._error(method, response)
        if content is None:
            words = f"the response has more than {max_bytes} bytes"
            raise BandwidthRejected(request, status=response.status, words=words)
        return response

    def _drop_idle_connections(self) -> None:
        """Close connections that were idle while Lambda was frozen: a POST on them has an unknown outcome."""
        # Only the wall clock advances while the environment is frozen.
        idle_since, self._used_at = self._used_at, time.time()
        if self._used_at - idle_since > _MAX_IDLE_SECONDS:
            self._session.close()

    def _error(self, method: str, response: Response) -> BandwidthError:
        status = response.status
        error = self._read_error(response.body) or ErrorBody(None, f"HTTP {status} without a description")
        meaning = error.means or _ERRORS_BY_STATUS.get(status)
        if status < HTTPStatus.BAD_REQUEST:
            message = (
                f"{response.request} returned {status}, a redirect, which is not followed. Check the stack's "
                "URL parameter of this API."
            )
            return BandwidthUnavailable(message, status=status)
        if meaning is BandwidthUnavailable or (error.proves_no_effect and status in _SERVER_ERRORS):
            return BandwidthUnavailable(
                f"{response.request} returned {status}. Retry it later.",
                wait_seconds=_wait_seconds(response.headers),
                status=status,
            )
        if meaning is BandwidthUnauthorized:
            words = mask_numbers(hide_url_secrets(error.words or ""))
            return BandwidthUnauthorized(
                f"{response.request} returned {status} ({words}). "
                "Check the credentials in the Bandwidth secret and the permissions of their user.",
                status=status,
                words=words,
            )
        if meaning is BandwidthOutcomeUnknown or status in {HTTPStatus.REQUEST_TIMEOUT, *_SERVER_ERRORS}:
            return _failed(
                response.request, method, f"returned {status}", status, _wait_seconds(response.headers)
            )
        return BandwidthRejected(response.request, status=status, code=error.code, words=error.words)


def _read_body(response: requests.Response, max_bytes: int | None) -> bytes | None:
    """Return the body of a response, or None if it is too long. Does not trust the Content-Length header.

    The body of an error may have at least one chunk.
    """
    content = bytearray()
    limit = None
    if max_bytes is not None:
        limit = max_bytes if response.ok else max(max_bytes, _CHUNK_BYTES)
    for chunk in response.iter_content(_CHUNK_BYTES):
        content += chunk
        if limit is not None and len(content) > limit:
            response.close()
            return None
    return bytes(content)


def _wait_seconds(headers: Mapping[str, str]) -> int | None:
    """Return the delay that a response requests, in whole seconds, at least one. Return None without one.

    Retry-After is in seconds or an HTTP date (RFC 9110, 10.2.3). X-RateLimit-Reset is an epoch time.
    """
    after, reset = headers.get("Retry-After", "").strip(), headers.get("X-RateLimit-Reset", "")
    if _DIGITS.fullmatch(after):
        seconds = float(after)
    elif after:
        try:
            seconds = (parsedate_to_datetime(after).astimezone(UTC) - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):
            return None
    elif _RESET.fullmatch(reset):
        ends = int(reset) / 1000 if int(reset) >= _MIN_MILLISECONDS else int(reset)
        seconds = ends - time.time()
    else:
        return None
    whole = max(math.ceil(seconds), 1)
    return whole if whole <= _MAX_WAIT_SECONDS else None


def _failed(
    request: str, method: str, failure: str, status: int | None = None, wait_seconds: int | None = None
) -> BandwidthError:
    """Return the error of a request that failed after it was sent. A POST may not be repeated."""
    if method == "POST":
        return BandwidthOutcomeUnknown(f"{request} {failure}. Whether it had an effect is unknown.")
    return BandwidthUnavailable(f"{request} {failure}", wait_seconds=wait_seconds, status=status)
