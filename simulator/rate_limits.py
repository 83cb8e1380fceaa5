"""Rate limits of the messaging APIs: V1 as published, V2 as configured."""

import math
import threading
import time
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from simulator.catapult.errors import message_rate_limit, rate_limit_reached

MESSAGE_WINDOW_SECONDS = 10
QUEUE_SECONDS = 900
"""Bandwidth queues fifteen minutes of an account's rate (page on rate limits)."""


class Limits(BaseModel):
    """Rate limits. An omitted field means no limit. `burst` is the size of the imports bucket.

    `messages_per_second` is the average over ten seconds. `requests_per_second` applies to each resource,
    except imports, which have their own limit, and reads of numbers. `v2_messages_per_second` has a bucket
    of one second and no queue. `v2_segments_per_second` is the rate of the account. Segments above it wait in
    a queue that holds 15 minutes of the rate.
    """

    model_config = ConfigDict(extra="forbid")
    imports_per_minute: PositiveFloat | None = None
    burst: PositiveInt = 800
    messages_per_second: PositiveFloat | None = None
    requests_per_second: PositiveFloat | None = None
    v2_messages_per_second: PositiveFloat | None = None
    v2_segments_per_second: PositiveFloat | None = None


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


class SegmentQueue:
    """The account's queue: segments leave in the order of their acceptance, at a steady rate."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._empty_at = time.monotonic()
        self.longest = 0
        """The most segments that waited at a time."""

    def add(self, segments: int) -> float | None:
        """Return the seconds until a message with these segments leaves. Return None if the queue is full."""
        now = time.monotonic()
        starts = max(self._empty_at, now)
        empty_at = starts + segments / self._per_second
        if empty_at - now > QUEUE_SECONDS:
            return None
        self._empty_at = empty_at
        self.longest = max(self.longest, round((starts - now) * self._per_second))
        return starts - now


@dataclass
class SendCounts:
    """Requests to send a V2 message since the limits were set, and those of them that got a 429.

    `longest_queue` is the most segments that waited in the account's queue at a time.
    """

    requests: int = 0
    rejected: int = 0
    longest_queue: int = 0


class RateLimits:
    def __init__(self, limits: Limits) -> None:
        self._usual = limits
        self._lock = threading.Lock()
        self.set(limits)

    @property
    def limits(self) -> Limits:
        return self._limits

    def set(self, limits: Limits) -> None:
        """Replace the limits, fill every bucket, empty the queue and start counting anew."""
        with self._lock:
            self._limits = limits
            imports = limits.imports_per_minute
            self._imports = Bucket(imports / 60, limits.burst) if imports else None
            self._messages_v1 = _bucket(limits.messages_per_second, MESSAGE_WINDOW_SECONDS)
            self._messages_v2 = _bucket(limits.v2_messages_per_second)
            segments = limits.v2_segments_per_second
            self._queue_v2 = SegmentQueue(segments) if segments else None
            self._counts = SendCounts()
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

    def take_message_v2(self, segments: int) -> float | None:
        """Count one V2 message. Return the seconds that it waits in the account's queue.

        `segments` are those of all its recipients. Return None above a limit.
        """
        with self._lock:
            self._counts.requests += 1
            wait = None if _take(self._messages_v2) else 0.0
            if wait is not None and self._queue_v2:
                wait = self._queue_v2.add(segments)
                self._counts.longest_queue = self._queue_v2.longest
            if wait is None:
                self._counts.rejected += 1
            return wait

    def send_counts(self) -> SendCounts:
        """Return the counts of V2 messages since the limits were set."""
        with self._lock:
            return replace(self._counts)


def _bucket(per_second: float | None, seconds: float = 1) -> Bucket | None:
    """Return a bucket for this many seconds, at least one token; None without a limit."""
    return Bucket(per_second, max(1, per_second * seconds)) if per_second else None


def _take(bucket: Bucket | None) -> float:
    return bucket.take() if bucket else 0.0


def _reject(wait: float) -> None:
    if wait:
        raise rate_limit_reached(math.ceil((time.time() + wait) * 1000))
