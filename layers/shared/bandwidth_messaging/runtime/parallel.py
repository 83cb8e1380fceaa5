"""Many small writes at once."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# As many as the shared DynamoDB client keeps connections for.
_WRITERS = 16


def for_each[Each](each: Iterable[Each], write: Callable[[Each], Any]) -> None:
    """Call `write` with each, several at a time; raise the first error once all have been tried."""
    with ThreadPoolExecutor(_WRITERS) as writers:
        # Not map(), which gives up on the rest at the first error.
        written = [writers.submit(write, one) for one in each]
    for future in written:
        future.result()
