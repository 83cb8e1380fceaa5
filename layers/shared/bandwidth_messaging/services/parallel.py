"""Runs one call per item, several at a time, until a deadline."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from math import inf
from time import monotonic
from typing import Any, Final

# The shared DynamoDB client keeps this many connections.
_THREADS: Final = 16
# A wait with a deadline checks the clock at this interval.
_POLL_SECONDS: Final = 0.1


def deadline_in(seconds: float) -> float:
    """Return the monotonic clock's time in this many seconds."""
    return monotonic() + seconds


def is_past(deadline: float) -> bool:
    """Return whether the monotonic clock has reached a deadline."""
    return monotonic() >= deadline


def for_each[T](items: Iterable[T], call: Callable[[T], Any], *, deadline: float = inf) -> bool:
    """Call `call` with each item, several at a time; return whether all calls ended before the deadline.

    After the deadline no call starts, and running calls continue in the background. An error does not stop
    the other calls: once all have ended, the error of the first failed item is raised.
    """
    waiting = deque(enumerate(items))
    total = len(waiting)
    ended: list[None] = []
    errors: dict[int, BaseException] = {}

    def work() -> None:
        while not is_past(deadline):
            try:
                position, item = waiting.popleft()
            except IndexError:
                return
            try:
                call(item)
            except BaseException as error:  # raised below, after all calls
                errors[position] = error
            ended.append(None)

    threads = ThreadPoolExecutor(_THREADS)
    running = {threads.submit(work) for _ in range(min(_THREADS, total))}
    while running and not is_past(deadline):
        _, running = wait(running, timeout=None if deadline == inf else _POLL_SECONDS)
    threads.shutdown(wait=False)
    if len(ended) < total:
        return False
    if errors:
        raise errors[min(errors)]
    return True
