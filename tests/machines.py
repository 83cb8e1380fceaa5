"""Run state machines on the local cloud, and read executions, events and API responses."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from local import function_settings
from local.stack import Stack

# The text of every message that the tests send. The last test checks that no log or history contains it.
TEXT = "a text that only the table may hold"
# Only a hang takes longer: the message of a worker that dies returns to its queue after six minutes.
WAIT_TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class Execution:
    """An execution that has ended. `states` are the states it entered, in order."""

    name: str
    arn: str
    status: str
    output: dict[str, Any] | None
    error: str | None
    cause: str | None
    states: list[str]


def unique(prefix: str) -> str:
    """Return a name of letters, digits and one space that no other test uses."""
    return f"{prefix} {uuid.uuid4().hex[:12]}"


def run(stack: Stack, machine: str, machine_input: Any, name: str | None = None) -> Execution:
    """Start a machine, wait for its end, and return the execution."""
    return wait_for_end(stack, start(stack, machine, machine_input, name))


def start(stack: Stack, machine: str, machine_input: Any, name: str | None = None) -> str:
    """Start a machine and return the execution's ARN."""
    execution = stack.client("stepfunctions").start_execution(
        stateMachineArn=stack.state_machines[machine],
        name=name or f"test-{uuid.uuid4().hex[:12]}",
        input=json.dumps(machine_input),
    )
    return str(execution["executionArn"])


def wait_for_end(stack: Stack, arn: str) -> Execution:
    """Wait for the end of an execution, and return the execution."""
    client = stack.client("stepfunctions")

    def read_ended() -> Any:
        description = client.describe_execution(executionArn=arn)
        return description if description["status"] != "RUNNING" else None

    execution = wait_until(read_ended, lambda: f"still running: {entered_states(stack, arn)}")
    return Execution(
        name=execution["name"],
        arn=arn,
        status=execution["status"],
        output=json.loads(execution["output"]) if execution["status"] == "SUCCEEDED" else None,
        error=execution.get("error"),
        cause=execution.get("cause"),
        states=entered_states(stack, arn),
    )


def wait_until[Result](
    read: Callable[[], Result | None], describe_failure: Callable[[], str] = lambda: "it never happened"
) -> Result:
    """Call `read` until it returns a true value, and return that value.

    Fails with the text of `describe_failure` after WAIT_TIMEOUT_SECONDS.
    """
    deadline = time.monotonic() + WAIT_TIMEOUT_SECONDS
    while not (result := read()):
        assert time.monotonic() < deadline, describe_failure()
        time.sleep(0.1)
    return result


def history(stack: Stack, arn: str) -> list[Any]:
    """Return an execution's events."""
    pages = stack.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def entered_states(stack: Stack, arn: str) -> list[str]:
    """Return the names of the states that an execution has entered, in order."""
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in history(stack, arn)
        if "stateEnteredEventDetails" in event
    ]


def control(stack: Stack, method: str, path: str, body: Any = None) -> Any:
    """Call the simulator's control API under /_simulator, and return the JSON of the response."""
    response = requests.request(method, f"{stack.simulator}/_simulator{path}", json=body, timeout=10)
    assert response.ok, response.text
    return response.json()


def physical_id(stack: Stack, logical_id: str) -> str:
    """Return the physical id of a resource of the template."""
    detail = stack.client("cloudformation").describe_stack_resource(
        StackName=stack.stack_name, LogicalResourceId=logical_id
    )
    name: str = detail["StackResourceDetail"]["PhysicalResourceId"]
    return name


def invoke(stack: Stack, logical_id: str, event: Any) -> Any:
    """Invoke a function of the stack and return its result."""
    response = stack.client("lambda").invoke(
        FunctionName=physical_id(stack, logical_id), Payload=json.dumps(event)
    )
    payload = json.loads(response["Payload"].read())
    assert "FunctionError" not in response, payload
    return payload


def set_variables(stack: Stack, logical_id: str, variables: dict[str, str]) -> dict[str, str]:
    """Publish a function with other environment variables. Return all earlier variables."""
    return function_settings.set_variables(stack.client("lambda"), physical_id(stack, logical_id), variables)


def subscribe_to_messages(stack: Stack, number: str) -> str:
    """Return the URL of a new queue that receives the events about messages of an owner number."""
    return subscribe(stack, {"detail": {"owner": [number]}})


def subscribe(stack: Stack, pattern: dict[str, Any]) -> str:
    """Return the URL of a new queue that receives the stack's events that match the pattern."""
    name = f"watch-{uuid.uuid4().hex[:8]}"
    sqs, events = stack.client("sqs"), stack.client("events")
    queue: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": [stack.stack_name], **pattern}
    events.put_rule(Name=name, EventBusName=stack.event_bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=stack.event_bus, Targets=[{"Id": "1", "Arn": arn}])
    return queue


def receive_events(stack: Stack, queue: str) -> list[Any]:
    """Receive the next events from a queue, at most ten."""
    response = stack.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    return [json.loads(message["Body"]) for message in response.get("Messages", [])]


def list_messages(stack: Stack, number: str) -> list[Any]:
    """Return all messages of a number, newest first."""
    messages: list[Any] = []
    cursor = ""
    while True:
        page = get(stack, f"/messages?number={quote(number)}&limit=100{cursor}")
        messages += page["items"]
        if page["cursor"] is None:
            return messages
        cursor = f"&cursor={quote(page['cursor'])}"


def get(stack: Stack, path: str) -> Any:
    """Return the JSON of a GET request to the ControlApi."""
    response = stack.call("GET", path)
    assert response.ok, response.text
    return response.json()
