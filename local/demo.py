"""``make demo``: run set-ups, messages and releases on the local cloud, and print each step."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import requests

from client import Problem
from local import cloud
from local.progress import CloudError, wait_for
from local.stack import APIS, Stack, find_stack_file

_ROOT: Final = Path(__file__).parent.parent
_HANDSET: Final = "+19195551234"
DEMO_TEXT: Final = "Good morning, this is a test message"
DEMO_REPLY: Final = "Good morning! It works."
_PROGRESS_SECONDS: Final = 2
_GENERATIONS: Final = {"current": "the current API", "classic": "the classic API (the two documents)"}


def main() -> int:
    """Run the demo. Return 0 only if every step succeeded."""
    try:
        (stack,) = cloud.up(apis=[cloud.chosen_api()])
        run(stack)
    except CloudError as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    return 0


def run(stack: Stack) -> None:
    """Run both set-ups, exchange texts with each, and release them. Raises CloudError if a step fails."""
    was_empty = not _describe_account(stack)
    _chapter("Messaging 2.0: the state machine messaging_v2 goes from an empty account to new numbers")
    new = _set_up(stack, "messaging_v2")
    ordered = new["numbers"]
    _list_numbers(stack, ordered)
    _converse(stack, ordered[0])

    _chapter("Hosted Messaging: the state machine hosted_messaging imports numbers of another carrier")
    hosted = _set_up(stack, "hosted_messaging")
    imported = json.loads(_sample("hosted_messaging").read_text())["telephoneNumbers"]
    _converse(stack, _list_numbers(stack, imported)[0])

    _chapter("Release: the state machine release_numbers releases the numbers and deletes the resources")
    for each in (hosted, new):
        _release(stack, each["customerOrderId"])
    if left := _describe_account(stack):
        _require(not was_empty, f"the account still has {left}")
        print(f"   The account still has resources of other set-ups: {left}")
    else:
        print("   Bandwidth's account is empty.")

    (other,) = set(APIS) - {stack.bandwidth_api}
    print(f"""
Everything ran on this machine: the real template on an AWS emulator, and a simulator of Bandwidth with
{_GENERATIONS[stack.bandwidth_api]}.

Try next:
   BANDWIDTH_API={other} make demo
                                runs the demo with {_GENERATIONS[other]}
   cat .local/{find_stack_file(cloud.DIRECTORY, stack.bandwidth_api).name}
                                shows URLs, tables, queues and credentials
   curl {stack.simulator}/_simulator/messages
                                lists the messages that Bandwidth received
   make test                    runs every test
   make down                    stops the local cloud
   docs/deploy.md               describes the deployment to your AWS account""")


def _converse(stack: Stack, number: str) -> None:
    """Send a text from the number, wait for its final state, receive a reply, and print both."""
    api = _call(stack, "getNumber", number=number)["api"].upper()
    print(f"\n   A text from {number} to {_HANDSET} (POST /messages, sent through {api})")
    accepted = _call(stack, "sendMessage", **{"from": number, "to": _HANDSET, "text": DEMO_TEXT})
    print(f"   202, {accepted['messageId']} is {accepted['state']}")
    sent = _wait_for_final_state(stack, accepted["messageId"])
    _require(sent["state"] == "delivered", f"the text is {sent['state']}: {sent.get('reason')}")

    print(f"\n   {_HANDSET} replies, and Bandwidth sends the callback")
    response = requests.post(
        f"{stack.simulator}/_simulator/inbound",
        json={"from": _HANDSET, "to": number, "text": DEMO_REPLY},
        timeout=10,
    )
    _require(response.ok, f"the simulator rejected the reply: {response.text}")
    reply_id = response.json()["id"]
    try:
        conversation = wait_for(
            "the reply to be stored", lambda: _find_conversation(stack, number, reply_id), seconds=30
        )
    except CloudError as error:
        callbacks = requests.get(
            f"{stack.simulator}/_simulator/callbacks", params={"message_id": reply_id}, timeout=10
        )
        raise CloudError(f"{error} The callbacks of the reply: {callbacks.text}") from None
    print(f"   The conversation, newest first (GET /messages?number={number})")
    for message in conversation:
        arrow = "<-" if message["direction"] == "in" else "->"
        print(f"      {arrow} {message['state']:10} {message['text']}")


def _list_numbers(stack: Stack, expected: Sequence[str]) -> list[str]:
    """Print the state of the numbers (E.164 or ten digits) and return them in E.164."""
    numbers = []
    print("\n   The new numbers (GET /numbers/...)")
    for number in expected:
        shown = _call(stack, "getNumber", number=number)
        numbers.append(shown["number"])
        print(f"      {shown['number']}  {shown['state']}, application {shown['applicationId']}")
        _require(shown["state"] == "active", f"{number} is {shown['state']}: {shown.get('reason')}")
    return numbers


def _sample(machine: str) -> Path:
    return _ROOT / "events" / "executions" / f"{machine}.json"


def _set_up(stack: Stack, name: str) -> dict[str, Any]:
    """Run the state machine with its sample input, and print and return its output."""
    data = json.loads(_sample(name).read_text())
    print(f"   input: {json.dumps(data)}   ({_sample(name).relative_to(_ROOT)})")
    output = _run(stack, name, data)
    print(f"   SUCCEEDED: {json.dumps(output, indent=2)}".replace("\n", "\n   "))
    return output


def _release(stack: Stack, set_up: str) -> None:
    """Print the plan of a release (dry run), and then release the set-up."""
    data: dict[str, Any] = {"customerOrderId": set_up, "everything": True}
    print(f"\n   input: {json.dumps(data | {'dryRun': True})}")
    plan = _run(stack, "release_numbers", data | {"dryRun": True})
    for number in plan["firstNumbers"]:
        print(f"      {number['number']}  {number['then']}")
    for resource in plan["delete"]:
        print(f"      {resource['what']} {resource['id']}  delete")
    for resource in plan["leave"]:
        print(f"      {resource['what']} {resource['id']}  leave: {resource['reason']}")
    print(f"\n   input: {json.dumps(data)}")
    done = _run(stack, "release_numbers", data)
    deleted = ", ".join(each["what"] for each in done["resources"] if each["outcome"] == "deleted")
    print(f"   SUCCEEDED: {done['released']} numbers released; deleted: {deleted or 'nothing'}\n")
    numbers = [number["number"] for number in plan["firstNumbers"]]
    states = {_call(stack, "getNumber", number=number)["state"] for number in numbers}
    _require(states == {"released"}, f"{', '.join(numbers)} are {', '.join(states)}, not released")


def _describe_account(stack: Stack) -> str:
    """Return the numbers and resources in Bandwidth's account, as text."""
    account = requests.get(f"{stack.simulator}/_simulator/account", timeout=10).json()
    # A subscription to an order ends with the order.
    account["subscriptions"] = [each for each in account["subscriptions"] if each["order_id"] is None]
    kinds = (
        "numbers", "external_numbers", "locations", "applications", "subscriptions", "catapult_applications",
    )  # fmt: skip
    return ", ".join(f"{len(account[kind])} {kind.replace('_', ' ')}" for kind in kinds if account[kind])


