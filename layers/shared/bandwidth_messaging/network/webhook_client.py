"""Posts events to the user's endpoints. Called by services/webhook_delivery."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar, Final

import requests
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from bandwidth_messaging.domain.webhooks import is_public_address
from bandwidth_messaging.network.deadline import BoundedAdapter, BoundedTls, bounded_session, exchange
from bandwidth_messaging.network.reachability import explain_failure

TOTAL_SECONDS: Final = 10
"""Limit from the connection to the status and the headers of the response."""
_CONNECT_TIMEOUT_SECONDS: Final = 3.05
_SECONDS: Final = re.compile(r"[0-9]{1,6}")
_USER_AGENT: Final = "bandwidth-messaging-webhooks"
_LATE: Final = "the server did not respond in time"
NOT_PUBLIC: Final = "the host has an address that is not public"


class _NotPublic(Exception):
    """The host's address is not on the internet."""


@dataclass(frozen=True)
class WebhookResponse:
    """The HTTP status and Retry-After (seconds) of a response, or the `failure` if there was none."""

    status: int | None = None
    retry_after: int | None = None
    failure: str = ""

    @property
    def is_success(self) -> bool:
        """Return whether the endpoint has accepted the event. A redirect is a failure."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class WebhookClient:
    """Posts to https URLs at public addresses. `allow_local` permits http and all addresses."""

    def __init__(self, *, allow_local: bool) -> None:
        self._allow_local = allow_local

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> WebhookResponse:
        """Post a JSON body. The body of the response is not read, and redirects are not followed."""
        # A connection that is kept between invocations may be dead, so each request has its own.
        with bounded_session() as session, exchange(TOTAL_SECONDS) as current:
            if not self._allow_local:
                session.adapters.clear()
                session.mount("https://", _PublicAdapter())
            try:
                response = session.post(
                    url,
                    data=body,
                    headers={"Content-Type": "application/json", "User-Agent": _USER_AGENT, **headers},
                    timeout=(_CONNECT_TIMEOUT_SECONDS, TOTAL_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
                response.close()
                current.check()
            except _NotPublic:
                return WebhookResponse(failure=NOT_PUBLIC)
            except (requests.RequestException, HTTPError) as error:
                return WebhookResponse(failure=_LATE if current.is_late else explain_failure(error))
        wait = response.headers.get("Retry-After", "")
        return WebhookResponse(response.status_code, int(wait) if _SECONDS.fullmatch(wait) else None)


class _PublicTls(BoundedTls):
    """A connection that is closed before the request is sent if its address is not public.

    The address is that of the connection, so that a name cannot resolve to another one after a check.
    """

    def connect(self) -> None:
        super().connect()
        if not is_public_address(self.sock.getpeername()[0]):
            self.close()
            raise _NotPublic


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTls


class _PublicAdapter(BoundedAdapter):
    pools: ClassVar[Mapping[str, type[HTTPConnectionPool]]] = {"https": _PublicPool}
