"""Delays between attempts."""

import random


def compute_delay(attempts: int, *, longest: int) -> int:
    """Return a delay in seconds that doubles with each attempt, with jitter that spreads retries.

    `longest` limits the delay.
    """
    seconds: int = min(2 ** min(attempts, 20), longest)
    return max(1, round(seconds * random.uniform(0.5, 1)))  # noqa: S311 - not a secret
