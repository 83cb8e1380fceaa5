"""Executions of earlier releases: they keep their definition for up to 31 days, and call the newest code."""

import json
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from pydantic import BaseModel

from bandwidth_messaging.domain.opt_out_files import Transfer
from bandwidth_messaging.domain.validation import parse
from bandwidth_messaging.services.setup_check import SETUPS
from local.release import RECORDS, describe, find_gaps, is_outdated
from tests.contracts.machine_definitions import aliases, invoked_function, result_fields, tasks
from tests.contracts.project import FUNCTIONS, MACHINES, Function, pascal
from tests.contracts.test_machine_errors import layer_errors
from tests.contracts.test_machine_steps import request_fields
from tests.template import aliased, resources

EXECUTIONS: dict[str, Any] = {**SETUPS, "opt_outs": Transfer}
RELEASES = {path.stem: json.loads(path.read_text()) for path in sorted(RECORDS.glob("*.json"))}
every_release = pytest.mark.parametrize("version", RELEASES)
every_state = pytest.mark.parametrize(
    "state",
    [
        pytest.param(state, id=f"{version}-{state['machine']}-{state['state']}".replace(" ", "-"))
        for version, release in RELEASES.items()
        for state in release["states"]
    ],
)
every_request = pytest.mark.parametrize(
    ("name", "request_"),
    [
        pytest.param(name, request, id=f"{version}-{name}")
        for version, release in RELEASES.items()
        for name, request in release["requests"].items()
    ],
)
every_execution = pytest.mark.parametrize(
    ("name", "input_"),
    [
        pytest.param(name.partition(".")[0], input_, id=f"{version}-{name}")
        for version, release in RELEASES.items()
        for name, input_ in release["executions"].items()
    ],
)


def target_of(state: dict[str, Any]) -> str:
    """Return the logical id of the function or machine that a state calls."""
    return aliased({"Ref": state["target"].removesuffix(".Arn")})


def find_function(state: dict[str, Any]) -> Function | None:
    """Return the function that a state invokes; None if the state starts a machine."""
    if target_of(state) in map(pascal, MACHINES):
        return None
    (function,) = [each for each in FUNCTIONS if each.logical_id == target_of(state)]
    return function


def required_fields(function: Function) -> set[str]:
    """Return the fields without which a function rejects its request."""
    if request := getattr(function.load(), "Request", None):
        return {str(field.alias) for field in request.model_fields.values() if field.is_required()}
    return request_fields(function)


def has_field(returned: Any, path: list[str]) -> bool:
    """Return whether values of a type have a field. Lists count as their elements; Any has every field."""
    if not path or returned is Any:
        return True
    if parts := [each for each in get_args(returned) if each not in {NoneType, Ellipsis}]:
        # A dictionary's type says nothing about its keys.
        return get_origin(returned) is dict or all(has_field(part, path) for part in parts)
    field, *inside = path
    if isinstance(returned, type) and issubclass(returned, BaseModel):
        types = {str(each.alias): each.annotation for each in returned.model_fields.values()}
    else:
        types = get_type_hints(returned) if is_typeddict(returned) else {}
    return field in types and has_field(types[field], inside)


def returns_field(function: Function, machine: str, path: list[str]) -> bool:
    """Return whether the result of a function, for a machine, has a field."""
    handler = function.load().handler
    if hasattr(handler, "__wrapped__"):
        return has_field(get_type_hints(handler.__wrapped__)["return"], path)
    title, *_ = [
        title for title, state in tasks(machine).items() if invoked_function(machine, state) == function
    ]
    return path[0] in result_fields(machine, title)


def test_a_record_of_an_earlier_release_is_kept() -> None:
    assert RELEASES


@every_release
def test_the_record_of_a_release_has_all_its_parts(version: str) -> None:
    assert find_gaps(RELEASES[version]) == []


@every_release
def test_the_record_of_a_release_equals_the_files_of_its_release(version: str) -> None:
    if (outdated := is_outdated(version, RELEASES[version])) is None:
        pytest.skip(f"this clone has neither the tag v{version} nor the commit of the record")

    assert not outdated


@every_state
def test_what_an_earlier_release_calls_still_exists_and_may_be_called(state: dict[str, Any]) -> None:
    machines = resources("AWS::Serverless::StateMachine")
    assert target_of(state) in resources("AWS::Serverless::Function") | machines

    (policy,) = machines[pascal(state["machine"])]["Policies"]
    action = "states:StartExecution" if find_function(state) is None else "lambda:InvokeFunction"
    (resource,) = [each["Resource"] for each in policy["Statement"] if each["Action"] == action]
    allowed = [
        each.get("Ref") or ".".join(each["Fn::GetAtt"])
        for each in (resource if isinstance(resource, list) else [resource])
    ]
    # Step Functions checks a permission on the machine, also for its alias.
    assert (f"{target_of(state)}.Arn" if find_function(state) is None else state["target"]) in allowed


@every_state
def test_a_request_of_an_earlier_release_is_accepted(state: dict[str, Any]) -> None:
    function, sent = find_function(state), set(state["sends"])
    if function is None:
        model = EXECUTIONS[next(name for name in MACHINES if pascal(name) == target_of(state))]
        assert sent <= aliases(model)
    elif hasattr(function.load(), "Request"):
        assert sent <= request_fields(function)
    assert function is None or required_fields(function) <= sent


@every_state
def test_the_result_has_each_field_that_an_earlier_release_reads(state: dict[str, Any]) -> None:
    function = find_function(state)
    missing = [
        path
        for path in state["reads"]
        if function is None or not returns_field(function, state["machine"], path.split("."))
    ]

    assert missing == []


@every_state
def test_an_error_that_an_earlier_release_matches_keeps_its_name(state: dict[str, Any]) -> None:
    assert set(state["matches"]) <= layer_errors()


@every_request
def test_a_sample_request_of_an_earlier_release_is_accepted(name: str, request_: dict[str, Any]) -> None:
    (function,) = [each for each in FUNCTIONS if str(each) == name]
    if model := getattr(function.load(), "Request", None):
        parse(model, request_)
    else:
        assert request_fields(function) <= set(request_)


@every_execution
def test_a_sample_input_of_an_earlier_release_is_accepted(name: str, input_: dict[str, Any]) -> None:
    parse(EXECUTIONS[name], input_)


def test_the_record_describes_every_state_that_calls_a_function_or_a_machine() -> None:
    described = {(state["machine"], state["state"]) for state in describe()["states"]}
    assert {(name, title) for name in MACHINES for title in tasks(name)} <= described
