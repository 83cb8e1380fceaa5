"""State machines: graphs without loose ends, expressions that parse, and names that others know too."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from types import ModuleType
from typing import Any, get_type_hints
from unittest.mock import MagicMock

import jsonata
import pytest

from bandwidth_messaging.bandwidth import errors as bandwidth_errors
from bandwidth_messaging.domain import problems as domain_errors
from bandwidth_messaging.runtime import steps, wiring
from bandwidth_messaging.runtime.settings import Settings, settings
from bandwidth_messaging.services.setup_check import SETUPS
from tests.contracts.project import FUNCTIONS, MACHINES, Function, machine, pascal
from tests.template import ROOT, resources

LAMBDA_ERRORS = {
    # Developer Guide of Step Functions, "Handle transient Lambda service exceptions".
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    # The function's process timed out, was killed (out of memory), or could not load its code, as while a
    # deployment replaces function and layer one after the other.
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    "Runtime.ImportModuleError",
    # A function's own error for an AWS service that did not respond or throttled the function.
    "AwsUnavailable",
}
STEP_FUNCTIONS_ERRORS = {
    "StepFunctions.ExecutionLimitExceededException",
    "StepFunctions.SdkClientException",
}
EXPRESSION = re.compile(r"\{%(.*)%\}", re.DOTALL)
every_machine = pytest.mark.parametrize("name", MACHINES)


def graphs(written: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a machine and the machines inside its maps and branches."""
    yield written
    for state in written["States"].values():
        for inner in inside(state):
            yield from graphs(inner)


