"""Running the state machines on the local cloud, and looking at what they did."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests

from local.stack import Stack

# In every message of the tests on the local cloud; the last test looks for it in logs and histories.
TEXT = "a text that only the table may hold"
# 5,000 imports take more than a minute on two busy cores.
_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Execution:
    """How an execution ended: status, output, error and cause, and the states it passed, in order."""

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


def run(stack: Stack, machine: str, given: Any, name: str | None = None) -> Execution:
    """Start a machine and return the execution once it has ended."""
    return wait_for_end(stack, start(stack, machine, given, name))


def start(stack: Stack, machine: str, given: Any, name: str | None = None) -> str:
    """Start a machine and return the execution's ARN."""
    execution = stack.client("stepfunctions").start_execution(
        stateMachineArn=stack.state_machines[machine],
        name=name or f"test-{uuid.uuid4().hex[:12]}",
        input=json.dumps(given),
    )
    return str(execution["executionArn"])


def wait_for_end(stack: Stack, arn: str) -> Execution:
    """Return an execution once it has ended."""
    client = stack.client("stepfunctions")

    def ended_execution() -> Any:
        found = client.describe_execution(executionArn=arn)
        return found if found["status"] != "RUNNING" else None

    execution = wait_until(ended_execution, lambda: f"still running: {entered_states(stack, arn)}")
    return Execution(
        name=execution["name"],
        arn=arn,
        status=execution["status"],
        output=json.loads(execution["output"]) if execution["status"] == "SUCCEEDED" else None,
        error=execution.get("error"),
        cause=execution.get("cause"),
        states=entered_states(stack, arn),
    )


def wait_until[Found](look: Callable[[], Found | None], otherwise: Callable[[], str]) -> Found:
    """Return what `look` finds, looking again until it does; fail with what `otherwise` says."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.1)
    return found


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
    """Tell the simulator something, or ask it, under /_simulator."""
    response = requests.request(method, f"{stack.simulator}/_simulator{path}", json=body, timeout=10)
    assert response.ok, response.text
    return response.json()


def physical_id(stack: Stack, logical_id: str) -> str:
    """Return what a resource of the template is called on the local cloud."""
    detail = stack.client("cloudformation").describe_stack_resource(
        StackName=stack.stack_name, LogicalResourceId=logical_id
    )
    name: str = detail["StackResourceDetail"]["PhysicalResourceId"]
    return name


def invoke(stack: Stack, logical_id: str, event: Any) -> Any:
    """Call a function of the stack and return what it returns."""
    response = stack.client("lambda").invoke(
        FunctionName=physical_id(stack, logical_id), Payload=json.dumps(event)
    )
    payload = json.loads(response["Payload"].read())
    assert "FunctionError" not in response, payload
    return payload


def subscribe_to_messages(stack: Stack, number: str) -> str:
    """Return the URL of a new queue that gets every event about messages of a number of ours."""
    return subscribe(stack, {"detail": {"owner": [number]}})


def subscribe(stack: Stack, pattern: dict[str, Any]) -> str:
    """Return the URL of a new queue that gets every event of the stack that is like the pattern."""
    name = f"watch-{uuid.uuid4().hex[:8]}"
    sqs, events = stack.client("sqs"), stack.client("events")
    queue: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": [stack.stack_name], **pattern}
    events.put_rule(Name=name, EventBusName=stack.event_bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=stack.event_bus, Targets=[{"Id": "1", "Arn": arn}])
    return queue


def receive_events(stack: Stack, queue: str) -> list[Any]:
    """Return the events that have come to a queue since this was last asked."""
    found = stack.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def list_messages(stack: Stack, number: str) -> list[Any]:
    """Return all messages of a number, newest first."""
    found: list[Any] = []
    cursor = ""
    while True:
        page = get(stack, f"/messages?number={quote(number)}&limit=100{cursor}")
        found += page["items"]
        if page["cursor"] is None:
            return found
        cursor = f"&cursor={quote(page['cursor'])}"


def get(stack: Stack, path: str) -> Any:
    """Read from the ControlApi."""
    response = stack.call("GET", path)
    assert response.ok, response.text
    return response.json()
