"""Delays between attempts."""

import random


def compute_delay(attempts: int, *, longest: int) -> int:
    """Return a delay in seconds that doubles with each attempt, of at most `longest` seconds.

    Jitter spreads the retries of several messages.
    """
    seconds: int = min(2 ** min(attempts, 20), longest)
    return max(1, round(seconds * random.uniform(0.5, 1)))  # noqa: S311 - not a secret
