"""HTTP to Bandwidth: one request, one answer, and the error that tells what may be done next."""

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

from bandwidth_messaging.bandwidth.deadline import bounded_session, exchange
from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
    masked,
)
from bandwidth_messaging.bandwidth.reachability import explain_failure

_CONNECT_SECONDS: Final = 3.05
_ANSWER_SECONDS: Final = 20
TOTAL_SECONDS: Final = 25
"""From the connection to the last byte of the response, a second attempt after a 401 included."""
_IDLE_SECONDS: Final = 4
_ERRORS_SHOWN: Final = 5
_PIECE_BYTES: Final = 65_536
_MEANINGS: Final[dict[int, type[BandwidthError]]] = {
    HTTPStatus.TOO_MANY_REQUESTS: BandwidthUnavailable,
    HTTPStatus.TOO_EARLY: BandwidthUnavailable,
    HTTPStatus.UNAUTHORIZED: BandwidthUnauthorized,
    HTTPStatus.FORBIDDEN: BandwidthUnauthorized,
}
_SERVER_ERRORS: Final = range(500, 600)
# X-RateLimit-Reset is in seconds on the Dashboard and in milliseconds on Catapult.
_MILLISECONDS_FROM: Final = 10**11
_RESET: Final = re.compile(r"[0-9]{1,13}")
_LONGEST_WAIT_SECONDS: Final = 86_400
_DIGITS: Final = re.compile(r"[0-9]{1,6}")
_NUMBER_IN_PATH: Final = re.compile(r"%2B\d+(\d{4})")


type Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]
"""Signs a request, as requests asks of an auth: BasicCredentials, or an OAuthClient."""


class ErrorBody(NamedTuple):
    """The errors that an answer's body names: the first code, all descriptions.

    `means` is what the code means where the HTTP status misleads. `proves_no_effect` is whether Bandwidth
    documents that a request answered with such a body, also with a 5xx, was not carried out.
    """

    code: str | None
    words: str | None
    means: type[BandwidthError] | None = None
    proves_no_effect: bool = False


def combined(errors: Iterable[ErrorBody]) -> ErrorBody | None:
    """Return all errors of a body as one: the first code, and each description once, at most five of them."""
    found = list(dict.fromkeys(errors))
    if not found:
        return None
    first, *others = found
    words = [first.words or "no description"]
    words += [f"{error.code or ''} {error.words or 'no description'}".strip() for error in others]
    shown = "; ".join(words[:_ERRORS_SHOWN])
    more = f"; and {len(words) - _ERRORS_SHOWN} more" if len(words) > _ERRORS_SHOWN else ""
    return first._replace(words=shown + more if others else first.words)


@dataclass(frozen=True)
class Answer:
    """A 2xx answer. `request` names what was asked, for error messages: "POST /accounts/1/orders"."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def created_id(self) -> str:
        """Return the last segment of the Location header; it is absolute in some answers, relative in others.

        Raises BandwidthGarbled without that header.
        """
        created = self.headers.get("Location", "").rstrip("/").rpartition("/")[2]
        if not created:
            raise self.garbled("the Location header is missing")
        return created

    def garbled(self, what: str) -> BandwidthGarbled:
        """Return the error for a body that is not as documented; the digest finds it in Bandwidth's logs."""
        digest = hashlib.sha256(self.body).hexdigest()[:16]
        return BandwidthGarbled(
            f"{self.request} was answered {self.status} but {what} ({len(self.body)} bytes, sha256 {digest}…)"
        )