def inside(state: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the machines inside a state: a map has one, a parallel state some, all others none."""
    return [*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])]


def outside(state: dict[str, Any]) -> dict[str, Any]:
    """Return a state without the machines inside it."""
    return {part: value for part, value in state.items() if part not in {"Branches", "ItemProcessor"}}


def states(name: str) -> dict[str, dict[str, Any]]:
    """Return every state of a machine, also those inside maps."""
    return {title: state for graph in graphs(machine(name)) for title, state in graph["States"].items()}


def tasks(name: str) -> dict[str, dict[str, Any]]:
    """Return the states that run a function of ours."""
    return {title: state for title, state in states(name).items() if is_step(state)}


def is_step(state: dict[str, Any]) -> bool:
    return state["Type"] == "Task" and not runs_a_machine(state)


def runs_a_machine(state: dict[str, Any]) -> bool:
    """Tell whether a state runs another machine of ours and waits for its end."""
    return bool(state.get("Resource") == "arn:${Partition}:states:::states:startExecution.sync:2")


def targets(state: dict[str, Any]) -> set[str]:
    """Return the states that may follow."""
    ways = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    return {way["Next"] for way in ways if "Next" in way} | (
        {state["Default"]} if "Default" in state else set()
    )


def expressions(value: Any) -> Iterator[str]:
    """Yield every JSONata expression of a piece of a machine."""
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
        placeholder: value["Fn::GetAtt"][0]
        for placeholder, value in deployed.items()
        if placeholder != "Partition"
    }


def function_of(name: str, state: dict[str, Any]) -> Function:
    """Return the function that a task invokes."""
    logical_id = substitutions(name)[state["Arguments"]["FunctionName"].strip("${}")]
    (found,) = [function for function in FUNCTIONS if function.logical_id == logical_id]
    return found


every_nested_machine = pytest.mark.parametrize(
    ("name", "title"),
    [(name, title) for name in MACHINES for title, state in states(name).items() if runs_a_machine(state)],
)
every_task = pytest.mark.parametrize(
    ("name", "title"),
    [(name, title) for name in MACHINES for title in tasks(name)],
    ids=lambda part: str(part).replace(" ", "-"),
)


# The graph


@every_machine
def test_a_machine_speaks_jsonata_throughout(name: str) -> None:
    assert machine(name)["QueryLanguage"] == "JSONata"
    assert {state.get("QueryLanguage", "JSONata") for state in states(name).values()} == {"JSONata"}
    paths = {"InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector"}
    assert [title for title, state in states(name).items() if paths & state.keys()] == []


def reached_from(graph: dict[str, Any], start: set[str]) -> set[str]:
    """Return the states that are reached from some states of a graph, these included."""
    reached, ahead = set(), start
    while ahead:
        title = ahead.pop()
        assert title in graph["States"], f"{title} is no state"
        reached.add(title)
        ahead |= targets(graph["States"][title]) - reached
    return reached


@every_machine
def test_every_way_leads_to_a_state_and_every_state_is_reached(name: str) -> None:
    for graph in graphs(machine(name)):
        assert reached_from(graph, {graph["StartAt"]}) == set(graph["States"])


@every_machine
def test_no_two_states_of_a_machine_have_the_same_name_not_even_inside_maps(name: str) -> None:
    titles = [title for graph in graphs(machine(name)) for title in graph["States"]]
    assert len(titles) == len(set(titles))


@every_machine
def test_every_round_of_a_loop_is_given_what_the_first_one_was(name: str) -> None:
    for graph in graphs(machine(name)):
        for title, state in graph["States"].items():
            given = {part: state[part] for part in ("Arguments", "Items") if part in state}
            if not any("$states.input" in expression for expression in expressions(given)):
                continue
            after = reached_from(graph, targets(state))
            loop = [each for each in after if title in reached_from(graph, targets(graph["States"][each]))]
            assert [each for each in loop if not passes_its_input_on(graph["States"][each])] == []


def passes_its_input_on(state: dict[str, Any]) -> bool:
    """Tell whether what comes into a state goes on to the next one."""
    if state["Type"] in {"Choice", "Wait", "Pass"} and "Output" not in state:
        return True
    return bool(state.get("Output") == "{% $states.input %}")


@every_machine
def test_what_goes_round_in_a_map_is_the_numbers_of_its_batch(name: str) -> None:
    """Beside the loops above: some batches do go round, so that the rule is not about nothing."""
    rounds = []
    for title, state in states(name).items():
        for graph in inside(state):
            start = graph["States"][graph["StartAt"]]
            if graph["StartAt"] in reached_from(graph, targets(start)):
                rounds.append(title)
            assert any("$states.input" in expression for expression in expressions(start["Arguments"])), title
    assert rounds == (["Release Number", "Import Number"] if name == "hosted_messaging" else [])


@every_machine
def test_a_map_gets_back_what_its_ends_say_and_never_its_whole_input(name: str) -> None:
    for title, state in states(name).items():
        own = {part: state[part] for part in ("Assign", "Output") if part in state}
        taken = {
            match[1]
            for expression in expressions(own)
            for match in re.finditer(r"\$states\.result\.(\w+)", expression)
        }
        for graph in inside(state):
            ends = [each for each in graph["States"].values() if each.get("End")]
            assert ends
            assert all(isinstance(end["Output"], dict) and taken <= end["Output"].keys() for end in ends), (
                title
            )


@every_machine
def test_every_state_goes_on_or_ends(name: str) -> None:
    for title, state in states(name).items():
        match state["Type"]:
            case "Choice":
                assert "Default" in state, title
            case "Succeed" | "Fail":
                assert not targets(state), title
            case _:
                assert ("Next" in state) != state.get("End", False), title


@every_machine
def test_a_machine_ends_well_or_in_a_fail_that_says_why(name: str) -> None:
    ends = [state for state in machine(name)["States"].values() if not targets(state)]
    assert any(state["Type"] != "Fail" for state in ends)
    failing = [state for state in ends if state["Type"] == "Fail"]
    assert failing
    assert all({"Error", "Cause"} <= state.keys() for state in failing)


@every_machine
def test_every_state_says_what_it_does(name: str) -> None:
    assert [title for title, state in states(name).items() if not state.get("Comment")] == []


# Expressions


@every_machine
def test_every_expression_parses(name: str) -> None:
    found = list(expressions(machine(name)))
    assert found
    for expression in found:
        jsonata.Jsonata(expression)


@every_machine
def test_what_looks_like_an_expression_is_one(name: str) -> None:
    """A forgotten bracket makes an expression a plain text that Step Functions passes on as it is."""

    def texts(value: Any) -> Iterator[str]:
        if isinstance(value, dict | list):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from texts(inner)
        elif isinstance(value, str):
            yield value

    wrong = [
        text
        for text in texts(machine(name))
        if re.search(r"\{%|%\}", text) and not EXPRESSION.fullmatch(text)
    ]
    assert wrong == []
    assert [
        text for text in texts(machine(name)) if re.search(r"\$states|\$\w+\.", text) and "{%" not in text
    ] == []


def assigned(name: str) -> dict[str, set[str] | None]:
    """Return every variable of a machine with the fields it may have, None where that is not known."""
    known: dict[str, set[str] | None] = {}
    for title, state in states(name).items():
        for way in (state, *state.get("Choices", ()), *state.get("Catch", ())):
            for variable, value in way.get("Assign", {}).items():
                named: set[str] | None = None
                if isinstance(value, dict):
                    named = set(value)
                elif value == "{% $states.result.Payload %}":
                    named = result_fields(name, title)
                before = known.get(variable, set())
                known[variable] = None if named is None or before is None else before | named
    return known


def variables(expression: str) -> set[str]:
    """Return the variables that an expression reads."""
    code = re.sub(r"'[^']*'", "", expression)
    return {match[1] for match in re.finditer(r"\$([A-Za-z]\w*)\b(?!\s*\()", code)} - {"states"}


@every_machine
def test_a_variable_is_read_where_it_was_assigned_or_further_inside(name: str) -> None:
    def check(graph: dict[str, Any], around: set[str]) -> None:
        here = [outside(state) for state in graph["States"].values()]
        ways = [way for state in here for way in (state, *state.get("Choices", ()), *state.get("Catch", ()))]
        own = {variable for way in ways for variable in way.get("Assign", {})}
        # What is inside reads what is around it, and may not have a variable of the same name.
        assert not own & around
        for expression in expressions(here):
            assert variables(expression) <= own | around, expression
        for state in graph["States"].values():
            for inner in inside(state):
                check(inner, own | around)

    check(machine(name), set())


@every_machine
def test_every_field_of_a_variable_is_one_that_a_step_or_the_machine_put_there(name: str) -> None:
    for expression in expressions(machine(name)):
        for variable, field in re.findall(r"\$([A-Za-z]\w*)\.(\w+)", expression):
            known = assigned(name).get(variable)
            assert variable == "states" or known is None or field in known, expression


# Steps


def aliases(model: Any) -> set[str]:
    return {str(field.alias) for field in model.model_fields.values()}


def request_fields(function: Function) -> set[str]:
    """Return the fields of a step's request, or what its handler takes out of its event."""
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


@cache
def result_fields(name: str, title: str) -> set[str]:
    """Return the fields of what a task's function returns; without a model for it, the function is asked."""
    state = tasks(name)[title]
    function = function_of(name, state)
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
        patch.setattr(wiring, "orders", lambda: orders)
        for field in fields(Settings):
            patch.setenv(field.name.upper(), "1")
        settings.cache_clear()
        try:
            return set(handler(event, None))
        finally:
            settings.cache_clear()


@every_task
def test_a_step_receives_exactly_the_fields_of_its_request(name: str, title: str) -> None:
    state = tasks(name)[title]
    assert set(state["Arguments"]["Payload"]) == request_fields(function_of(name, state))


@every_task
def test_what_is_taken_from_a_steps_result_is_in_it(name: str, title: str) -> None:
    state = tasks(name)[title]
    own = {part: state[part] for part in ("Assign", "Output") if part in state}
    taken = {
        match[1]
        for expression in expressions(own)
        for match in re.finditer(r"\$states\.result\.Payload\.(\w+)", expression)
    }
    assert taken <= result_fields(name, title)


@every_task
def test_a_step_is_a_lambda_with_a_time_limit_just_beyond_the_functions_own(name: str, title: str) -> None:
    state = tasks(name)[title]
    if waits_for_a_token(state):
        # The wait that it may end early is its limit.
        assert "$wait" in state["TimeoutSeconds"]
        return
    assert state["Resource"] == "arn:${Partition}:states:::lambda:invoke"
    limit = resources("AWS::Serverless::Function")[function_of(name, state).logical_id].get("Timeout", 60)
    assert limit < state["TimeoutSeconds"] <= limit + 60


def waits_for_a_token(state: dict[str, Any]) -> bool:
    return bool(state["Resource"] == "arn:${Partition}:states:::lambda:invoke.waitForTaskToken")


@every_task
def test_a_wait_that_times_out_continues_like_one_that_was_ended(name: str, title: str) -> None:
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


def test_nothing_that_is_deployed_names_one_partition() -> None:
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
    allowed = [resource["Fn::GetAtt"] for resource in invoke["Resource"]]
    functions = [each for each in substitutions(name).values() if each not in map(pascal, MACHINES)]
    assert sorted(allowed) == sorted([logical_id, "Arn"] for logical_id in functions)


# Machines that run machines


@every_nested_machine
def test_a_nested_machine_belongs_to_the_stack_and_may_be_started_and_awaited(name: str, title: str) -> None:
    placeholder = states(name)[title]["Arguments"]["StateMachineArn"].strip("${}")
    logical_id = substitutions(name)[placeholder]
    assert logical_id in map(pascal, MACHINES)
    (policy,) = resources("AWS::Serverless::StateMachine")[pascal(name)]["Policies"]
    rights = {str(each["Action"]): each["Resource"] for each in policy["Statement"]}
    assert rights["states:StartExecution"] == {"Fn::GetAtt": [logical_id, "Arn"]}
    assert f":execution:${{{logical_id}.Name}}:*" in str(
        rights["['states:DescribeExecution', 'states:StopExecution']"]
    )
    assert "StepFunctionsGetEventsForStepFunctionsExecutionRule" in str(
        rights["['events:PutTargets', 'events:PutRule', 'events:DescribeRule']"]
    )


@every_nested_machine
def test_a_nested_machine_is_given_fields_of_its_input(name: str, title: str) -> None:
    given = states(name)[title]["Arguments"]
    (model,) = [
        model
        for kind, model in SETUPS.items()
        if pascal(kind) == substitutions(name)[given["StateMachineArn"].strip("${}")]
    ]
    assert set(given["Input"]) <= aliases(model)


@every_nested_machine
def test_the_failure_of_a_nested_machine_does_not_hide_what_else_there_is_to_do(
    name: str, title: str
) -> None:
    state = states(name)[title]
    assert [rule["ErrorEquals"] for rule in state["Catch"]] == [["States.TaskFailed"]]
    retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}
    assert all(error.startswith("StepFunctions.") for error in retried)


