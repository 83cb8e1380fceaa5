"""Outgoing callbacks. The courier retries them or uses the fallback URL, and only calls this machine.

V2 sends the first request without credentials (the 401 challenge) and retries with shorter waits than
Bandwidth (pages on message webhooks and on callbacks). V1 sends the URL's credentials, calls the fallback URL
once after a failure or timeout, and does not retry (Hosted Messaging document, page on callbacks).
Notifications of the account API use V2's challenge and are not retried (page on webhooks of numbers).
"""

import heapq
import itertools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

import requests

from simulator.callback_routes import Routes
from simulator.urls import redact_credentials

Api = Literal["v1", "v2", "account"]
USER_AGENTS: dict[Api, str] = {
    "v1": "BandwidthAPI/v1 (simulated)",
    "v2": "BandwidthAPI/v2",
    "account": "BandwidthAPI (simulated)",
}
LONGEST_WAIT = 10.0
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Endpoint:
    """A callback URL with optional Basic credentials. `timeout` is in seconds; None means the default."""

    url: str
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    timeout: float | None = None

    @classmethod
    def with_userinfo(cls, url: str, timeout: float | None = None) -> "Endpoint":
        """Return the endpoint of a URL that may contain credentials: https://user:password@host/."""
        parts = urlsplit(url)
        userinfo, _, host = parts.netloc.rpartition("@")
        if not userinfo:
            return cls(url, timeout=timeout)
        user, _, password = userinfo.partition(":")
        bare = urlunsplit(parts._replace(netloc=host))
        return cls(bare, unquote(user), unquote(password), timeout)

    @property
    def credentials(self) -> tuple[str, str] | None:
        return None if self.user is None else (self.user, self.password or "")


@dataclass(frozen=True)
class Callback:
    """One event and its endpoints. The event is in `body`, or in `query`, which is added to the URL.

    V2 has one endpoint. V1 may have a second one as its fallback.
    """

    api: Api
    endpoints: tuple[Endpoint, ...]
    type: str
    message_id: str
    to: str
    body: bytes = field(default=b"", repr=False)
    query: str | None = field(default=None, repr=False)
    method: str = "POST"
    content_type: str | None = JSON
    repeats: bool = True


@dataclass(frozen=True)
class DeliveryOptions:
    """Options of the delivery of one event.

    The courier delivers `copies` identical events independently after `delay` seconds. With `lose_answer` it
    closes the first connection after the receiver's response, without reading the response.
    """

    copies: int = 1
    delay: float = 0.0
    lose_answer: bool = False


@dataclass
class Delivery:
    """The delivery of a callback. `attempts` has one entry per HTTP request."""

    id: int
    callback: Callback
    lose_answer: bool = False
    state: str = "pending"
    reason: str | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    tries: int = 0

    def shown(self) -> dict[str, Any]:
        callback = self.callback
        return {
            "id": self.id,
            "api": callback.api,
            "method": callback.method,
            "url": redact_credentials(callback.endpoints[0].url),
            "type": callback.type,
            "message_id": callback.message_id,
            "to": callback.to,
            "state": self.state,
            "reason": self.reason,
            "attempts": list(self.attempts),
        }


class AnswerLost(Exception):
    """A receiver's response was discarded because of `lose_answer`."""


