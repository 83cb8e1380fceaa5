"""No log and no execution history contains a secret or the text of a message. Runs last."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.demo import DEMO_REPLY, DEMO_TEXT
from local.stack import Stack, find_directory
from tests.e2e.test_messages import send, unused_number, wait_for_end
from tests.generations import both_generations
from tests.machines import TEXT, history

DIRECTORY = Path(__file__).parents[2] / ".local" / "test"


def log_lines(cloud: Stack) -> Iterator[str]:
    logs = cloud.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            yield from (event["message"] for events in pages for event in events["events"])


def histories(cloud: Stack) -> Iterator[Any]:
    machines = cloud.client("stepfunctions")
    for arn in cloud.state_machines.values():
        for page in machines.get_paginator("list_executions").paginate(stateMachineArn=arn):
            for execution in page["executions"]:
                yield history(cloud, execution["executionArn"])


@both_generations
def test_no_secret_and_no_text_is_in_any_log_or_history(cloud: Stack, owner_number: str) -> None:
    wait_for_end(cloud, send(cloud, owner_number, unused_number()))

    directory = find_directory(DIRECTORY, cloud.bandwidth_api)
    contents = {
        "a function's log": "\n".join(log_lines(cloud)),
        "an execution's history": "\n".join(map(str, histories(cloud))),
        "the emulator's log": (directory / "emulator.log").read_text(),
        "the simulator's log": (directory / "simulator.log").read_text(),
    }
    # Empty logs would pass the check below.
    assert contents["a function's log"].count("step succeeded") > 0
    assert contents["an execution's history"].count("Create application") > 0
    secrets = {
        "the dashboard password": cloud.bandwidth["dashboard_password"],
        "the messaging secret": cloud.bandwidth["messaging_secret"],
        "the messaging token": cloud.bandwidth["messaging_token"],
        "the client's secret": cloud.bandwidth["client_secret"],
        "a token (the head of every one)": "eyJhbGciOi",
        "the callback password": cloud.callback_password,
        "the emulator's key": cloud.secret_access_key,
        "the key of forwarded events": "key-of-the-local-cloud",
        "a message's text": TEXT,
        "the demo's text": DEMO_TEXT,
        "the demo's reply": DEMO_REPLY,
    }
    leaks = [
        f"{name} is in {place_name}"
        for name, secret in secrets.items()
        for place_name, content in contents.items()
        if secret in content
    ]
    assert leaks == []