# Errors


def our_errors() -> set[str]:
    """Return the names of our exceptions."""

    def of(module: ModuleType) -> set[str]:
        return {
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, Exception)
        }

    return of(bandwidth_errors) | of(domain_errors) | of(steps)


@every_machine
def test_every_matched_error_is_a_class_of_the_layer_or_an_aws_error(name: str) -> None:
    matched = {
        error
        for state in states(name).values()
        for rule in (*state.get("Retry", ()), *state.get("Catch", ()))
        for error in rule["ErrorEquals"]
    }
    services = {
        error for error in matched if re.match(r"(States|Lambda|Sandbox|Runtime|StepFunctions)\.", error)
    }
    assert matched - services <= our_errors()
    assert services <= LAMBDA_ERRORS | STEP_FUNCTIONS_ERRORS | {"States.Timeout", "States.TaskFailed"}


@every_task
def test_a_step_is_retried_on_what_passes_and_on_nothing_else(name: str, title: str) -> None:
    retried = [error for rule in tasks(name)[title]["Retry"] for error in rule["ErrorEquals"]]
    assert len(retried) == len(set(retried))
    assert set(retried) >= LAMBDA_ERRORS
    assert set(retried) <= LAMBDA_ERRORS | {"BandwidthUnavailable", "BandwidthOutcomeUnknown"}


