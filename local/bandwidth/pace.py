"""How fast the V1 API may be called, as its pages on rate limits have it."""

import math
import threading
import time

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from local.bandwidth.catapult_errors import message_rate_limit, rate_limit_reached

MESSAGE_SECONDS = 10


class Limits(BaseModel):
    """What is not given is not limited. `burst` is how many imports are taken at once after a rest.

    `messages_per_second` counts as the average over ten seconds; `requests_per_second` holds for each
    resource, but for imports, which have their own, and for reading numbers, which is all but free.
    """

    model_config = ConfigDict(extra="forbid")
    imports_per_minute: PositiveFloat | None = None
    burst: PositiveInt = 800
    messages_per_second: PositiveFloat | None = None
    requests_per_second: PositiveFloat | None = None


DOCUMENTED = Limits(imports_per_minute=100, burst=800, messages_per_second=1, requests_per_second=1)
LIFTED = Limits()


class Bucket:
    """Tokens that come back at a steady rate, up to a capacity; full at first."""

    def __init__(self, per_second: float, capacity: float) -> None:
        self._per_second = per_second
        self._capacity = capacity
        self._tokens = capacity
        self._counted = time.monotonic()

    def take(self) -> float:
        """Take a token: 0, or the seconds until there is one again."""
        now = time.monotonic()
        self._tokens = min(self._capacity, self._tokens + (now - self._counted) * self._per_second)
        self._counted = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._per_second


class Pace:
    def __init__(self, limits: Limits) -> None:
        self._usual = limits
        self._lock = threading.Lock()
        self.set(limits)

    @property
    def limits(self) -> Limits:
        return self._limits

    def set(self, limits: Limits) -> None:
        """Other limits from now on, with every bucket full."""
        with self._lock:
            self._limits = limits
            self._imports = limits.imports_per_minute and Bucket(limits.imports_per_minute / 60, limits.burst)
            rate = limits.messages_per_second
            self._messages = rate and Bucket(rate, max(1, rate * MESSAGE_SECONDS))
            self._resources: dict[str, Bucket] = {}

    def reset(self) -> None:
        self.set(self._usual)

    def take_import(self) -> None:
        """One import of a number. Raises CatapultError (429)."""
        with self._lock:
            wait = self._imports.take() if isinstance(self._imports, Bucket) else 0.0
        _refuse(wait)

    def take_request(self, resource: str) -> None:
        """One call of a resource. Raises CatapultError (429)."""
        with self._lock:
            if (rate := self._limits.requests_per_second) is None:
                return
            wait = self._resources.setdefault(resource, Bucket(rate, max(1, rate))).take()
        _refuse(wait)

    def take_message(self) -> None:
        """One message. Raises CatapultError (403)."""
        with self._lock:
            rate = self._limits.messages_per_second
            wait = self._messages.take() if isinstance(self._messages, Bucket) else 0.0
        if wait and rate:
            raise message_rate_limit(rate, rate + 1 / MESSAGE_SECONDS)


def _refuse(wait: float) -> None:
    if wait:
        raise rate_limit_reached(math.ceil((time.time() + wait) * 1000))
