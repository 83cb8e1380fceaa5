"""OAuth2 client credentials of the current account and messaging APIs."""

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
from bandwidth_messaging.bandwidth.errors import BandwidthUnauthorized, BandwidthUnavailable
from bandwidth_messaging.network.deadline import bounded_session, exchange

_CONNECT_AND_READ_SECONDS: Final = (3.05, 5)
_TOTAL_SECONDS: Final = 10
_RENEWAL_MARGIN_SECONDS: Final = 60
_TEMPORARY_STATUSES: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
_ERROR_NAME: Final = re.compile(r"[A-Za-z_]{1,40}")
_BEARER: Final = "Bearer "
# A header takes no line break and no character outside ASCII (RFC 9110, 5.5).
_TOKEN: Final = re.compile(r"[!-~]+")


class OAuthClient:
    """Signs requests with a client's token. Threads and APIs share one token.

    `credentials` are client id and secret. During a rotation a client has two secrets: if Bandwidth rejects
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
        """Sign a request; `requests` calls this. After a 401 the request is sent once more with a new token.

        Raises BandwidthUnauthorized if Bandwidth rejects the client, and BandwidthUnavailable if the token
        endpoint returns no token. In both cases the request was not sent.
        """
        request.headers["Authorization"] = _BEARER + self._valid_token()
        request.register_hook("response", self._repeat_after_401)  # type: ignore[no-untyped-call]
        return request

    def claims(self) -> dict[str, list[str]]:
        """Return the claims `accounts` and `roles` of the client's token, as far as it has them.

        For display only: no decision depends on them. Raises what signing a request raises.
        """
        try:
            payload = self._valid_token().split(".")[1]
            claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            names = [name for name in ("accounts", "roles") if name in claims]
            return {name: [str(value) for value in claims[name]] for name in names}
        except (IndexError, ValueError, TypeError):
            return {}

    def _repeat_after_401(self, response: Response, **options: Any) -> Response:
        # Bandwidth did not carry out a request that returned 401, so a POST can be repeated too.
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        request = response.request.copy()
        rejected = request.headers["Authorization"].removeprefix(_BEARER)
        request.headers["Authorization"] = _BEARER + self._valid_token(rejected=rejected)
        # A connection can be reused only after its response was read.
        _ = response.content
        response.close()
        repeated: Response = response.connection.send(request, **options)
        return repeated

    def _valid_token(self, *, rejected: str | None = None) -> str:
        with self._lock:
            # Only the wall clock advances while Lambda's environment is frozen.
            if self._token == rejected or time.time() >= self._valid_until:
                self._token, seconds = self._fetch()
                self._valid_until = time.time() + seconds - _RENEWAL_MARGIN_SECONDS
            return self._token

    def _fetch(self) -> tuple[str, float]:
        try:
            return self._request_token(self._credentials)
        except BandwidthUnauthorized:
            credentials = self._credentials
            # If the secret cannot be read either, the operator still needs Bandwidth's error.
            with suppress(Exception):
                credentials = self._reread()
            if credentials == self._credentials:
                raise
        self._credentials = credentials
        return self._request_token(credentials)

    def _request_token(self, credentials: BasicCredentials) -> tuple[str, float]:
        """Request a new token. Return the token and its lifetime in seconds."""
        with bounded_session() as session, exchange(_TOTAL_SECONDS) as current:
            try:
                response = session.post(
                    self._token_url,
                    data={"grant_type": "client_credentials"},
                    auth=credentials,
                    timeout=_CONNECT_AND_READ_SECONDS,
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
                f"Bandwidth issued no token to this client (HTTP {status}{_error_name(response)}). Check "
                "clientId and clientSecret in the Bandwidth secret, and the parameter TokenUrl if you set it."
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
            # As with a rejected client, a retry fails until the operator changes the configuration.
            message = (
                "Bandwidth's token endpoint returned a token that is not valid in an HTTP header. "
                "Check the parameter TokenUrl."
            )
            raise BandwidthUnauthorized(message)
        return token, _parse_lifetime(lifetime)


def _parse_lifetime(lifetime: object) -> float:
    """Return a token's lifetime in seconds, 0 if it is unknown: such a token is used once."""
    try:
        seconds = float(lifetime)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0
    return seconds if math.isfinite(seconds) else 0


def _error_name(response: Response) -> str:
    """Return OAuth2's name of an error (invalid_client). It contains no secret."""
    try:
        name = response.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return f" {name}" if isinstance(name, str) and _ERROR_NAME.fullmatch(name) else ""


def _no_token(outcome: str) -> BandwidthUnavailable:
    return BandwidthUnavailable(f"Bandwidth's token endpoint returned {outcome}. The request was not sent.")