@every_task
def test_retries_on_lambdas_own_errors_are_spread_and_bounded(name: str, title: str) -> None:
    for rule in tasks(name)[title]["Retry"]:
        assert rule["MaxAttempts"] <= 10
        assert rule["MaxDelaySeconds"] <= 60
        if {*rule["ErrorEquals"]} & {*LAMBDA_ERRORS, "BandwidthUnavailable"}:
            assert rule["JitterStrategy"] == "FULL"


@every_task
def test_only_rejections_are_caught_so_that_other_failures_can_be_redriven(name: str, title: str) -> None:
    rules = tasks(name)[title].get("Catch", ())
    caught = {error for rule in rules for error in rule["ErrorEquals"]} - {"States.Timeout"}
    assert caught <= {"BandwidthRejected", "InvalidInput", "BandwidthUnavailable"}
    # A poll that finds nobody there is a "not yet" like any other: it comes again until the deadline.
    for rule in rules:
        if "BandwidthUnavailable" in rule["ErrorEquals"]:
            assert title in reached_from(machine(name), {rule["Next"]})
            assert rule["Next"] == tasks(name)[title]["Next"]
            assert set(rule["Assign"]) == set(tasks(name)[title]["Assign"])


WIRING = ROOT / "layers" / "shared" / "bandwidth_messaging" / "runtime" / "wiring.py"
CLIENTS = frozenset({"dashboard", "dashboard_current", "catapult", "messaging"})
# Services that catch every error of Bandwidth: their result then is "unknown".
TOLERANT = frozenset({"preflight_check", "registration_check"})
# Services that record a rejection as their result.
RECORDING_REJECTIONS = ("resource_deletion", "number_campaigns", "catapult_import")


