"""Calls run several at a time, until a deadline."""

import threading
import time

import pytest

from bandwidth_messaging.services import parallel
from bandwidth_messaging.services.parallel import deadline_in, for_each
from tests.clock import Clock


def test_each_item_is_passed_to_one_call() -> None:
    written: list[int] = []
    for_each(range(1000), written.append)
    assert sorted(written) == list(range(1000))


def test_no_items_make_no_call() -> None:
    for_each([], pytest.fail)


def test_sixteen_calls_run_at_a_time() -> None:
    together = threading.Barrier(16)
    for_each(range(16), lambda _: together.wait(timeout=10))


def test_the_error_of_the_first_failed_item_is_raised_after_all_calls() -> None:
    tried: list[int] = []

    def write(each: int) -> None:
        tried.append(each)
        time.sleep(0.001)
        if each in {3, 50}:
            raise ValueError(each)

    with pytest.raises(ValueError, match=r"^3$"):
        for_each(range(200), write)

    assert sorted(tried) == list(range(200))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(parallel, "monotonic", clock)
    return clock


def test_calls_that_end_before_the_deadline_return_true(clock: Clock) -> None:
    assert for_each(range(100), lambda _: clock.advance(0.01), deadline=deadline_in(7)) is True


def test_no_call_starts_after_the_deadline(clock: Clock) -> None:
    written: list[int] = []

    def write(item: int) -> None:
        written.append(item)
        clock.advance(0.1)

    assert for_each(range(1000), write, deadline=deadline_in(7)) is False
    # Each of the sixteen threads may have one call in progress.
    assert 70 <= len(written) < 70 + 16


def test_a_hanging_call_is_not_awaited_beyond_the_deadline(clock: Clock) -> None:
    released = threading.Event()

    def hang(_: int) -> None:
        clock.advance(10)
        released.wait(timeout=10)

    try:
        assert for_each([1], hang, deadline=deadline_in(7)) is False
    finally:
        released.set()


def test_no_error_is_raised_after_the_deadline(clock: Clock) -> None:
    def fail(_: int) -> None:
        clock.advance(1)
        raise ValueError

    assert for_each(range(1000), fail, deadline=deadline_in(7)) is False
