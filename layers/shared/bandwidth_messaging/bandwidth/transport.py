"""HTTP to Bandwidth: one request, one answer, and the error that tells what may be done next."""

import hashlib
import math
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final, NamedTuple

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, SSLError

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
    masked,
)
from bandwidth_messaging.bandwidth.reachability import why

_CONNECT_SECONDS: Final = 3.05
_ANSWER_SECONDS: Final = 20
_BODY_SECONDS: Final = 20
_IDLE_SECONDS: Final = 4
_PIECE_BYTES: Final = 65_536
_MEANINGS: Final[dict[int, type[BandwidthError]]] = {
    HTTPStatus.TOO_MANY_REQUESTS: BandwidthUnavailable,
    HTTPStatus.SERVICE_UNAVAILABLE: BandwidthUnavailable,
    HTTPStatus.UNAUTHORIZED: BandwidthUnauthorized,
    HTTPStatus.FORBIDDEN: BandwidthUnauthorized,
}
# X-RateLimit-Reset is in seconds on the Dashboard and in milliseconds on Catapult.
_MILLISECONDS_FROM: Final = 10**11
_RESET: Final = re.compile(r"[0-9]{1,13}")
_LONGEST_WAIT_SECONDS: Final = 86_400
_NUMBER_IN_PATH: Final = re.compile(r"%2B\d+(\d{4})")


type Auth = Callable[[requests.PreparedRequest], requests.PreparedRequest]
"""Signs a request, as requests asks of an auth: BasicCredentials, or an OAuthClient."""


class ErrorBody(NamedTuple):
    """The first error that an answer's body names, and what it means where the HTTP status misleads."""

    code: str | None
    words: str | None
    means: type[BandwidthError] | None = None


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
        self._session = requests.Session()
        # Neither a .netrc file nor proxy settings change who we are.
        self._session.auth = auth
        self._session.trust_env = False
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
        try:
            response = self._session.send(
                prepared,
                timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
                allow_redirects=False,
                stream=most_bytes is not None,
            )
            content = response.content if most_bytes is None else _content(response, most_bytes)
        except requests.RequestException as error:
            # The library's own text may hold the URL's query and so numbers: it stays out.
            raise _without_answer(request, method, error) from None
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
        if meaning is BandwidthUnavailable:
            wait = _wait_seconds(answer.headers.get("X-RateLimit-Reset", ""))
            return BandwidthUnavailable(
                f"{answer.request} was answered {status}, try later", wait_seconds=wait, status=status
            )
        if meaning is BandwidthUnauthorized:
            words = masked(error.words or "")
            return BandwidthUnauthorized(
                f"{answer.request} was answered {status} ({words}): "
                "check the credentials in the Bandwidth secret and the rights of that user",
                status=status,
                words=words,
            )
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _failed(answer.request, method, f"was answered {status}", status)
        return BandwidthRejected(answer.request, status=status, code=error.code, words=error.words)


def _content(response: requests.Response, most_bytes: int) -> bytes | None:
    """Return a body, None if it is too long; what explains an error may have one piece.

    It is read piece by piece, as what a header says of its length may be wrong.
    """
    content = bytearray()
    longest = most_bytes if response.ok else max(most_bytes, _PIECE_BYTES)
    deadline = time.monotonic() + _BODY_SECONDS
    with response:
        for piece in response.iter_content(_PIECE_BYTES):
            content += piece
            if len(content) > longest:
                return None
            if time.monotonic() > deadline:
                raise requests.ReadTimeout
    return bytes(content)


def _wait_seconds(reset: str) -> int | None:
    """Return the whole seconds until a limit ends, at least one; None where nothing believable says when."""
    if not _RESET.fullmatch(reset):
        return None
    ends = int(reset) / 1000 if int(reset) >= _MILLISECONDS_FROM else int(reset)
    seconds = max(math.ceil(ends - time.time()), 1)
    return seconds if seconds <= _LONGEST_WAIT_SECONDS else None


def _without_answer(request: str, method: str, error: requests.RequestException) -> BandwidthError:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    refused_certificate = isinstance(reason, SSLError) and isinstance(
        next(iter(reason.args), None), ssl.SSLCertVerificationError
    )
    if refused_certificate or isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return BandwidthUnavailable(f"{request} could not be sent: no connection ({why(error)})")
    return _failed(request, method, f"got no answer ({why(error)})")


def _failed(request: str, method: str, how: str, status: int | None = None) -> BandwidthError:
    """Only a POST makes something new each time; GET, PUT and DELETE may simply be repeated."""
    if method == "POST":
        return BandwidthOutcomeUnknown(f"{request} {how}; whether Bandwidth carried it out is unknown")
    return BandwidthUnavailable(f"{request} {how}", status=status)
