"""Steps of the state machines: requests, results, timeouts and permissions of their functions."""

import ast
import re

from local.payload_reads import find_payload_reads
from tests.contracts.machine_definitions import (
    aliases,
    every_machine,
    every_task,
    invoked_function,
    result_fields,
    substitutions,
    tasks,
    waits_for_a_token,
)
from tests.contracts.project import MACHINES, Function, machine, pascal
from tests.template import ROOT, aliased, resources


def request_fields(function: Function) -> set[str]:
    """Return the fields of a step's request, or those that its handler reads from the event."""
    if request := getattr(function.load(), "Request", None):
        return aliases(request)
    return {
        str(node.slice.value)
        for node in ast.walk(ast.parse(function.path.read_text()))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "event"
        and isinstance(node.slice, ast.Constant)
    }


@every_task
def test_a_step_receives_exactly_the_fields_of_its_request(name: str, title: str) -> None:
    state = tasks(name)[title]
    assert set(state["Arguments"]["Payload"]) == request_fields(invoked_function(name, state))


@every_task
def test_fields_read_from_the_result_of_a_step_are_in_the_result(name: str, title: str) -> None:
    taken = find_payload_reads(machine(name)).get(title, set())

    assert {path.partition(".")[0] for path in taken} <= (result_fields(name, title) if taken else set())


@every_task
def test_the_timeout_of_a_step_exceeds_its_functions_by_a_minute_at_most(name: str, title: str) -> None:
    state = tasks(name)[title]

    if waits_for_a_token(state):
        # Its timeout is the wait that a notification can end early.
        assert "$wait" in state["TimeoutSeconds"]
        return

    assert state["Resource"] == "arn:${Partition}:states:::lambda:invoke"
    function = resources("AWS::Serverless::Function")[invoked_function(name, state).logical_id]
    timeout = function.get("Timeout", 60)
    assert timeout < state["TimeoutSeconds"] <= timeout + 60


@every_task
def test_a_wait_that_times_out_continues_like_a_wait_that_a_notification_ends(name: str, title: str) -> None:
    state = tasks(name)[title]
    caught = {rule["Next"] for rule in state.get("Catch", ()) if "States.Timeout" in rule["ErrorEquals"]}
    assert caught == ({state["Next"]} if waits_for_a_token(state) else set())


@every_machine
def test_every_substitution_is_used_and_every_placeholder_substituted(name: str) -> None:
    placeholders = re.findall(r"\$\{(\w+)\}", (ROOT / "statemachines" / f"{name}.asl.json").read_text())
    assert set(placeholders) == {*substitutions(name), "Partition"}


@every_machine
def test_a_machine_runs_in_every_partition_of_aws(name: str) -> None:
    deployed = resources("AWS::Serverless::StateMachine")[pascal(name)]["DefinitionSubstitutions"]

    assert deployed["Partition"] == {"Ref": "AWS::Partition"}


def test_no_deployed_file_names_a_partition() -> None:
    sources = [
        ROOT / "template.yaml",
        *(ROOT / "statemachines").iterdir(),
        *(ROOT / "functions").rglob("*.py"),
        *(ROOT / "layers").rglob("*.py"),
    ]

    assert [str(path) for path in sources if "arn:aws" in path.read_text()] == []


@every_machine
def test_a_machine_may_invoke_its_functions_and_no_others(name: str) -> None:
    (policy,) = resources("AWS::Serverless::StateMachine")[pascal(name)]["Policies"]
    (invoke,) = [each for each in policy["Statement"] if each["Action"] == "lambda:InvokeFunction"]
    aliases_, functions_ = (
        [each for each in invoke["Resource"] if key in each] for key in ("Ref", "Fn::GetAtt")
    )
    functions = sorted(each for each in substitutions(name).values() if each not in map(pascal, MACHINES))

    assert sorted(map(aliased, aliases_)) == functions
    # Executions that started before the functions had an alias call the functions themselves.
    assert sorted(each["Fn::GetAtt"] for each in functions_) == [[each, "Arn"] for each in functions]
