"""Waits for an order, computed from the state machines: their polls, transitions, events and ends."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import jsonata
import pytest

from bandwidth_messaging.domain.setups import MAX_DEADLINE_HOURS
from tests.contracts.machine_definitions import transitions
from tests.contracts.project import machine

# Step Functions limits the events of an execution. Each state adds some, by its type.
MAX_EVENTS = 25_000
EVENTS = {"Wait": 2, "Task": 5, "Choice": 2}
# A task that waits for its token has one event more, TaskSubmitted.
TOKEN_EVENTS = 6
# Events of the states outside the loop: some tasks with all their retries, and a map of fifty batches.
EVENTS_OUTSIDE_LOOP = 5_000
DOLLARS_PER_TRANSITION = 0.000025
# The states of each loop: the wait, the poll, and the choice that ends the loop. Its name begins with that of
# the machine.
LOOPS = {
    "messaging_v2": ("Wait For Order", "Check Order Status", "Order Ended"),
    "messaging_v2 options": ("Wait For Options", "Set Number Options", "Options Ended"),
    "hosted_messaging": ("Wait For Status", "Get Status", "Order Ended"),
    "release_numbers": ("Wait For Disconnect", "Check Disconnect", "Disconnect Ended"),
}
HOUR, DAY = 3600, 86_400
NOTIFICATIONS = {"Wait For Notification", "Wait For Options Notification"}
every_loop = pytest.mark.parametrize("name", LOOPS)
every_machine = pytest.mark.parametrize("name", [name for name in LOOPS if " " not in name])


@dataclass
class Waited:
    """The result of a wait: the times of its polls (seconds), transitions, events, and the state after it."""

    polls: list[float]
    transitions: int
    events: int
    after: str


@dataclass
class Variables:
    """The variables of an execution, and its clock in seconds since the start."""

    values: dict[str, Any]
    clock: float = 0

    def evaluate(self, expression: Any) -> Any:
        """Return the value of an expression, or a value that is none as it is."""
        if not isinstance(expression, str) or not expression.startswith("{%"):
            return expression
        evaluator = parse(expression)
        frame = evaluator.create_frame()
        times = {"clock": self.clock * 1000, "started": format_time(0)}
        for variable, value in (self.values | times).items():
            frame.bind(variable, value)
        return evaluator.evaluate(None, frame)

    def assign(self, assignments: dict[str, Any]) -> None:
        """Assign the values of expressions, also those of the fields of objects."""
        self.values |= {
            variable: {part: self.evaluate(inner) for part, inner in value.items()}
            if isinstance(value, dict)
            else self.evaluate(value)
            for variable, value in assignments.items()
        }


def wait(
    name: str,
    status: Callable[[float], str],
    *,
    hours: float,
    notifications: bool = False,
    close: bool = False,
) -> Waited:
    """Run the loop of a machine from its first wait until it ends. Only waits take time."""
    states, (first_wait, poll, ended) = machine(name.partition(" ")[0])["States"], LOOPS[name]
    variables = start_variables(hours, notifications=notifications, close=close)
    waited = Waited([], 0, 0, first_wait)
    while waited.after in {first_wait, poll, ended, *NOTIFICATIONS}:
        state = states[waited.after]
        waited.transitions += 1
        if waited.after == poll:
            waited.polls.append(variables.clock)
            waited.events += EVENTS["Task"]
            polled = "options" if name.endswith("options") else "order"
            variables.values[polled] = {"state": "pending", "status": status(variables.clock)}
            waited.after = state["Next"]
        elif state["Type"] == "Choice":
            waited.events += EVENTS["Choice"]
            met = (rule for rule in state["Choices"] if variables.evaluate(rule["Condition"]))
            choice = next(met, {"Next": state["Default"], "Assign": state.get("Assign", {})})
            variables.assign(choice.get("Assign", {}))
            waited.after = choice["Next"]
        else:
            seconds = variables.evaluate(state.get("Seconds") or state["TimeoutSeconds"])
            assert seconds >= 1
            variables.clock += seconds
            # A wait for a notification times out. Its catcher assigns and continues as the state does.
            variables.assign(state["Assign"])
            waited.events += EVENTS["Wait"] if state["Type"] == "Wait" else TOKEN_EVENTS
            waited.after = state["Next"]
    return waited


def start_variables(hours: float, *, notifications: bool, close: bool) -> Variables:
    """Return the variables before the first wait."""
    setup = {
        "customerOrderId": "demo",
        "deadlineHours": hours,
        "deadline": format_time(hours * HOUR),
        "orderNotifications": notifications,
        "action": "IMPORT",
    }
    return Variables(
        {
            "setup": setup,
            "release": setup,
            "deadline": setup["deadline"],
            "close": close,
            "wait": 2,
            "orderId": "order-1",
            "order": {"state": "pending", "status": "not checked"},
            "letter": {"sent": True},
        }
    )


@cache
def parse(expression: str) -> jsonata.Jsonata:
    """Parse an expression so that it reads the time from the variables `clock` and `started`."""
    code = expression[2:-2].replace("$millis()", "$clock")
    return jsonata.Jsonata(code.replace("$states.context.Execution.StartTime", "$started"))


def format_time(seconds: float) -> str:
    """Return a time as Step Functions writes it, from seconds since the start of the execution."""
    evaluator = jsonata.Jsonata(f"$fromMillis({seconds * 1000})")
    return str(evaluator.evaluate(None))


def backordered(_: float) -> str:
    return "BACKORDERED"


def received(_: float) -> str:
    return "RECEIVED"


@every_loop
@pytest.mark.parametrize("status", [backordered, received])
@pytest.mark.parametrize("notifications", [False, True])
def test_the_longest_wait_stays_within_the_event_limit_and_ends_at_its_deadline(
    name: str, status: Callable[[float], str], notifications: bool
) -> None:
    waited = wait(name, status, hours=MAX_DEADLINE_HOURS, notifications=notifications)
    assert waited.after in {"Record Failure", "Record Release", "Campaign Ready"}
    assert waited.events + EVENTS_OUTSIDE_LOOP < MAX_EVENTS
    assert 0 < waited.polls[-1] - MAX_DEADLINE_HOURS * HOUR <= 60


def test_a_backorder_costs_less_than_ten_cents(record_property: Callable[[str, object], None]) -> None:
    waited = wait("messaging_v2", backordered, hours=MAX_DEADLINE_HOURS)
    last_day = [poll for poll in waited.polls if poll > (MAX_DEADLINE_HOURS - 24) * HOUR]
    dollars = waited.transitions * DOLLARS_PER_TRANSITION

    # One poll an hour, one at the start of the day and one at the deadline.
    assert len(last_day) <= 26
    assert dollars < 0.10
    record_property(
        f"a backorder of {MAX_DEADLINE_HOURS // 24} days",
        f"{len(waited.polls)} polls, {waited.transitions} transitions (${dollars:.3f})",
    )


@every_loop
def test_a_slow_order_is_polled_every_five_minutes_on_the_first_day(name: str) -> None:
    polls = wait(name, received, hours=48).polls

    assert polls[:4] == [2, 6, 14, 30]
    gaps = {at: later - at for at, later in pairwise(polls)}
    assert {gap for at, gap in gaps.items() if HOUR < at < DAY} == {300}
    assert max(gap for at, gap in gaps.items() if at > DAY + HOUR) == HOUR


@every_loop
def test_notifications_reduce_polls_by_seven_eighths(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    without = wait(name, received, hours=24)

    notified = wait(name, received, hours=24, notifications=True)

    assert len(notified.polls) < len(without.polls) / 8
    # Each wait for a notification also invokes a function.
    calls = 2 * len(notified.polls)
    assert calls < len(without.polls) / 4
    record_property(
        f"{name}, an order of 24 hours",
        f"{len(without.polls)} polls, with notifications {len(notified.polls)}",
    )


def test_a_backorder_is_closed_at_its_deadline_if_requested() -> None:
    waited = wait("messaging_v2", backordered, hours=1, close=True)
    assert waited.after == "Close Order"
    assert wait("messaging_v2", backordered, hours=1).after == "Record Failure"
    assert wait("messaging_v2", received, hours=1, close=True).after == "Record Failure"


def list_transitions(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each transition of a machine: the state, the next state, and the assigned variables."""
    for title, state in machine(name)["States"].items():
        for transition in transitions(state):
            if following := transition.get("Next") or transition.get("Default"):
                yield title, following, transition.get("Assign", {})