def talking_builders() -> set[str]:
    """Return the functions of the wiring that return a client of Bandwidth, or a service that has one."""
    builders = [node for node in ast.parse(WIRING.read_text()).body if isinstance(node, ast.FunctionDef)]
    names = {
        builder.name: {node.id for node in ast.walk(builder) if isinstance(node, ast.Name)}
        for builder in builders
        if builder.name not in TOLERANT
    }
    talking = set(CLIENTS)
    while added := {name for name, used in names.items() if used & talking} - talking:
        talking |= added
    return talking


def talks_to_bandwidth(function: Function) -> bool:
    used = set(re.findall(r"\bwiring\.(\w+)\(", function.path.read_text()))
    return bool(used & talking_builders())


@every_task
def test_only_steps_that_call_bandwidth_are_retried_if_bandwidth_is_unavailable(
    name: str, title: str
) -> None:
    state = tasks(name)[title]
    retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}
    function = function_of(name, state)
    answers_itself = "BandwidthError" in handled_by(function)
    assert ("BandwidthUnavailable" in retried) == (talks_to_bandwidth(function) and not answers_itself)


@every_machine
def test_a_rejection_ends_the_setup_with_its_reason_or_is_handled_by_the_step(name: str) -> None:
    def check(graph: dict[str, Any], around: set[str]) -> None:
        for title, state in graph["States"].items():
            caught = around | {error for rule in state.get("Catch", ()) for error in rule["ErrorEquals"]}
            if is_step(state) and talks_to_bandwidth(function := function_of(name, state)):
                assert {"BandwidthRejected", "BandwidthError"} & (caught | handled_by(function)), title
            for inner in inside(state):
                check(inner, caught)

    check(machine(name), set())


def handled_by(function: Function) -> set[str]:
    """Return the exceptions that a function, or its service that records rejections, catches."""
    code = function.path.read_text()
    services = WIRING.parents[1] / "services"
    modules = [services / f"{name}.py" for name in RECORDING_REJECTIONS if f"wiring.{name}(" in code]
    return {
        node.type.id
        for module in (function.path, *modules)
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name)
    }
