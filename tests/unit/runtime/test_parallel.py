"""Many small writes at once."""

import threading
import time

import pytest

from bandwidth_messaging.runtime.parallel import for_each


def test_everything_is_written_once() -> None:
    written: list[int] = []
    for_each(range(1000), written.append)
    assert sorted(written) == list(range(1000))


def test_nothing_is_nothing_to_do() -> None:
    for_each([], pytest.fail)


def test_several_are_written_at_a_time() -> None:
    together = threading.Barrier(16)
    for_each(range(16), lambda _: together.wait(timeout=10))


def test_the_first_error_is_raised_once_all_have_been_tried() -> None:
    tried: list[int] = []

    def write(each: int) -> None:
        tried.append(each)
        time.sleep(0.001)
        if each in {3, 50}:
            raise ValueError(each)

    with pytest.raises(ValueError, match=r"^3$"):
        for_each(range(200), write)
    assert sorted(tried) == list(range(200))
