"""Errors that the state machines retry or catch."""

import ast
import re
from types import ModuleType
from typing import Any

from bandwidth_messaging.bandwidth import errors as bandwidth_errors
from bandwidth_messaging.domain import problems as domain_errors
from bandwidth_messaging.domain.next_steps import advise_on_error
from bandwidth_messaging.runtime import steps
from tests.contracts.machine_definitions import (
    every_machine,
    every_task,
    inner_machines,
    invoked_function,
    is_step,
    reached_from,
    states,
    tasks,
)
from tests.contracts.project import Function, machine
from tests.contracts.test_walls import LAYER

LAMBDA_ERRORS = {
    # Developer Guide of Step Functions, "Handle transient Lambda service exceptions".
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    # The function's process timed out, ran out of memory, or could not load its code.
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


def layer_errors() -> set[str]:
    """Return the names of the exceptions of the layer that state machines can match."""

    def exceptions_of(module: ModuleType) -> set[str]:
        return {
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, Exception)
        }

    return exceptions_of(bandwidth_errors) | exceptions_of(domain_errors) | exceptions_of(steps)


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

    assert matched - services <= layer_errors()
    assert services <= LAMBDA_ERRORS | STEP_FUNCTIONS_ERRORS | {"States.Timeout", "States.TaskFailed"}


@every_task
def test_a_step_is_retried_on_transient_errors_only(name: str, title: str) -> None:
    retried = [error for rule in tasks(name)[title]["Retry"] for error in rule["ErrorEquals"]]
    assert len(retried) == len(set(retried))
    assert set(retried) >= LAMBDA_ERRORS
    assert set(retried) <= LAMBDA_ERRORS | {"BandwidthUnavailable", "BandwidthOutcomeUnknown"}


@every_task
def test_retries_are_bounded_and_those_on_errors_of_lambda_have_jitter(name: str, title: str) -> None:
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
    # A poll that cannot reach Bandwidth counts as pending. The machine polls again until the deadline.
    for rule in rules:
        if "BandwidthUnavailable" in rule["ErrorEquals"]:
            assert title in reached_from(machine(name), {rule["Next"]})
            assert rule["Next"] == tasks(name)[title]["Next"]
            assert set(rule["Assign"]) == set(tasks(name)[title]["Assign"])


CLIENTS = frozenset({"dashboard", "dashboard_current", "catapult", "messaging"})
# Services that catch every error of Bandwidth. Their result then is "unknown".
TOLERANT = frozenset({"preflight_check", "registration_check"})
# Services that record a rejection as their result.
RECORDING_REJECTIONS = ("resource_deletion", "number_campaigns", "catapult_import", "letter_sending")


def builders_of_clients() -> set[str]:
    """Return the builders of a client of Bandwidth, or of a service that has one."""
    builders = [
        node
        for name in ("bandwidth_clients", "wiring")
        for node in ast.parse((LAYER / "runtime" / f"{name}.py").read_text()).body
        if isinstance(node, ast.FunctionDef)
    ]
    names = {
        builder.name: {node.id for node in ast.walk(builder) if isinstance(node, ast.Name)}
        | {node.attr for node in ast.walk(builder) if isinstance(node, ast.Attribute)}
        for builder in builders
        if builder.name not in TOLERANT
    }
    calling = set(CLIENTS)
    while added := {name for name, used in names.items() if used & calling} - calling:
        calling |= added
    return calling


def calls_bandwidth(function: Function) -> bool:
    """Return whether a function uses a client of Bandwidth, or a service that has one."""
    used = set(re.findall(r"\b(?:bandwidth_clients|wiring)\.(\w+)\(", function.path.read_text()))
    return bool(used & builders_of_clients())


@every_task
def test_only_steps_that_call_bandwidth_are_retried_if_bandwidth_is_unavailable(
    name: str, title: str
) -> None:
    state = tasks(name)[title]
    retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}
    function = invoked_function(name, state)
    handles_errors = "BandwidthError" in handled_by(function)

    assert ("BandwidthUnavailable" in retried) == (calls_bandwidth(function) and not handles_errors)


@every_machine
def test_a_rejection_ends_the_setup_with_its_reason_or_is_handled_by_the_step(name: str) -> None:
    def check(graph: dict[str, Any], caught_outside: set[str]) -> None:
        for title, state in graph["States"].items():
            caught = caught_outside | {
                error for rule in state.get("Catch", ()) for error in rule["ErrorEquals"]
            }
            if is_step(state) and calls_bandwidth(function := invoked_function(name, state)):
                assert {"BandwidthRejected", "BandwidthError"} & (caught | handled_by(function)), title
            for inner in inner_machines(state):
                check(inner, caught)

    check(machine(name), set())


def handled_by(function: Function) -> set[str]:
    """Return the exceptions that a function, or its service that records rejections, catches."""
    code = function.path.read_text()
    modules = [
        LAYER / "services" / f"{name}.py" for name in RECORDING_REJECTIONS if f"wiring.{name}(" in code
    ]
    return {
        node.type.id
        for module in (function.path, *modules)
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name)
    }


def test_every_error_that_no_machine_catches_has_advice_for_the_console() -> None:
    caught_or_never_raised_by_steps = {
        "BandwidthError", "BandwidthRejected", "InvalidInput", "NotFound", "Backlog", "Conflict",
        "Unavailable", "BotoCoreError", "ClientError", "GetParameterError",
    }  # fmt: skip

    missing = {name for name in layer_errors() - caught_or_never_raised_by_steps if not advise_on_error(name)}

    assert missing == set()
