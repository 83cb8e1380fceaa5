"""Delays between attempts."""

import pytest

from bandwidth_messaging.domain.retries import compute_delay


@pytest.mark.parametrize(("attempts", "longest"), [(1, 2), (2, 4), (5, 32), (20, 900), (49, 900)])
def test_delays_double_with_jitter_up_to_the_longest(attempts: int, longest: int) -> None:
    delays = {compute_delay(attempts, longest=900) for _ in range(200)}
    assert longest / 2 <= min(delays) <= max(delays) <= longest
    assert len(delays) > 1
