"""No text is sent twice, after a STOP or lost, for any events between acceptance and receipt.

Every call of AWS or Bandwidth can be done, fail, lose its response, take effect late, or kill its process, in
any order (sending_world.py). The first test tries histories at random, the other known hard ones.
SENDING_HISTORIES=2000 in the environment makes it a long run.
"""

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from bandwidth_messaging.runtime import stores
from tests.aws import aws
from tests.functions.conftest import clear_caches
from tests.functions.messages.sending_model import RECIPIENTS, Sending, install
from tests.functions.messages.sending_world import Process, create_tables

# Without a limit, and so slow that messages wait for their slots, and for each other.
RATES = ("0", "0.1")
# With each rate.
HISTORIES = int(os.environ.get("SENDING_HISTORIES", "40"))


@pytest.fixture(autouse=True, scope="module")
def _aws() -> Iterator[None]:
    with aws():
        create_tables()
        yield


@pytest.fixture(autouse=True, params=RATES)
def _functions(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    install(monkeypatch, ACCOUNT_RATE=request.param)
    clear_caches()
    yield
    clear_caches()


def test_no_message_is_sent_twice_or_after_a_stop_or_lost() -> None:
    run_state_machine_as_test(
        Sending,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


# Histories


def run_until(process: Process, call: str) -> Process:
    """Run a process until it makes a call."""
    while process.alive and process.call != call:
        process.resume("done")
    assert process.call == call
    return process


def accept(model: Sending, key: str = "key-1") -> None:
    model.world.finish(model.start_request(key))


def worker(model: Sending, call: str) -> Process:
    """Start a worker with the first record, and run it until it makes a call."""
    process = model.start_worker(model.world.records[0])
    assert process is not None
    return run_until(process, call)


def stop_while_the_message_waits(model: Sending) -> None:
    accept(model)
    model.receive_keyword(RECIPIENTS[0], opted_out=True)


def stop_after_a_throttle(model: Sending) -> None:
    accept(model)
    worker(model, "post").resume("429")
    model.receive_keyword(RECIPIENTS[0], opted_out=True)


def stop_before_a_retry_with_the_same_key(model: Sending) -> None:
    accept(model)
    model.receive_keyword(RECIPIENTS[0], opted_out=True)
    accept(model)


def stop_during_the_preflight(model: Sending) -> None:
    model.demand_preflight()
    accept(model)
    waiting_worker = worker(model, "preflight")
    model.receive_keyword(RECIPIENTS[0], opted_out=True)
    model.world.finish(waiting_worker)


def release_while_the_message_waits(model: Sending) -> None:
    accept(model)
    model.release_or_activate()


def death_before_the_message_is_stored(model: Sending) -> None:
    run_until(model.start_request("key-1"), "put_item").resume("dies before")


def a_worker_before_the_message_is_stored(model: Sending) -> None:
    first = run_until(model.start_request("key-1"), "put_item")
    model.world.finish(worker(model, "get_item"))
    model.world.finish(first)


def death_before_the_message_is_queued(model: Sending) -> None:
    run_until(model.start_request("key-1"), "send_message").resume("dies before")


def queue_timeout_after_the_retry(model: Sending) -> None:
    first = run_until(model.start_request("key-1"), "send_message")
    accept(model)
    first.resume("lost")


def retry_five_hours_after_the_queue_failed(model: Sending) -> None:
    first = run_until(model.start_request("key-1"), "send_message")
    first.resume("lost")
    model.world.finish(first)
    model.wait(5 * 3600)
    accept(model)


def retry_long_after_a_first_request_died(model: Sending) -> None:
    run_until(model.start_request("key-1"), "put_item").resume("dies before")
    model.world.finish(worker(model, "get_item"))
    model.wait(50)
    accept(model)


def a_token_that_is_not_a_header_value(model: Sending) -> None:
    accept(model)
    worker(model, "token").resume("broken")


def a_slow_preflight(model: Sending) -> None:
    model.demand_preflight()
    accept(model)
    worker(model, "preflight")
    model.wait(61)


def a_claim_without_a_response(model: Sending) -> None:
    accept(model)
    worker(model, "update_item").resume("unanswered")


def a_late_claim(model: Sending) -> None:
    accept(model)
    worker(model, "update_item").resume("late")


def a_late_claim_and_another_without_effect(model: Sending) -> None:
    accept(model)
    for outcome in ("late", "lost"):
        claiming = worker(model, "update_item")
        claiming.resume(outcome)
        model.world.finish(claiming)


def a_claim_that_is_repeated(model: Sending) -> None:
    accept(model)
    worker(model, "update_item").resume("repeated")


def two_workers_that_claim(model: Sending) -> None:
    accept(model)
    for each in [worker(model, "update_item"), worker(model, "update_item")]:
        model.world.finish(each)


def a_stop_that_a_late_worker_sees(model: Sending) -> None:
    accept(model)
    first = worker(model, "update_item")
    model.receive_keyword(RECIPIENTS[0], opted_out=True)
    second = worker(model, "update_item")
    for each in (first, second):
        model.world.finish(each)


def cancel(model: Sending) -> None:
    model.cancel(0)
    assert model.world.canceled == set(model.world.messages)


def canceled_before_a_late_claim(model: Sending) -> None:
    accept(model)
    worker(model, "update_item").resume("late")
    cancel(model)


def canceled_before_the_claim(model: Sending) -> None:
    accept(model)
    late_worker = worker(model, "update_item")
    cancel(model)
    model.world.finish(late_worker)


def canceled_after_a_throttle(model: Sending) -> None:
    accept(model)
    throttled = worker(model, "post")
    throttled.resume("429")
    model.world.finish(throttled)
    cancel(model)


def a_worker_before_the_time_of_the_message(model: Sending) -> None:
    model.world.finish(model.start_request("key-1", minutes=10))
    model.world.finish(model.start_worker(model.world.records[0]) or pytest.fail("dead letter"))
    assert not model.world.sent


def a_request_without_a_response(model: Sending) -> None:
    accept(model)
    worker(model, "post").resume("unanswered")


@pytest.mark.parametrize(
    "history",
    [
        stop_while_the_message_waits,
        stop_after_a_throttle,
        stop_before_a_retry_with_the_same_key,
        stop_during_the_preflight,
        release_while_the_message_waits,
        death_before_the_message_is_stored,
        a_worker_before_the_message_is_stored,
        death_before_the_message_is_queued,
        queue_timeout_after_the_retry,
        retry_five_hours_after_the_queue_failed,
        retry_long_after_a_first_request_died,
        a_token_that_is_not_a_header_value,
        a_slow_preflight,
        a_claim_without_a_response,
        a_late_claim,
        a_late_claim_and_another_without_effect,
        a_claim_that_is_repeated,
        two_workers_that_claim,
        a_stop_that_a_late_worker_sees,
        canceled_before_a_late_claim,
        canceled_before_the_claim,
        canceled_after_a_throttle,
        a_worker_before_the_time_of_the_message,
        a_request_without_a_response,
    ],
)
def test_a_known_hard_history_keeps_the_invariants(history: Callable[[Sending], None]) -> None:
    model = Sending()

    history(model)

    model.check()
    model.teardown()


@pytest.mark.parametrize("outcome", ["dies before", "dies after"])
@pytest.mark.parametrize("calls", range(8))
@pytest.mark.parametrize("kind", ["request", "worker"])
def test_a_death_at_any_call_leaks_at_most_one_slot(kind: str, calls: int, outcome: str) -> None:
    model = Sending()
    # The second message waits for its slot.
    accept(model, "key-0")
    if kind == "request":
        process: Process | None = model.start_request("key-1")
    else:
        accept(model)
        process = model.start_worker(model.world.records[-1])
    assert process is not None

    for _ in range(calls):
        if process.alive:
            process.resume("done")
    if process.alive:
        process.resume(outcome)
    # The caller repeats a request without a response.
    accept(model)
    model.teardown()

    lane = stores.lanes().get("account")
    # The model delivers each record a millisecond after its delay, so that no other message is late.
    used = len(model.world.sent) if lane else 0

    issued = sum(value for name, value in lane.items() if name.endswith("Issued"))

    assert used <= issued <= used + 1
