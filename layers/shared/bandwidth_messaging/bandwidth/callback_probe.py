"""Calls the stack's own callback API as Bandwidth does: without credentials first, then with them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import requests

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.network.reachability import explain_failure

# Connect and read timeout. Bandwidth waits 10 seconds for a response (dev.bandwidth.com, messaging webhooks).
_TIMEOUT_SECONDS: Final = (3.05, 10)
_EMPTY_CALLBACK: Final = b"[]"


@dataclass(frozen=True)
class ProbeResponse:
    """The HTTP status and WWW-Authenticate header of a response, or the `failure` if there was none."""

    status: int | None = None
    challenge: str = ""
    failure: str = ""

    @property
    def is_challenge(self) -> bool:
        """Return whether Bandwidth would repeat the request with credentials. Else it drops the event."""
        return self.status == HTTPStatus.UNAUTHORIZED and self.challenge.lower().startswith("basic")

    @property
    def is_accepted(self) -> bool:
        """Return whether Bandwidth would count the callback as delivered."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class CallbackProbe:
    """One callback URL."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, credentials: BasicCredentials | None = None) -> ProbeResponse:
        """Send a V2 callback without events. The callback API accepts it and stores nothing."""
        with requests.Session() as session:
            session.trust_env = False
            try:
                response = session.post(
                    self._url,
                    data=_EMPTY_CALLBACK,
                    headers={"Content-Type": "application/json; charset=utf-8"},
                    auth=credentials,
                    timeout=_TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                return ProbeResponse(failure=explain_failure(error))
        return ProbeResponse(response.status_code, response.headers.get("WWW-Authenticate", ""))
