"""Rate limits of the messaging APIs: V1 as published, V2 as configured."""

import math
import threading
import time

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from simulator.catapult.errors import message_rate_limit, rate_limit_reached

MESSAGE_WINDOW_SECONDS = 10


class Limits(BaseModel):
    """Rate limits. An omitted field means no limit. `burst` is the size of the imports bucket.

    `messages_per_second` is the average over ten seconds. `requests_per_second` applies to each resource,
    except imports, which have their own limit, and reads of numbers. `v2_messages_per_second` has a bucket
    of one second and no queue.
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
    """A token bucket that starts full and refills at a steady rate up to its capacity."""

    def __init__(self, per_second: float, capacity: float) -> None:
        self._per_second = per_second
        self._capacity = capacity
        self._tokens = capacity
        self._counted = time.monotonic()

    def take(self) -> float:
        """Take a token and return 0, or return the seconds until the next token."""
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
        """Replace the limits and fill every bucket."""
        with self._lock:
            self._limits = limits
            imports = limits.imports_per_minute
            self._imports = Bucket(imports / 60, limits.burst) if imports else None
            self._messages_v1 = _bucket(limits.messages_per_second, MESSAGE_WINDOW_SECONDS)
            self._messages_v2 = _bucket(limits.v2_messages_per_second)
            self._resources: dict[str, Bucket | None] = {}

    def reset(self) -> None:
        self.set(self._usual)

    def take_import(self) -> None:
        """Count one import of a number. Raises CatapultError (429)."""
        with self._lock:
            wait = _take(self._imports)
        _reject(wait)

    def take_request(self, resource: str) -> None:
        """Count one request to a resource. Raises CatapultError (429)."""
        with self._lock:
            wait = _take(self._resources.setdefault(resource, _bucket(self._limits.requests_per_second)))
        _reject(wait)

    def take_message_v1(self) -> None:
        """Count one V1 message. Raises CatapultError (403)."""
        with self._lock:
            rate = self._limits.messages_per_second
            wait = _take(self._messages_v1)
        if wait and rate:
            raise message_rate_limit(rate, rate + 1 / MESSAGE_WINDOW_SECONDS)

    def take_message_v2(self) -> bool:
        """Count one V2 message, whatever its recipients and segments. Returns False above the limit."""
        with self._lock:
            return not _take(self._messages_v2)


def _bucket(per_second: float | None, seconds: float = 1) -> Bucket | None:
    """Return a bucket for this many seconds, at least one token; None without a limit."""
    return Bucket(per_second, max(1, per_second * seconds)) if per_second else None


def _take(bucket: Bucket | None) -> float:
    return bucket.take() if bucket else 0.0


def _reject(wait: float) -> None:
    if wait:
        raise rate_limit_reached(math.ceil((time.time() + wait) * 1000))
