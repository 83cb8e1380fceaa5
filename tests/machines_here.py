"""State machines as they are deployed, run in this process: ministack interprets them, our handlers answer.

Waits and retries take no time; a clock is set forward by them.
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.services import stepfunctions

from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.runtime import steps
from bandwidth_messaging.services import find_or_create, order_placement
from tests.contracts.project import FUNCTIONS, Function, machine, pascal
from tests.functions.conftest import call
from tests.template import resources

REGION = "us-east-1"


class Killed(BaseException):
    """The run was stopped; nothing of the state machine goes on."""


class Died(BaseException):
    """The function's process is gone in the middle of it; the machine sees that."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: status (KILLED too), output, error, cause, and the states it entered.

    `largest_payload` is the size in bytes of the largest input, output or parameters in its history.
    """

    status: str
    output: Any
    error: str | None
    cause: str | None
    states: list[str]
    largest_payload: int


@dataclass
class Machines:
    """The state machines. `state` is the one that runs right now."""

    state: str = ""
    is_killed: bool = False
    _ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> str:
        """Return this moment, as much later as was waited."""
        return to_rfc3339((datetime.now(UTC) + self._ahead).isoformat())

    def wait(self, seconds: float) -> None:
        """Let time go on."""
        self._ahead += timedelta(seconds=seconds)

    def run(self, name: str, given: Any) -> Ended:
        """Run a machine under a new execution name until it has ended, or is killed."""
        arn = f"arn:aws:states:{REGION}:000000000000:stateMachine:{name}"
        stepfunctions._state_machines[arn] = {"name": name, "roleArn": "", "definition": definition(name)}
        execution_name = f"run-{uuid.uuid4().hex[:12]}"
        execution: dict[str, Any] = {
            "executionArn": f"arn:aws:states:{REGION}:000000000000:execution:{name}:{execution_name}",
            "stateMachineArn": arn,
            "name": execution_name,
            "status": "RUNNING",
            "startDate": self.now(),
            "input": json.dumps(given),
            "events": [],
        }
        stepfunctions._executions[execution["executionArn"]] = execution
        self.is_killed = False
        try:
            stepfunctions._run_execution(execution["executionArn"])
        except Killed:
            execution["status"] = "KILLED"
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in execution["events"]
            if "stateEnteredEventDetails" in event
        ]
        ended_well = execution["status"] == "SUCCEEDED"
        return Ended(
            execution["status"],
            json.loads(execution["output"]) if ended_well else None,
            execution.get("error"),
            execution.get("cause"),
            entered,
            max(_payloads(execution["events"])),
        )


def _payloads(events: list[dict[str, Any]]) -> Iterator[int]:
    """Yield the size in bytes of every input, output and parameters that a history has."""
    for event in events:
        for details in event.values():
            if isinstance(details, dict):
                for part in ("input", "output", "parameters"):
                    yield len(str(details.get(part, "")).encode())


def definition(name: str) -> str:
    """Return a machine with the names of our modules where the template has ARNs."""
    properties = resources("AWS::Serverless::StateMachine")[pascal(name)]
    modules = {function.logical_id: str(function) for function in FUNCTIONS} | {"AWS::Partition": "aws"}
    written = json.dumps(machine(name))
    for placeholder, value in properties["DefinitionSubstitutions"].items():
        logical_id = value.get("Fn::GetAtt", [value.get("Ref")])[0]
        written = written.replace(f"${{{placeholder}}}", modules.get(logical_id, logical_id))
    return written


def answer(reference: str, event: Any) -> Any:
    """Call a function's handler; what it raises is an error as Step Functions has it."""
    room, name = reference.split("/")
    try:
        return call(Function(room, name).load(), event)
    except Died:
        raise stepfunctions._ExecutionError("Lambda.Unknown", "the process is gone") from None
    except Exception as error:
        cause = {"errorMessage": str(error), "errorType": type(error).__name__}
        raise stepfunctions._ExecutionError(type(error).__name__, json.dumps(cause)) from None


def in_this_process(monkeypatch: pytest.MonkeyPatch) -> Machines:
    """Return the state machines, as long as the test lasts."""
    machines = Machines()
    patched: dict[str, Callable[..., Any]] = {
        "_call_lambda": answer,
        "_resolve_lambda_function_ref": lambda reference, **_: reference,
        "_invoke_resource_with_timeout": lambda resource, given, _: stepfunctions._invoke_resource(
            resource, given
        ),
        "_invoke_with_callback": never_notified,
        "_scaled_sleep": machines.wait,
        "_emit_execution_status_event": lambda _: None,
    }
    for name, function in patched.items():
        monkeypatch.setattr(stepfunctions, name, function)
    no_waits = SimpleNamespace(**{**vars(time), "sleep": lambda _: None})
    monkeypatch.setattr(stepfunctions, "time", no_waits)
    add_event, execute_map = stepfunctions._add_event, stepfunctions._execute_map

    def follow(execution: Any, kind: str, details: Any) -> None:
        add_event(execution, kind, details)
        if re.fullmatch(r"\w+StateEntered", kind):
            machines.state = details["stateEnteredEventDetails"]["name"]

    def stop_what_is_killed_inside(*given: Any) -> Any:
        result = execute_map(*given)
        if machines.is_killed:
            raise Killed
        return result

    monkeypatch.setattr(stepfunctions, "_add_event", follow)
    monkeypatch.setattr(stepfunctions, "_execute_map", stop_what_is_killed_inside)
    for module in (find_or_create, order_placement, steps):
        monkeypatch.setattr(module, "now", machines.now)
    return machines


def never_notified(resource: str, given: Any, token: str, state: Any) -> Any:
    """Let the function prepare for a notification that does not come."""
    answer(given["FunctionName"], given["Payload"])
    raise stepfunctions._ExecutionError("States.Timeout", "nobody has ended the wait")
