"""Graphs of the state machines: every transition has a target, and every state is reached and ends."""

import re
from typing import Any

from tests.contracts.machine_definitions import (
    every_machine,
    expressions,
    inner_machines,
    list_graphs,
    next_states,
    reached_from,
    states,
)
from tests.contracts.project import machine


@every_machine
def test_every_state_of_a_machine_uses_jsonata(name: str) -> None:
    assert machine(name)["QueryLanguage"] == "JSONata"
    assert {state.get("QueryLanguage", "JSONata") for state in states(name).values()} == {"JSONata"}
    paths = {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector"}
    assert [title for title, state in states(name).items() if paths & state.keys()] == []


@every_machine
def test_every_transition_leads_to_a_state_and_every_state_is_reached(name: str) -> None:
    for graph in list_graphs(machine(name)):
        assert reached_from(graph, {graph["StartAt"]}) == set(graph["States"])


@every_machine
def test_no_two_states_of_a_machine_or_its_maps_have_the_same_name(name: str) -> None:
    titles = [title for graph in list_graphs(machine(name)) for title in graph["States"]]
    assert len(titles) == len(set(titles))


@every_machine
def test_every_iteration_of_a_loop_gets_the_input_of_the_first(name: str) -> None:
    for graph in list_graphs(machine(name)):
        for title, state in graph["States"].items():
            inputs = {part: state[part] for part in ("Arguments", "Items") if part in state}
            if not any("$states.input" in expression for expression in expressions(inputs)):
                continue
            after = reached_from(graph, next_states(state))
            loop = [
                each for each in after if title in reached_from(graph, next_states(graph["States"][each]))
            ]
            assert [each for each in loop if not passes_its_input_on(graph["States"][each])] == []


def passes_its_input_on(state: dict[str, Any]) -> bool:
    """Return whether the output of a state is its input."""
    if state["Type"] in {"Choice", "Wait", "Pass"} and "Output" not in state:
        return True
    return bool(state.get("Output") == "{% $states.input %}")


@every_machine
def test_a_loop_in_a_map_gets_the_numbers_of_its_batch(name: str) -> None:
    """Two maps have a loop, so that the rule about iterations applies to something."""
    loops = []

    for title, state in states(name).items():
        for graph in inner_machines(state):
            start = graph["States"][graph["StartAt"]]
            if graph["StartAt"] in reached_from(graph, next_states(start)):
                loops.append(title)
            assert any("$states.input" in expression for expression in expressions(start["Arguments"])), title

    assert loops == (["Release Number", "Import Number"] if name == "hosted_messaging" else [])


@every_machine
def test_a_map_reads_only_fields_that_every_end_of_its_iterations_outputs(name: str) -> None:
    for title, state in states(name).items():
        own = {part: state[part] for part in ("Assign", "Output") if part in state}
        taken = {
            match[1]
            for expression in expressions(own)
            for match in re.finditer(r"\$states\.result\.(\w+)", expression)
        }
        for graph in inner_machines(state):
            ends = [each for each in graph["States"].values() if each.get("End")]
            assert ends
            assert all(isinstance(end["Output"], dict) and taken <= end["Output"].keys() for end in ends), (
                title
            )


@every_machine
def test_every_state_has_a_next_state_or_ends(name: str) -> None:
    for title, state in states(name).items():
        match state["Type"]:
            case "Choice":
                assert "Default" in state, title
            case "Succeed" | "Fail":
                assert not next_states(state), title
            case _:
                assert ("Next" in state) != state.get("End", False), title


@every_machine
def test_a_machine_can_succeed_and_its_fail_states_have_error_and_cause(name: str) -> None:
    ends = [state for state in machine(name)["States"].values() if not next_states(state)]

    assert any(state["Type"] != "Fail" for state in ends)
    failing = [state for state in ends if state["Type"] == "Fail"]
    assert failing
    assert all({"Error", "Cause"} <= state.keys() for state in failing)


@every_machine
def test_every_state_has_a_comment(name: str) -> None:
    assert [title for title, state in states(name).items() if not state.get("Comment")] == []
