"""OAuth2 client credentials, which authenticate requests to the current account and messaging APIs."""

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
_RENEWAL_MARGIN_SECONDS: Final = 60
_TEMPORARY_STATUSES: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_ERROR_CODE: Final = re.compile(r"[A-Za-z_]{1,40}")
_BEARER: Final = "Bearer "
# A header contains no line break and no character outside ASCII (RFC 9110, 5.5).
_TOKEN: Final = re.compile(r"[!-~]+")


class OAuthClient:
    """Signs requests with a client's token, which threads and APIs share.

    `credentials` are client id and secret. During a rotation a client has two secrets. If Bandwidth rejects
    the cached secret, `reread` returns the current one.
    """

    def __init__(
        self, token_url: str, credentials: BasicCredentials, reread: Callable[[], BasicCredentials]
    ) -> None:
        self._token_url = token_url
        self._credentials = credentials
        self._reread = reread
        self._lock = Lock()
        self._token = ""
        self._valid_until = 0.0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign a request, as `requests` expects of an auth. After a 401 it is sent again with a new token.

        Raises BandwidthUnauthorized if the client is rejected, and BandwidthUnavailable if the token endpoint
        fails. The request has not been sent then.
        """
        request.headers["Authorization"] = _BEARER + self._valid_token()
        request.register_hook("response", self._repeat_unauthorized)  # type: ignore[no-untyped-call]
        return request

    def claims(self) -> dict[str, list[str]]:
        """Return the claims `accounts` and `roles` of the client's token, if it has them.

        They are shown to people only. Raises the errors of the auth.
        """
        try:
            payload = self._valid_token().split(".")[1]
            claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            return {
                name: [str(value) for value in claims[name]]
                for name in ("accounts", "roles")
                if name in claims
            }
        except (IndexError, ValueError, TypeError):
            return {}

    def _repeat_unauthorized(self, response: Response, **options: Any) -> Response:
        # A request that got a 401 had no effect, so that even a POST may be repeated.
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        repeat = response.request.copy()
        rejected = response.request.headers["Authorization"].removeprefix(_BEARER)
        repeat.headers["Authorization"] = _BEARER + self._valid_token(rejected=rejected)
        # A connection can be reused once the response is read to its end.
        _ = response.content
        response.close()
        second: Response = response.connection.send(repeat, **options)
        return second

    def _valid_token(self, *, rejected: str | None = None) -> str:
        with self._lock:
            # Only the wall clock advances while the Lambda environment is frozen.
            if self._token == rejected or time.time() >= self._valid_until:
                self._token, seconds = self._fetch_token()
                self._valid_until = time.time() + seconds - _RENEWAL_MARGIN_SECONDS
            return self._token

    def _fetch_token(self) -> tuple[str, float]:
        try:
            return self._request_token(self._credentials)
        except BandwidthUnauthorized:
            credentials = self._credentials
            # If the secret cannot be read, the rejection is the error to raise.
            with suppress(Exception):
                credentials = self._reread()
            if credentials == self._credentials:
                raise
        self._credentials = credentials
        return self._request_token(credentials)

    def _request_token(self, credentials: BasicCredentials) -> tuple[str, float]:
        """Return a new token, and for how many seconds it is valid."""
        with bounded_session() as session, exchange(_TOTAL_SECONDS) as current:
            try:
                response = session.post(
                    self._token_url,
                    data={"grant_type": "client_credentials"},
                    auth=credentials,
                    timeout=_TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
                current.check()
            except requests.RequestException as error:
                raise _no_token(f"no response ({type(error).__name__})") from None
        status = response.status_code
        if status in _TEMPORARY_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _no_token(f"HTTP {status}")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            message = (
                f"Bandwidth rejected the client (HTTP {status}{_error_code(response)}). Check clientId and "
                "clientSecret in the Bandwidth secret, and the parameter TokenUrl if it is set."
            )
            raise BandwidthUnauthorized(message)
        try:
            content = response.json()
            token, lifetime = content["access_token"], content.get("expires_in")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            token, lifetime = None, None
        if not isinstance(token, str):
            raise _no_token(f"HTTP {status} without a token")
        if not _TOKEN.fullmatch(token):
            # Like a rejected client, this error lasts until a person changes something.
            message = "The token endpoint returned an invalid token. Check the parameter TokenUrl."
            raise BandwidthUnauthorized(message)
        return token, _to_seconds(lifetime)


def _to_seconds(lifetime: object) -> float:
    """Return the lifetime of a token in seconds. Without a lifetime return 0: the token is used once."""
    try:
        seconds = float(lifetime)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0
    return seconds if math.isfinite(seconds) else 0


def _error_code(response: Response) -> str:
    """Return the OAuth2 error code (invalid_client), which contains no secret."""
    try:
        code = response.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f" {code}" if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else ""


def _no_token(problem: str) -> BandwidthUnavailable:
    return BandwidthUnavailable(f"The token request failed: {problem}. No other request was sent.")
