"""Our own callback API as Bandwidth meets it: asked without credentials first, then with them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import requests

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.reachability import why

# Bandwidth waits ten seconds for an answer (wire: delivery of callbacks).
_TIMEOUT_SECONDS: Final = (3.05, 10)
_NO_EVENTS: Final = b"[]"


@dataclass(frozen=True)
class Knock:
    """What the door said: its HTTP status and challenge, or in `words` why it said nothing."""

    status: int | None = None
    challenge: str = ""
    words: str = ""

    @property
    def is_challenge(self) -> bool:
        """Tell whether Bandwidth would ask again with credentials; without that it gives the event up."""
        return self.status == HTTPStatus.UNAUTHORIZED and self.challenge.lower().startswith("basic")

    @property
    def is_taken(self) -> bool:
        """Tell whether Bandwidth would take this for a delivered callback."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class CallbackProbe:
    """One URL that Bandwidth calls back."""

    def __init__(self, url: str) -> None:
        self._url = url

    def knock(self, credentials: BasicCredentials | None = None) -> Knock:
        """Call back with no events, which is taken and changes nothing: V2's body is an array of them."""
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.post(
                    self._url,
                    data=_NO_EVENTS,
                    headers={"Content-Type": "application/json; charset=utf-8"},
                    auth=credentials,
                    timeout=_TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                return Knock(words=why(error))
        return Knock(answer.status_code, answer.headers.get("WWW-Authenticate", ""))
