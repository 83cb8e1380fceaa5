"""Outgoing callbacks: asked first without credentials, repeated until taken, and never sent outside.

As Bandwidth's pages on message webhooks and on callbacks (the 401 challenge) have it; only the waits
between attempts are shorter.
"""

import heapq
import itertools
import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from local.bandwidth.account import Application, is_loopback

USER_AGENT = "BandwidthAPI/v2"
LONGEST_WAIT = 10.0


@dataclass
class Delivery:
    """One event on its way to an application. `attempts` has one entry per HTTP request sent."""

    id: int
    url: str
    body: bytes = field(repr=False)
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    type: str
    message_id: str
    to: str
    state: str = "pending"
    reason: str | None = None
    attempts: list[dict[str, Any]] = field(default_factory=list)
    tries: int = 0

    def shown(self) -> dict[str, Any]:
        names = ("id", "url", "type", "message_id", "to", "state", "reason")
        return {name: getattr(self, name) for name in names} | {"attempts": list(self.attempts)}


class Courier:
    """Delivers events with a few workers, each event of one batch after the one before it was tried."""

    def __init__(
        self,
        routes: Mapping[str, str],
        retry_seconds: float,
        retry_limit: int,
        timeout_seconds: float,
        workers: int,
    ) -> None:
        self._routes = dict(routes)
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

    def send(self, application: Application, events: Sequence[dict[str, Any]], delay: float = 0.0) -> None:
        """Deliver these events to an application's CallbackUrl, in this order, after a delay in seconds."""
        with self._wake:
            batch = [self._delivery(application, event) for event in events]
            self._deliveries.update((each.id, each) for each in batch)
            self._schedule(delay, batch)

    def deliveries(self) -> list[Delivery]:
        with self._wake:
            return list(self._deliveries.values())

    def pending(self) -> int:
        return sum(each.state == "pending" for each in self.deliveries())

    def reset(self) -> None:
        with self._wake:
            self._due.clear()
            self._deliveries.clear()

    def close(self) -> None:
        with self._wake:
            self._open = False
            self._due.clear()
            self._wake.notify_all()

    def destination(self, url: str) -> str | None:
        """Where a callback URL really leads on this machine; None if nowhere but outside."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        for suffix, base in self._routes.items():
            if host == suffix or host.endswith("." + suffix):
                return _join(base, host, parts.path, parts.query)
        return url if is_loopback(host) else None

    def _delivery(self, application: Application, event: dict[str, Any]) -> Delivery:
        return Delivery(
            id=next(self._ids),
            url=application.callback_url,
            body=json.dumps([event], ensure_ascii=False).encode(errors="replace"),
            user=application.callback_user,
            password=application.callback_password,
            type=event["type"],
            message_id=event["message"]["id"],
            to=event["to"],
        )

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
            session.headers["User-Agent"] = USER_AGENT
            while (batch := self._next()) is not None:
                for delivery in batch:
                    self._try(session, delivery)

    def _try(self, session: requests.Session, delivery: Delivery) -> None:
        destination = self.destination(delivery.url)
        if destination is None:
            host = urlsplit(delivery.url).hostname
            self._lose(delivery, f"{host} is not on this machine and has no callback route")
            return
        delivery.tries += 1
        response = self._post(session, delivery, destination, None)
        if response is not None and response.status_code == HTTPStatus.UNAUTHORIZED:
            if not response.headers.get("WWW-Authenticate", "").lower().startswith("basic"):
                self._lose(delivery, "answered 401 without WWW-Authenticate: Basic")
                return
            if delivery.user is not None:
                credentials = (delivery.user, delivery.password or "")
                response = self._post(session, delivery, destination, credentials)
        if response is not None and HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
            delivery.state = "delivered"
        elif delivery.tries > self._retry_limit:
            self._lose(delivery, f"not taken in {delivery.tries} tries")
        else:
            self._retry(delivery)

    def _post(
        self,
        session: requests.Session,
        delivery: Delivery,
        destination: str,
        credentials: tuple[str, str] | None,
    ) -> requests.Response | None:
        attempt: dict[str, Any] = {"time": time.time(), "with_credentials": credentials is not None}
        response = None
        try:
            response = session.post(
                destination,
                data=delivery.body,
                headers={"Content-Type": "application/json; charset=utf-8"},
                auth=credentials,
                timeout=self._timeout,
                allow_redirects=False,
            )
            attempt["status"] = response.status_code
        except requests.RequestException as error:
            attempt.update(status=None, error=type(error).__name__)
        with self._wake:
            delivery.attempts.append(attempt)
        return response

    def _lose(self, delivery: Delivery, reason: str) -> None:
        delivery.reason = reason
        delivery.state = "lost"

    def _retry(self, delivery: Delivery) -> None:
        wait = min(self._retry_seconds * 2 ** (delivery.tries - 1), LONGEST_WAIT)
        with self._wake:
            if self._open and delivery.id in self._deliveries:
                self._schedule(wait, [delivery])


def _join(base: str, host: str, path: str, query: str) -> str:
    """The callback URL's path below the route's base URL; an API Gateway's as the AWS emulator serves it."""
    if gateway := re.match(r"([a-z0-9]+)\.execute-api\.", host):
        stage, _, rest = path.lstrip("/").partition("/")
        path = f"/restapis/{gateway[1]}/{stage}/_user_request_/{rest}"
    scheme, netloc, base_path, *_ = urlsplit(base)
    return urlunsplit((scheme, netloc, base_path.rstrip("/") + path, query, ""))
