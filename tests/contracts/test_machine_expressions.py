"""JSONata expressions of the state machines: they parse, and their variables exist."""

import re
from collections.abc import Iterator
from typing import Any

import jsonata

from tests.contracts.machine_definitions import (
    EXPRESSION,
    every_machine,
    expressions,
    inner_machines,
    own_parts,
    result_fields,
    states,
    transitions,
)
from tests.contracts.project import machine


@every_machine
def test_every_expression_parses(name: str) -> None:
    all_expressions = list(expressions(machine(name)))
    assert all_expressions
    for expression in all_expressions:
        jsonata.Jsonata(expression)


@every_machine
def test_text_with_a_delimiter_or_a_variable_is_an_expression(name: str) -> None:
    """Step Functions treats an expression with a missing delimiter as plain text."""

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from texts(inner)
        elif isinstance(value, str):
            yield value

    incomplete = [
        text
        for text in texts(machine(name))
        if re.search(r"\{%|%\}", text) and not EXPRESSION.fullmatch(text)
    ]
    assert incomplete == []
    assert [
        text for text in texts(machine(name)) if re.search(r"\$states|\$\w+\.", text) and "{%" not in text
    ] == []


def assigned_variables(name: str) -> dict[str, set[str] | None]:
    """Return every variable of a machine with its possible fields, or None if they are not known."""
    known: dict[str, set[str] | None] = {}
    for title, state in states(name).items():
        for transition in transitions(state):
            for variable, value in transition.get("Assign", {}).items():
                value_fields: set[str] | None = None
                if isinstance(value, dict):
                    value_fields = set(value)
                elif value == "{% $states.result.Payload %}":
                    value_fields = result_fields(name, title)
                before = known.get(variable, set())
                known[variable] = None if value_fields is None or before is None else before | value_fields
    return known


def variables(expression: str) -> set[str]:
    """Return the variables that an expression reads."""
    code = re.sub(r"'[^']*'", "", expression)
    return {match[1] for match in re.finditer(r"\$([A-Za-z]\w*)\b(?!\s*\()", code)} - {"states"}


@every_machine
def test_a_variable_is_read_in_the_machine_that_assigns_it_or_inside_that(name: str) -> None:
    def check(graph: dict[str, Any], outer: set[str]) -> None:
        graph_states = [own_parts(state) for state in graph["States"].values()]
        own = {
            variable
            for state in graph_states
            for transition in transitions(state)
            for variable in transition.get("Assign", {})
        }
        # An inner machine reads the variables of outer machines and cannot assign them.
        assert not own & outer
        for expression in expressions(graph_states):
            assert variables(expression) <= own | outer, expression
        for state in graph["States"].values():
            for inner in inner_machines(state):
                check(inner, own | outer)

    check(machine(name), set())


@every_machine
def test_every_field_read_from_a_variable_is_one_that_is_assigned(name: str) -> None:
    for expression in expressions(machine(name)):
        for variable, field in re.findall(r"\$([A-Za-z]\w*)\.(\w+)", expression):
            known = assigned_variables(name).get(variable)
            assert variable == "states" or known is None or field in known, expression
