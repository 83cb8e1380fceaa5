"""OAuth2 client credentials: how today's account API and messages know us (wire: today versus the seeds)."""

import json
import math
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

import requests
from requests import PreparedRequest, Response

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.deadline import bounded_session, exchange
from bandwidth_messaging.bandwidth.errors import BandwidthUnauthorized, BandwidthUnavailable

_TIMEOUT_SECONDS: Final = (3.05, 5)
_TOTAL_SECONDS: Final = 10
_EARLY_SECONDS: Final = 60
_PASSING: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_ERROR_WORD: Final = re.compile(r"[A-Za-z_]{1,40}")
_BEARER: Final = "Bearer "
# A header takes no line break and no character outside ASCII (RFC 9110, 5.5).
_TOKEN: Final = re.compile(r"[!-~]+")


class OAuthClient:
    """Puts a client's token on each request that it is the auth of; threads and APIs share one token.

    `credentials` are client id and secret. A client may have two secrets while one takes the other's place:
    when the one we hold is refused, `reread` is asked for that of now.
    """

    def __init__(
        self, token_url: str, credentials: BasicCredentials, reread: Callable[[], BasicCredentials]
    ) -> None:
        self._token_url = token_url
        self._credentials = credentials
        self._reread = reread
        self._lock = Lock()
        self._token = ""
        self._good_until = 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request, as requests asks of an auth. A 401 has it sent once more, with a new token.

        Raises BandwidthUnauthorized if the client is refused, BandwidthUnavailable if there is no token to be
        had; the request was not sent then.
        """
        request.headers["Authorization"] = _BEARER + self._valid_token()
        request.register_hook("response", self._repeat_refused)  # type: ignore[no-untyped-call]
        return request

    def claims(self) -> dict[str, list[str]]:
        """Return `accounts` and `roles` of the client, as far as its token says them; it need not.

        Raises as the auth does. They are told to people, and nothing is decided by them.
        """
        try:
            payload = self._valid_token().split(".")[1]
            told = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return {
                name: [str(each) for each in told[name]] for name in ("accounts", "roles") if name in told
            }
        except (IndexError, ValueError, TypeError):
            return {}

    def _repeat_refused(self, response: Response, **options: Any) -> Response:
        # What was answered 401 was not carried out, so this is safe for a POST too.
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        again = response.request.copy()
        refused = response.request.headers["Authorization"].removeprefix(_BEARER)
        again.headers["Authorization"] = _BEARER + self._valid_token(refused=refused)
        # Read to its end, its connection can be used again.
        _ = response.content
        response.close()
        repeated: Response = response.connection.send(again, **options)
        return repeated

    def _valid_token(self, *, refused: str | None = None) -> str:
        with self._lock:
            # The wall clock goes on while Lambda's environment is frozen.
            if self._token == refused or time.time() >= self._good_until:
                self._token, seconds = self._fetch()
                self._good_until = time.time() + seconds - _EARLY_SECONDS
            return self._token

    def _fetch(self) -> tuple[str, float]:
        try:
            return self._token_for(self._credentials)
        except BandwidthUnauthorized:
            credentials = self._credentials
            # If our own secret cannot be read, the refusal is still what to tell.
            with suppress(Exception):
                credentials = self._reread()
            if credentials == self._credentials:
                raise
        self._credentials = credentials
        return self._token_for(credentials)

    def _token_for(self, credentials: BasicCredentials) -> tuple[str, float]:
        """Return a new token and for how many seconds it is good."""
        with bounded_session() as session, exchange(_TOTAL_SECONDS) as current:
            try:
                answer = session.post(
                    self._token_url,
                    data={"grant_type": "client_credentials"},
                    auth=credentials,
                    timeout=_TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
                current.check()
            except requests.RequestException as error:
                raise _no_token(f"no answer ({type(error).__name__})") from None
        status = answer.status_code
        if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _no_token(f"HTTP {status}")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            message = (
                f"Bandwidth gives this client no token (HTTP {status}{_reason(answer)}): check clientId and "
                "clientSecret in the Bandwidth secret, and TokenUrl if you set it"
            )
            raise BandwidthUnauthorized(message)
        try:
            told = answer.json()
            token, lifetime = told["access_token"], told.get("expires_in")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            token, lifetime = None, None
        if not isinstance(token, str):
            raise _no_token(f"HTTP {status} without one")
        if not _TOKEN.fullmatch(token):
            # Like a refused client, this stays until a person changes something.
            message = "Bandwidth's token endpoint returned a token that cannot be a header: check TokenUrl"
            raise BandwidthUnauthorized(message)
        return token, _seconds_of(lifetime)


def _seconds_of(lifetime: object) -> float:
    """Return for how many seconds a token is valid; 0 if the endpoint does not say, so it is used once."""
    try:
        seconds = float(lifetime)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0
    return seconds if math.isfinite(seconds) else 0


def _reason(answer: Response) -> str:
    """Return OAuth2's own word for a refusal (invalid_client), which holds nothing secret."""
    try:
        word = answer.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f" {word}" if isinstance(word, str) and _ERROR_WORD.fullmatch(word) else ""


def _no_token(what: str) -> BandwidthUnavailable:
    return BandwidthUnavailable(f"asked for a token, Bandwidth gave {what}; nothing else was sent")