def states_after(name: str, title: str) -> set[str]:
    """Return every state that can follow a state, directly or not."""
    reached: set[str] = set()
    new = {title}
    while new:
        new = {following for before, following, _ in list_transitions(name) if before in new} - reached
        reached |= new
    return reached


def waits_before(name: str, title: str, seen: frozenset[str]) -> Iterator[Any]:
    """Yield the last value of `wait` on each path to a state that contains no state of `seen`."""
    for before, following, assigned in list_transitions(name):
        if following == title and before not in seen:
            if "wait" in assigned:
                yield assigned["wait"]
            else:
                yield from waits_before(name, before, seen | {before})


@every_machine
def test_every_loop_of_waits_starts_with_two_seconds(name: str) -> None:
    states = machine(name)["States"]

    growing = [title for title, state in states.items() if "$wait" in str(state.get("Seconds"))]

    assert growing
    for first in growing:
        loop = frozenset(title for title in states_after(name, first) if first in states_after(name, title))
        assert {wait for title in loop for wait in waits_before(name, title, loop)} == {2}, first


def test_a_deadline_between_two_conditions_does_not_fail_a_backorder_that_is_to_be_closed() -> None:
    # Each condition reads the clock. The first one read it before the deadline.
    choices = machine("messaging_v2")["States"]["Order Ended"]["Choices"]
    (fails,) = [rule["Condition"] for rule in choices if "$deadline" in str(rule) and "failure" in str(rule)]
    values = {"deadline": format_time(0), "close": True, "order": {"status": "BACKORDERED"}}

    assert Variables(values, clock=HOUR).evaluate(fails) is False
