"""Outgoing callbacks: repeated or given to a fallback until taken, and never sent outside.

V2 as Bandwidth's pages on message webhooks and on callbacks have it: asked first without credentials (the
401 challenge), then repeated, only with shorter waits. V1 as document 000 and the page on callbacks have it:
the URL's own credentials, the fallback URL once after a failure or time-out, and no repeats (none published).
Notifications of the account API have V2's challenge, and no repeats (page on webhooks of numbers).
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
    # Not published.
    "account": "BandwidthAPI (simulated)",
}
LONGEST_WAIT = 10.0
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class Endpoint:
    """A URL to call, with Basic credentials if there are any. `timeout` in seconds, the usual one if None."""

    url: str
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    timeout: float | None = None

    @classmethod
    def with_userinfo(cls, url: str, timeout: float | None = None) -> "Endpoint":
        """The endpoint of a URL that may carry its credentials itself, as https://user:password@host/."""
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
    """One event and where it goes, in its body or in the query added to the URL.

    V2 has one endpoint; a second one is V1's fallback.
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
    """How an event is delivered: so many identical copies, each on its own way after `delay` seconds. With
    `lose_answer` the connection is closed at the first try, when the receiver has answered, with the answer
    unread, as if there had been none."""

    copies: int = 1
    delay: float = 0.0
    lose_answer: bool = False


@dataclass
class Delivery:
    """A callback on its way. `attempts` has one entry per HTTP request sent."""

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
    """The answer was to be lost, and is."""


class Courier:
    """Delivers callbacks with a few workers, each of one batch after the one before it was tried."""

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
        self._turns = itertools.count()
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
        """How many callbacks of these messages there are, by type of event and then by state."""
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
        heapq.heappush(self._due, (time.monotonic() + delay, next(self._turns), batch))
        self._wake.notify()

    def _next(self) -> list[Delivery] | None:
        with self._wake:
            while self._open:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    batch = heapq.heappop(self._due)[2]
                    # Somebody else must now watch for what is due next.
                    self._wake.notify()
                    return batch
                self._wake.wait(wait)
        return None

    def _work(self) -> None:
        with requests.Session() as session:
            # Neither a proxy nor a .netrc of this machine may take part.
            session.trust_env = False
            while (batch := self._next()) is not None:
                for delivery in batch:
                    self._try(session, delivery)

    def _try(self, session: requests.Session, delivery: Delivery) -> None:
        """Make one attempt. A URL or credentials that no request can be made of end this delivery alone."""
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
            self._give_up(delivery, _nowhere(endpoint))
            return
        delivery.tries += 1
        response = self._ask(session, delivery, endpoint, None)
        if response is not None and response.status_code == HTTPStatus.UNAUTHORIZED:
            if not response.headers.get("WWW-Authenticate", "").lower().startswith("basic"):
                self._give_up(delivery, "answered 401 without WWW-Authenticate: Basic")
                return
            if endpoint.credentials is not None:
                response = self._ask(session, delivery, endpoint, endpoint.credentials)
        if _is_taken(response):
            delivery.state = "delivered"
        elif not delivery.callback.repeats:
            self._give_up(delivery, "not taken, and it is told but once")
        elif delivery.tries > self._retry_limit:
            self._give_up(delivery, f"not taken in {delivery.tries} tries")
        else:
            self._retry(delivery)

    def _try_v1(self, session: requests.Session, delivery: Delivery) -> None:
        reason = ""
        for endpoint in delivery.callback.endpoints:
            if self._routes.destination(endpoint.url) is None:
                reason = _nowhere(endpoint)
                continue
            delivery.tries += 1
            if _is_taken(self._ask(session, delivery, endpoint, endpoint.credentials)):
                delivery.state = "delivered"
                return
            reason = f"not taken in {delivery.tries} tries, and V1 has no more"
        self._give_up(delivery, reason)

    def _ask(
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
            if delivery.lose_answer and not _asks(response, endpoint, credentials):
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


def _asks(response: requests.Response, endpoint: Endpoint, credentials: tuple[str, str] | None) -> bool:
    """Whether this answer is but the challenge before the one that counts."""
    return (
        response.status_code == HTTPStatus.UNAUTHORIZED
        and credentials is None
        and endpoint.credentials is not None
    )


def _is_taken(response: requests.Response | None) -> bool:
    return response is not None and HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES


def _nowhere(endpoint: Endpoint) -> str:
    return f"{urlsplit(endpoint.url).hostname} is not on this machine and has no callback route"