def _run(stack: Stack, name: str, data: dict[str, Any]) -> dict[str, Any]:
    """Run the state machine, print each state that it enters, and return its output."""
    machine = stack.client("stepfunctions")
    arn = machine.start_execution(stateMachineArn=stack.state_machines[name], input=json.dumps(data))[
        "executionArn"
    ]
    for state in _entered_states(machine, arn):
        print(f"   > {state}", flush=True)
    execution = machine.describe_execution(executionArn=arn)
    if execution["status"] != "SUCCEEDED":
        message = f"{name} is {execution['status']}: {execution.get('error')} {execution.get('cause')}"
        raise CloudError(message)
    output: dict[str, Any] = json.loads(execution["output"])
    return output


def _entered_states(machine: Any, arn: str) -> Iterator[str]:
    seen = 0
    last_printed = time.monotonic()
    while True:
        running = machine.describe_execution(executionArn=arn)["status"] == "RUNNING"
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for page in machine.get_paginator("get_execution_history").paginate(executionArn=arn)
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]
        if entered[seen:]:
            last_printed = time.monotonic()
            yield from entered[seen:]
            seen = len(entered)
        elif time.monotonic() - last_printed > _PROGRESS_SECONDS:
            last_printed = time.monotonic()
            yield f"({entered[-1] if entered else 'starting'} is still running)"
        if not running:
            return
        time.sleep(0.2)


def _wait_for_final_state(stack: Stack, message_id: str) -> dict[str, Any]:
    """Wait for the final state of a message, print its states, and return the message."""

    def read_final_message() -> dict[str, Any] | None:
        message = _call(stack, "getMessage", messageId=message_id)
        return message if message["state"] in {"delivered", "failed", "delivery_unknown"} else None

    message = wait_for("Bandwidth's receipts", read_final_message, seconds=60)
    for state, at in message["times"].items():
        print(f"      {at}  {state}")
    return message


def _find_conversation(stack: Stack, number: str, reply_id: str) -> list[dict[str, Any]] | None:
    """Return the messages of a number, newest first; None before the reply is stored."""
    messages: list[dict[str, Any]] = _call(stack, "listMessages", number=number)["items"]
    return messages if any(message["messageId"] == reply_id for message in messages) else None


def _call(stack: Stack, operation: str, **arguments: Any) -> dict[str, Any]:
    """Call an operation of the ControlApi with the client of docs/api.md."""
    try:
        body: dict[str, Any] = stack.api().call(operation, arguments)
    except Problem as problem:
        raise CloudError(f"{operation} failed: {problem}") from None
    return body


def _chapter(title: str) -> None:
    print(f"\n{title}", flush=True)


def _require(condition: bool, failure: str) -> None:
    if not condition:
        raise CloudError(failure)


if __name__ == "__main__":
    sys.exit(main())
