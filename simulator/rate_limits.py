"""Rate limits of the messaging APIs: V1 as published, V2 as configured."""

import math
import threading
import time

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from simulator.catapult.errors import message_rate_limit, rate_limit_reached

MESSAGE_SECONDS = 10


class Limits(BaseModel):
    """What is not given is not limited. `burst` is how many imports are taken at once after a rest.

    `messages_per_second` counts as the average over ten seconds; `requests_per_second` holds for each
    resource, but for imports, which have their own, and for reading numbers, which is all but free.
    `v2_messages_per_second` has a second's worth at once after a rest, and no queue behind it.
    """

    model_config = ConfigDict(extra="forbid")
    imports_per_minute: PositiveFloat | None = None
    burst: PositiveInt = 800
    messages_per_second: PositiveFloat | None = None
    requests_per_second: PositiveFloat | None = None
    v2_messages_per_second: PositiveFloat | None = None


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


class RateLimits:
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
            imports = limits.imports_per_minute
            self._imports = Bucket(imports / 60, limits.burst) if imports else None
            self._messages_v1 = _bucket(limits.messages_per_second, MESSAGE_SECONDS)
            self._messages_v2 = _bucket(limits.v2_messages_per_second)
            self._resources: dict[str, Bucket | None] = {}

    def reset(self) -> None:
        self.set(self._usual)

    def take_import(self) -> None:
        """One import of a number. Raises CatapultError (429)."""
        with self._lock:
            wait = _take(self._imports)
        _reject(wait)

    def take_request(self, resource: str) -> None:
        """One call of a resource. Raises CatapultError (429)."""
        with self._lock:
            wait = _take(self._resources.setdefault(resource, _bucket(self._limits.requests_per_second)))
        _reject(wait)

    def take_message_v1(self) -> None:
        """One message of V1. Raises CatapultError (403)."""
        with self._lock:
            rate = self._limits.messages_per_second
            wait = _take(self._messages_v1)
        if wait and rate:
            raise message_rate_limit(rate, rate + 1 / MESSAGE_SECONDS)

    def take_message_v2(self) -> bool:
        """One message of V2, however many recipients and segments it has; False if it is one too many."""
        with self._lock:
            return not _take(self._messages_v2)


def _bucket(per_second: float | None, seconds: float = 1) -> Bucket | None:
    """A bucket for so many seconds' worth, of one token at least; None where nothing is limited."""
    return Bucket(per_second, max(1, per_second * seconds)) if per_second else None


def _take(bucket: Bucket | None) -> float:
    return bucket.take() if bucket else 0.0


def _reject(wait: float) -> None:
    if wait:
        raise rate_limit_reached(math.ceil((time.time() + wait) * 1000))
