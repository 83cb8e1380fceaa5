"""Waiting for an order, computed from the machines as they are written: what it costs, and that it ends."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import jsonata
import pytest

from bandwidth_messaging.domain.setups import MAX_DEADLINE_HOURS
from tests.contracts.project import machine

# Step Functions' limit of an execution's history, and what of it each type of state writes.
MAX_EVENTS = 25_000
EVENTS = {"Wait": 2, "Task": 5, "Choice": 2}
# A task that waits for its token is submitted, too.
TOKEN_EVENTS = 6
# The states before and after: some tasks, each with all its retries, and a map of fifty batches.
ELSEWHERE = 5_000
DOLLARS_PER_TRANSITION = 0.000025
# Of each: the wait, the question, and what is made of the answer.
LOOPS = {
    "messaging_v2": ("Wait For Order", "Check Order Status", "Order Ended"),
    "hosted_messaging": ("Wait For Status", "Get Status", "Order Ended"),
    "release_numbers": ("Wait For Disconnect", "Check Disconnect", "Disconnect Ended"),
}
HOUR, DAY = 3600, 86_400
every_machine = pytest.mark.parametrize("name", LOOPS)


@dataclass
class Waited:
    """What a wait for an order came to: when it was asked for (seconds), its states, events and end."""

    polls: list[float]
    transitions: int
    events: int
    after: str


def wait(
    name: str,
    status: Callable[[float], str],
    *,
    hours: float,
    notifications: bool = False,
    close: bool = False,
) -> Waited:
    """Run the loop of a machine from its first wait until it is left; time goes on in its waits only."""
    states, (first_wait, poll, ended) = machine(name)["States"], LOOPS[name]
    clock = 0.0
    given = {
        "customerOrderId": "demo",
        "deadlineHours": hours,
        "deadline": moment(hours * HOUR),
        "orderNotifications": notifications,
        "action": "IMPORT",
    }
    known: dict[str, Any] = {
        "setup": given,
        "release": given,
        "deadline": given["deadline"],
        "close": close,
        "wait": 2,
        "orderId": "order-1",
        "order": {"state": "pending", "status": "not checked"},
        "letter": {"sent": True},
    }

    def told(expression: Any) -> Any:
        if not isinstance(expression, str) or not expression.startswith("{%"):
            return expression
        evaluator = parsed(expression)
        frame = evaluator.create_frame()
        for variable, value in (known | {"clock": clock * 1000, "started": moment(0)}).items():
            frame.bind(variable, value)
        return evaluator.evaluate(None, frame)

    def assign(given: dict[str, Any]) -> None:
        values = {
            variable: {part: told(inner) for part, inner in value.items()}
            if isinstance(value, dict)
            else told(value)
            for variable, value in given.items()
        }
        known.update(values)

    waited = Waited([], 0, 0, first_wait)
    while waited.after in {first_wait, poll, "Wait For Notification", ended}:
        state = states[waited.after]
        waited.transitions += 1
        if waited.after == poll:
            waited.polls.append(clock)
            waited.events += EVENTS["Task"]
            known["order"] = {"state": "pending", "status": status(clock)}
            waited.after = state["Next"]
        elif state["Type"] == "Choice":
            waited.events += EVENTS["Choice"]
            way = next((rule for rule in state["Choices"] if told(rule["Condition"])), None)
            assign((way or state).get("Assign", {}))
            waited.after = way["Next"] if way else state["Default"]
        else:
            seconds = told(state.get("Seconds") or state["TimeoutSeconds"])
            assert seconds >= 1
            clock += seconds
            # A wait for a notification that nobody ends: what is caught goes on like what is not.
            assign(state["Assign"])
            waited.events += EVENTS["Wait"] if state["Type"] == "Wait" else TOKEN_EVENTS
            waited.after = state["Next"]
    return waited


@cache
def parsed(expression: str) -> jsonata.Jsonata:
    """Return an expression with the clock of this test in it."""
    code = expression[2:-2].replace("$millis()", "$clock")
    return jsonata.Jsonata(code.replace("$states.context.Execution.StartTime", "$started"))


def moment(seconds: float) -> str:
    """Return a time so many seconds after the clock's beginning."""
    evaluator = jsonata.Jsonata(f"$fromMillis({seconds * 1000})")
    return str(evaluator.evaluate(None))


