"""State machines that run in this process: ministack interprets the definitions, and calls the handlers.

Waits and retries take no time. They advance a clock instead.
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
from tests.template import aliased, resources

REGION = "us-east-1"


class Killed(BaseException):
    """The run was stopped. No further state of the machine runs."""


class Died(BaseException):
    """The function's process died during an invocation. The machine receives an error."""


@dataclass(frozen=True)
class Ended:
    """A run that has ended. `status` may be KILLED. `states` are the states it entered, in order.

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
    """The state machines. `state` is the state that is running."""

    state: str = ""
    is_killed: bool = False
    _waited: timedelta = field(default_factory=timedelta)

    def now(self) -> str:
        """Return the current time plus the time waited."""
        return to_rfc3339((datetime.now(UTC) + self._waited).isoformat())

    def wait(self, seconds: float) -> None:
        """Advance the clock."""
        self._waited += timedelta(seconds=seconds)

    def run(self, name: str, machine_input: Any) -> Ended:
        """Run a machine under a new execution name until it ends or is killed."""
        arn = f"arn:aws:states:{REGION}:000000000000:stateMachine:{name}"
        stepfunctions._state_machines[arn] = {"name": name, "roleArn": "", "definition": definition(name)}
        execution_name = f"run-{uuid.uuid4().hex[:12]}"
        execution: dict[str, Any] = {
            "executionArn": f"arn:aws:states:{REGION}:000000000000:execution:{name}:{execution_name}",
            "stateMachineArn": arn,
            "name": execution_name,
            "status": "RUNNING",
            "startDate": self.now(),
            "input": json.dumps(machine_input),
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
    """Yield the size in bytes of every input, output and parameters in a history."""
    for event in events:
        for details in event.values():
            if isinstance(details, dict):
                for part in ("input", "output", "parameters"):
                    yield len(str(details.get(part, "")).encode())


def definition(name: str) -> str:
    """Return the definition of a machine, with module names instead of the template's ARNs."""
    properties = resources("AWS::Serverless::StateMachine")[pascal(name)]
    modules = {function.logical_id: str(function) for function in FUNCTIONS} | {"AWS::Partition": "aws"}
    written = json.dumps(machine(name))
    for placeholder, value in properties["DefinitionSubstitutions"].items():
        logical_id = aliased(value)
        written = written.replace(f"${{{placeholder}}}", modules.get(logical_id, logical_id))
    return written


def invoke_handler(reference: str, event: Any) -> Any:
    """Call a function's handler, and raise its error as Step Functions reports it."""
    room, name = reference.split("/")
    try:
        return call(Function(room, name).load(), event)
    except Died:
        raise stepfunctions._ExecutionError("Lambda.Unknown", "the process died") from None
    except Exception as error:
        cause = {"errorMessage": str(error), "errorType": type(error).__name__}
        raise stepfunctions._ExecutionError(type(error).__name__, json.dumps(cause)) from None


def install_machines(monkeypatch: pytest.MonkeyPatch) -> Machines:
    """Replace ministack's calls, waits and clock for the test, and return the state machines."""
    machines = Machines()
    patched: dict[str, Callable[..., Any]] = {
        "_call_lambda": invoke_handler,
        "_resolve_lambda_function_ref": lambda reference, **_: reference,
        "_invoke_resource_with_timeout": lambda resource, parameters, _: stepfunctions._invoke_resource(
            resource, parameters
        ),
        "_invoke_with_callback": time_out,
        "_scaled_sleep": machines.wait,
        "_emit_execution_status_event": lambda _: None,
    }
    for name, function in patched.items():
        monkeypatch.setattr(stepfunctions, name, function)
    no_waits = SimpleNamespace(**{**vars(time), "sleep": lambda _: None})
    monkeypatch.setattr(stepfunctions, "time", no_waits)
    add_event, execute_map = stepfunctions._add_event, stepfunctions._execute_map

    def record_state(execution: Any, kind: str, details: Any) -> None:
        add_event(execution, kind, details)
        if re.fullmatch(r"\w+StateEntered", kind):
            machines.state = details["stateEnteredEventDetails"]["name"]

    def execute_map_unless_killed(*arguments: Any) -> Any:
        result = execute_map(*arguments)
        if machines.is_killed:
            raise Killed
        return result

    monkeypatch.setattr(stepfunctions, "_add_event", record_state)
    monkeypatch.setattr(stepfunctions, "_execute_map", execute_map_unless_killed)
    for module in (find_or_create, order_placement, steps):
        monkeypatch.setattr(module, "now", machines.now)
    return machines


def time_out(resource: str, parameters: Any, token: str, state: Any) -> Any:
    """Call the function that waits for a notification, and raise a timeout."""
    invoke_handler(parameters["FunctionName"], parameters["Payload"])
    raise stepfunctions._ExecutionError("States.Timeout", "no notification arrived")