class Transport:
    """One of Bandwidth's APIs: base URL, what signs its requests, and how its error bodies are read."""

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
        most_bytes: int | None = None,
    ) -> Answer:
        """Send one request, once, and return its 2xx answer. Redirects are not followed.

        Only a 401 to an OAuth2 token has it sent again, with a new one. Raises BandwidthUnavailable,
        BandwidthOutcomeUnknown, BandwidthUnauthorized or BandwidthRejected, this also if the answer's body
        has more than `most_bytes`.
        """
        return self.prepare(
            method, path, body=body, content_type=content_type, params=params, most_bytes=most_bytes
        )()

    def prepare(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        params: Mapping[str, str] | None = None,
        most_bytes: int | None = None,
    ) -> Callable[[], Answer]:
        """Build and sign one request; return the call that sends it as `send` does.

        Raises BandwidthUnavailable or BandwidthUnauthorized if the request cannot be built or signed. No
        byte of it is sent before the returned call.
        """
        request = f"{method} {_NUMBER_IN_PATH.sub(r'…\1', path)}"
        headers = {"Content-Type": content_type} if content_type else {}
        if most_bytes is not None:
            # Nothing that swells while it is read.
            headers["Accept-Encoding"] = "identity"
        unsigned = requests.Request(method, self._base_url + path, data=body, params=params, headers=headers)
        try:
            prepared = self._session.prepare_request(unsigned)
        except requests.RequestException as error:
            message = f"{request} could not be sent: {type(error).__name__}"
            raise BandwidthUnavailable(message) from None
        return partial(self._send, request, prepared, most_bytes)

    def _send(self, request: str, prepared: requests.PreparedRequest, most_bytes: int | None) -> Answer:
        method = request.partition(" ")[0]
        self._drop_idle_connections()
        with exchange(TOTAL_SECONDS) as current:
            try:
                response = self._session.send(
                    prepared, timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS), allow_redirects=False, stream=True
                )
                content = _content(response, most_bytes)
                # A response that the deadline cut short may look complete.
                current.check()
            except requests.RequestException as error:
                if not current.has_begun:
                    message = f"{request} could not be sent: no connection ({explain_failure(error)})"
                    raise BandwidthUnavailable(message) from None
                # The library's own text may hold the URL's query and so numbers: it stays out.
                reason = "the server did not respond in time" if current.is_late else explain_failure(error)
                raise _failed(request, method, f"got no answer ({reason})") from None
        answer = Answer(request, response.status_code, response.headers, content or b"")
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise self._refusal(method, answer)
        if content is None:
            words = f"it has more than the {most_bytes} bytes it may have"
            raise BandwidthRejected(request, status=answer.status, words=words)
        return answer

    def _drop_idle_connections(self) -> None:
        """Lambda sleeps between events, and what a POST finds of its old connection is an unknown outcome."""
        # The wall clock goes on while the environment is frozen.
        idle_since, self._used_at = self._used_at, time.time()
        if self._used_at - idle_since > _IDLE_SECONDS:
            self._session.close()

    def _refusal(self, method: str, answer: Answer) -> BandwidthError:
        status = answer.status
        error = self._read_error(answer.body) or ErrorBody(None, f"HTTP {status} without a reason")
        meaning = error.means or _MEANINGS.get(status)
        if status < HTTPStatus.BAD_REQUEST:
            message = (
                f"{answer.request} was answered {status}, a redirect that is not followed: check the "
                "stack's URL parameter of this API"
            )
            return BandwidthUnavailable(message, status=status)
        if meaning is BandwidthUnavailable or (error.proves_no_effect and status in _SERVER_ERRORS):
            return BandwidthUnavailable(
                f"{answer.request} was answered {status}, try later",
                wait_seconds=_wait_seconds(answer.headers),
                status=status,
            )
        if meaning is BandwidthUnauthorized:
            words = masked(error.words or "")
            return BandwidthUnauthorized(
                f"{answer.request} was answered {status} ({words}): "
                "check the credentials in the Bandwidth secret and the rights of that user",
                status=status,
                words=words,
            )
        if meaning is BandwidthOutcomeUnknown or status in {HTTPStatus.REQUEST_TIMEOUT, *_SERVER_ERRORS}:
            return _failed(
                answer.request, method, f"was answered {status}", status, _wait_seconds(answer.headers)
            )
        return BandwidthRejected(answer.request, status=status, code=error.code, words=error.words)


def _content(response: requests.Response, most_bytes: int | None) -> bytes | None:
    """Return a body, None if it is too long. The body of an error may have at least one piece.

    The Content-Length header is not trusted.
    """
    content = bytearray()
    longest = None
    if most_bytes is not None:
        longest = most_bytes if response.ok else max(most_bytes, _PIECE_BYTES)
    for piece in response.iter_content(_PIECE_BYTES):
        content += piece
        if longest is not None and len(content) > longest:
            response.close()
            return None
    return bytes(content)


def _wait_seconds(headers: Mapping[str, str]) -> int | None:
    """Return how many whole seconds a response asks to wait, at least one; None if it does not say.

    Retry-After is in seconds or an HTTP date (RFC 9110, 10.2.3), X-RateLimit-Reset a time of the epoch.
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
        ends = int(reset) / 1000 if int(reset) >= _MILLISECONDS_FROM else int(reset)
        seconds = ends - time.time()
    else:
        return None
    whole = max(math.ceil(seconds), 1)
    return whole if whole <= _LONGEST_WAIT_SECONDS else None


def _failed(
    request: str, method: str, how: str, status: int | None = None, wait_seconds: int | None = None
) -> BandwidthError:
    """Only a POST creates something each time. GET, PUT and DELETE may be repeated."""
    if method == "POST":
        return BandwidthOutcomeUnknown(f"{request} {how}; whether Bandwidth carried it out is unknown")
    return BandwidthUnavailable(f"{request} {how}", wait_seconds=wait_seconds, status=status)
