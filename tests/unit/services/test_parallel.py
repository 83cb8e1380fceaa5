"""Many small writes at once."""

import threading
import time

import pytest

from bandwidth_messaging.services import parallel
from bandwidth_messaging.services.parallel import deadline_in, for_each
from tests.clock import Clock


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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(parallel, "monotonic", clock)
    return clock


def test_everything_that_ends_before_the_deadline_is_in_time(clock: Clock) -> None:
    assert for_each(range(100), lambda _: clock.advance(0.01), deadline=deadline_in(7)) is True


def test_at_the_deadline_no_write_is_started_any_more(clock: Clock) -> None:
    written: list[int] = []

    def write(one: int) -> None:
        written.append(one)
        clock.advance(0.1)

    assert for_each(range(1000), write, deadline=deadline_in(7)) is False
    # Each of the sixteen writers may have one under way.
    assert 70 <= len(written) < 70 + 16


def test_a_write_that_hangs_is_not_waited_for_beyond_the_deadline(clock: Clock) -> None:
    released = threading.Event()

    def hang(_: int) -> None:
        clock.advance(10)
        released.wait(timeout=10)

    try:
        assert for_each([1], hang, deadline=deadline_in(7)) is False
    finally:
        released.set()


def test_an_error_of_something_that_was_not_finished_in_time_is_not_raised(clock: Clock) -> None:
    def fail(_: int) -> None:
        clock.advance(1)
        raise ValueError

    assert for_each(range(1000), fail, deadline=deadline_in(7)) is False
