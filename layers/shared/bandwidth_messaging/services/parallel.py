"""Many small writes at once."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from math import inf
from time import monotonic
from typing import Any, Final

# As many as the shared DynamoDB client keeps connections for.
_WRITERS: Final = 16
# How often a wait with a deadline reads the clock.
_TICK_SECONDS: Final = 0.1


def deadline_in(seconds: float) -> float:
    """Return the time of the monotonic clock in so many seconds."""
    return monotonic() + seconds


def is_past(deadline: float) -> bool:
    """Return whether the monotonic clock has reached a deadline."""
    return monotonic() >= deadline


def for_each[Each](each: Iterable[Each], write: Callable[[Each], Any], *, deadline: float = inf) -> bool:
    """Call `write` with each, several at a time; return whether all calls ended before the deadline.

    At the deadline no call is started any more, and those that run are left to themselves. If all ended,
    the first error is raised once all have been tried.
    """
    waiting = deque(enumerate(each))
    total = len(waiting)
    ended: list[None] = []
    errors: dict[int, BaseException] = {}

    def work() -> None:
        while not is_past(deadline):
            try:
                position, one = waiting.popleft()
            except IndexError:
                return
            try:
                write(one)
            except BaseException as error:  # raised below, once all have been tried
                errors[position] = error
            ended.append(None)

    writers = ThreadPoolExecutor(_WRITERS)
    running = {writers.submit(work) for _ in range(min(_WRITERS, total))}
    while running and not is_past(deadline):
        _, running = wait(running, timeout=None if deadline == inf else _TICK_SECONDS)
    writers.shutdown(wait=False)
    if len(ended) < total:
        return False
    if errors:
        raise errors[min(errors)]
    return True