def backordered(_: float) -> str:
    return "BACKORDERED"


def received(_: float) -> str:
    return "RECEIVED"


@every_machine
@pytest.mark.parametrize("status", [backordered, received])
@pytest.mark.parametrize("notifications", [False, True])
def test_the_longest_wait_fits_the_history_and_ends_at_its_deadline(
    name: str, status: Callable[[float], str], notifications: bool
) -> None:
    waited = wait(name, status, hours=MAX_DEADLINE_HOURS, notifications=notifications)
    assert waited.after in {"Record Failure", "Record Release"}
    assert waited.events + ELSEWHERE < MAX_EVENTS
    assert 0 < waited.polls[-1] - MAX_DEADLINE_HOURS * HOUR <= 60


def test_a_backorder_costs_next_to_nothing(record_property: Callable[[str, object], None]) -> None:
    waited = wait("messaging_v2", backordered, hours=MAX_DEADLINE_HOURS)
    last_day = [poll for poll in waited.polls if poll > (MAX_DEADLINE_HOURS - 24) * HOUR]
    assert len(last_day) <= 24 + len(("the first", "the one at the deadline"))
    dollars = waited.transitions * DOLLARS_PER_TRANSITION
    assert dollars < 0.10
    record_property(
        f"a backorder of {MAX_DEADLINE_HOURS // 24} days",
        f"{len(waited.polls)} polls, {waited.transitions} transitions (${dollars:.3f})",
    )


@every_machine
def test_a_slow_order_is_polled_every_five_minutes_on_the_first_day(name: str) -> None:
    polls = wait(name, received, hours=48).polls
    assert polls[:4] == [2, 6, 14, 30]
    gaps = {at: later - at for at, later in pairwise(polls)}
    assert {gap for at, gap in gaps.items() if HOUR < at < DAY} == {300}
    assert max(gap for at, gap in gaps.items() if at > DAY + HOUR) == HOUR


@pytest.mark.parametrize("name", ["hosted_messaging", "messaging_v2"])
def test_with_notifications_the_net_of_polls_is_wide(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    without = wait(name, received, hours=24)
    hinted = wait(name, received, hours=24, notifications=True)
    assert len(hinted.polls) < len(without.polls) / 8
    # Each wait for a notification is a call of a function, too.
    calls = 2 * len(hinted.polls)
    assert calls < len(without.polls) / 4
    record_property(
        f"{name}, an order of 24 hours", f"{len(without.polls)} polls, with notifications {len(hinted.polls)}"
    )


def test_a_backorder_is_closed_at_its_deadline_if_requested() -> None:
    waited = wait("messaging_v2", backordered, hours=1, close=True)
    assert waited.after == "Close Order"
    assert wait("messaging_v2", backordered, hours=1).after == "Record Failure"
    assert wait("messaging_v2", received, hours=1, close=True).after == "Record Failure"


def ways(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield where each way of a machine comes from, where it goes, and what is assigned on it."""
    for title, state in machine(name)["States"].items():
        for way in (state, *state.get("Choices", ()), *state.get("Catch", ())):
            if following := way.get("Next") or way.get("Default"):
                yield title, following, way.get("Assign", {})


def after(name: str, title: str) -> set[str]:
    """Return every state that may come after one."""
    found: set[str] = set()
    new = {title}
    while new:
        new = {following for before, following, _ in ways(name) if before in new} - found
        found |= new
    return found


def waits_before(name: str, title: str, seen: frozenset[str]) -> Iterator[Any]:
    """Yield what `wait` was last set to on each way to a state that does not come through those seen."""
    for before, into, assigned in ways(name):
        if into == title and before not in seen:
            if "wait" in assigned:
                yield assigned["wait"]
            else:
                yield from waits_before(name, before, seen | {before})


@every_machine
def test_every_loop_of_waits_begins_with_two_seconds(name: str) -> None:
    states = machine(name)["States"]
    growing = [title for title, state in states.items() if "$wait" in str(state.get("Seconds"))]
    assert growing
    for first in growing:
        loop = frozenset(title for title in after(name, first) if first in after(name, title))
        assert {wait for title in loop for wait in waits_before(name, title, loop)} == {2}, first