class Courier:
    """Delivers callbacks with a few workers. A worker delivers the callbacks of a batch in order."""

    def __init__(
        self,
        routes: Mapping[str, str],
        retry_seconds: float,
        retry_limit: int,
        timeout_seconds: float,
        workers: int,
    ) -> None:
        self._routes = Routes(routes)
        self._retry_seconds = retry_seconds
        self._retry_limit = retry_limit
        self._timeout = timeout_seconds
        self._wake = threading.Condition()
        self._due: list[tuple[float, int, list[Delivery]]] = []
        self._deliveries: dict[int, Delivery] = {}
        self._ids = itertools.count(1)
        self._sequence = itertools.count()
        self._open = True
        for _ in range(workers):
            threading.Thread(target=self._work, name="bandwidth-callbacks", daemon=True).start()

    def send(self, callbacks: Sequence[Callback], delay: float = 0.0) -> None:
        """Deliver these callbacks, in this order, after a delay in seconds."""
        with self._wake:
            batch = [Delivery(next(self._ids), each) for each in callbacks]
            self._deliveries.update((each.id, each) for each in batch)
            self._schedule(delay, batch)

    def deliver(self, callback: Callback, options: DeliveryOptions) -> None:
        """Deliver one callback with these options."""
        with self._wake:
            for _ in range(options.copies):
                delivery = Delivery(next(self._ids), callback, options.lose_answer)
                self._deliveries[delivery.id] = delivery
                self._schedule(options.delay, [delivery])

    def deliveries(self) -> list[Delivery]:
        with self._wake:
            return list(self._deliveries.values())

    def pending(self) -> int:
        return sum(each.state == "pending" for each in self.deliveries())

    def summary(self, message_ids: Collection[str]) -> dict[str, dict[str, int]]:
        """Count the callbacks of these messages by event type and state."""
        counts: dict[str, dict[str, int]] = defaultdict(Counter)
        for each in self.deliveries():
            if each.callback.message_id in message_ids:
                counts[each.callback.type][each.state] += 1
        return counts

    def reset(self) -> None:
        with self._wake:
            self._due.clear()
            self._deliveries.clear()

    def close(self) -> None:
        with self._wake:
            self._open = False
            self._due.clear()
            self._wake.notify_all()

    def _schedule(self, delay: float, batch: list[Delivery]) -> None:
        heapq.heappush(self._due, (time.monotonic() + delay, next(self._sequence), batch))
        self._wake.notify()

    def _next(self) -> list[Delivery] | None:
        with self._wake:
            while self._open:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    batch = heapq.heappop(self._due)[2]
                    # Another worker must now wait for the next batch.
                    self._wake.notify()
                    return batch
                self._wake.wait(wait)
        return None

    def _work(self) -> None:
        with requests.Session() as session:
            # Ignore proxies and the .netrc of this machine.
            session.trust_env = False
            while (batch := self._next()) is not None:
                for delivery in batch:
                    self._try(session, delivery)

    def _try(self, session: requests.Session, delivery: Delivery) -> None:
        """Make one attempt. An invalid URL or invalid credentials end this delivery only."""
        try:
            if delivery.callback.api == "v1":
                self._try_v1(session, delivery)
            else:
                self._try_v2(session, delivery)
        except Exception as error:
            self._give_up(delivery, f"cannot be delivered: {type(error).__name__}")

    def _try_v2(self, session: requests.Session, delivery: Delivery) -> None:
        (endpoint,) = delivery.callback.endpoints
        if self._routes.destination(endpoint.url) is None:
            self._give_up(delivery, _describe_missing_route(endpoint))
            return
        delivery.tries += 1
        response = self._request(session, delivery, endpoint, None)
        if response is not None and response.status_code == HTTPStatus.UNAUTHORIZED:
            if not response.headers.get("WWW-Authenticate", "").lower().startswith("basic"):
                self._give_up(delivery, "returned 401 without WWW-Authenticate: Basic")
                return
            if endpoint.credentials is not None:
                response = self._request(session, delivery, endpoint, endpoint.credentials)
        if _is_accepted(response):
            delivery.state = "delivered"
        elif not delivery.callback.repeats:
            self._give_up(delivery, "not accepted; notifications are sent once")
        elif delivery.tries > self._retry_limit:
            self._give_up(delivery, f"not accepted after {delivery.tries} attempts")
        else:
            self._retry(delivery)

    def _try_v1(self, session: requests.Session, delivery: Delivery) -> None:
        reason = ""
        for endpoint in delivery.callback.endpoints:
            if self._routes.destination(endpoint.url) is None:
                reason = _describe_missing_route(endpoint)
                continue
            delivery.tries += 1
            if _is_accepted(self._request(session, delivery, endpoint, endpoint.credentials)):
                delivery.state = "delivered"
                return
            reason = f"not accepted after {delivery.tries} attempts; V1 does not retry"
        self._give_up(delivery, reason)

    def _request(
        self,
        session: requests.Session,
        delivery: Delivery,
        endpoint: Endpoint,
        credentials: tuple[str, str] | None,
    ) -> requests.Response | None:
        callback = delivery.callback
        attempt: dict[str, Any] = {"time": time.time(), "with_credentials": credentials is not None}
        if len(callback.endpoints) > 1:
            attempt["url"] = endpoint.url
        url = self._routes.destination(endpoint.url) or ""
        headers = {"User-Agent": USER_AGENTS[callback.api]}
        if callback.content_type is not None:
            headers["Content-Type"] = callback.content_type
        if callback.query is not None:
            url = f"{url}{'&' if urlsplit(url).query else '?'}{callback.query}"
        response = None
        try:
            response = session.request(
                callback.method,
                url,
                data=callback.body or None,
                headers=headers,
                auth=credentials,
                timeout=endpoint.timeout or self._timeout,
                allow_redirects=False,
                stream=delivery.lose_answer,
            )
            if delivery.lose_answer and not _is_challenge(response, endpoint, credentials):
                delivery.lose_answer = False
                response.close()
                raise AnswerLost
            _ = response.content
            attempt["status"] = response.status_code
        except (requests.RequestException, AnswerLost) as error:
            response = None
            attempt.update(status=None, error=type(error).__name__)
        with self._wake:
            delivery.attempts.append(attempt)
        return response

    def _give_up(self, delivery: Delivery, reason: str) -> None:
        delivery.reason = reason
        delivery.state = "lost"

    def _retry(self, delivery: Delivery) -> None:
        wait = min(self._retry_seconds * 2 ** (delivery.tries - 1), LONGEST_WAIT)
        with self._wake:
            if self._open and delivery.id in self._deliveries:
                self._schedule(wait, [delivery])


def _is_challenge(
    response: requests.Response, endpoint: Endpoint, credentials: tuple[str, str] | None
) -> bool:
    """Return whether a response is the 401 challenge before the request with credentials."""
    return (
        response.status_code == HTTPStatus.UNAUTHORIZED
        and credentials is None
        and endpoint.credentials is not None
    )


def _is_accepted(response: requests.Response | None) -> bool:
    return response is not None and HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES


def _describe_missing_route(endpoint: Endpoint) -> str:
    return f"{urlsplit(endpoint.url).hostname} is not on this machine and has no callback route"
