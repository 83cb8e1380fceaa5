"""Reads states, expressions and functions from the definitions of the state machines."""

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints
from unittest.mock import MagicMock

import pytest

from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.settings import Settings, settings
from tests.contracts.project import FUNCTIONS, MACHINES, Function, machine, pascal
from tests.template import ROOT, aliased, resources

EXPRESSION = re.compile(r"\{%(.*)%\}", re.DOTALL)
every_machine = pytest.mark.parametrize("name", MACHINES)


def list_graphs(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a machine and the machines inside its maps and branches."""
    yield definition
    for state in definition["States"].values():
        for inner in inner_machines(state):
            yield from list_graphs(inner)


def inner_machines(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the machines inside a state: one in a map, several in a parallel state, none in others."""
    return [*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])]


def own_parts(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state without the machines inside it."""
    return {part: value for part, value in state.items() if part not in {"Branches", "ItemProcessor"}}


def states(name: str) -> dict[str, dict[str, Any]]:
    """Return every state of a machine, also those inside maps."""
    return {title: state for graph in list_graphs(machine(name)) for title, state in graph["States"].items()}


def tasks(name: str) -> dict[str, dict[str, Any]]:
    """Return the states that run a function of the project."""
    return {title: state for title, state in states(name).items() if is_step(state)}


def is_step(state: dict[str, Any]) -> bool:
    """Return whether a state runs a function of the project."""
    return state["Type"] == "Task" and not runs_a_machine(state)


def runs_a_machine(state: dict[str, Any]) -> bool:
    """Return whether a state runs another machine of the project and waits for its end."""
    return bool(state.get("Resource") == "arn:${Partition}:states:::states:startExecution.sync:2")


def next_states(state: dict[str, Any]) -> set[str]:
    """Return the states that can follow a state."""
    named = {transition["Next"] for transition in transitions(state) if "Next" in transition}
    return named | ({state["Default"]} if "Default" in state else set())


def transitions(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a state that can have Next and Assign: itself, its choices and its catchers."""
    return [state, *state.get("Choices", ()), *state.get("Catch", ())]


def expressions(value: Any) -> Iterator[str]:
    """Yield every JSONata expression in a part of a machine."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)
    elif isinstance(value, str) and (match := EXPRESSION.fullmatch(value)):
        yield match[1]


def substitutions(name: str) -> dict[str, str]:
    """Return the logical id that each ${Name} of a machine stands for, without ${Partition}."""
    deployed = resources("AWS::Serverless::StateMachine")[pascal(name)]["DefinitionSubstitutions"]
    return {
        placeholder: aliased(value) for placeholder, value in deployed.items() if placeholder != "Partition"
    }


def invoked_function(name: str, state: dict[str, Any]) -> Function:
    """Return the function that a task invokes."""
    logical_id = substitutions(name)[state["Arguments"]["FunctionName"].strip("${}")]
    (function,) = [each for each in FUNCTIONS if each.logical_id == logical_id]
    return function


every_task = pytest.mark.parametrize(
    ("name", "title"),
    [(name, title) for name in MACHINES for title in tasks(name)],
    ids=lambda part: str(part).replace(" ", "-"),
)


def reached_from(graph: dict[str, Any], start: set[str]) -> set[str]:
    """Return the states that some states of a graph lead to, including these states."""
    reached, pending = set(), start
    while pending:
        title = pending.pop()
        assert title in graph["States"], f"{title} is not a state"
        reached.add(title)
        pending |= next_states(graph["States"][title]) - reached
    return reached


def aliases(model: Any) -> set[str]:
    """Return the names that the fields of a model have in JSON."""
    return {str(field.alias) for field in model.model_fields.values()}


@cache
def result_fields(name: str, title: str) -> set[str]:
    """Return the fields of the result of a task's function.

    They are those of the result's model. A function without one is called with its sample event.
    """
    state = tasks(name)[title]
    function = invoked_function(name, state)
    handler = function.load().handler
    if hasattr(handler, "__wrapped__"):
        return aliases(get_type_hints(handler.__wrapped__)["return"])
    event = json.loads(function.sample_event.read_text())
    event |= {
        field: value for field, value in state["Arguments"]["Payload"].items() if not EXPRESSION.match(value)
    }
    if "input" in event:
        event["input"] = json.loads((ROOT / "events" / "executions" / f"{name}.json").read_text())
    with pytest.MonkeyPatch.context() as patch:
        orders = MagicMock()
        orders.open.return_value = None
        patch.setattr(stores, "orders", lambda: orders)
        for field in fields(Settings):
            patch.setenv(field.name.upper(), "1")
        settings.cache_clear()
        try:
            return set(handler(event, None))
        finally:
            settings.cache_clear()


def waits_for_a_token(state: dict[str, Any]) -> bool:
    """Return whether a state waits until a function returns its task token."""
    return bool(state["Resource"] == "arn:${Partition}:states:::lambda:invoke.waitForTaskToken")
