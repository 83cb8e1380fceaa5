"""``make demo``: the main job, told as it happens, on the local cloud."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import requests

from local import cloud
from local.progress import CloudError, wait_for
from local.stack import APIS, Stack, file_of

_ROOT: Final = Path(__file__).parent.parent
_PERSON: Final = "+19195551234"
_HELLO: Final = "Good morning, this is a test message"
_REPLY: Final = "Good morning! It works."
_QUIET_SECONDS: Final = 2
_GENERATIONS: Final = {"current": "today", "classic": "the two documents"}


def main() -> int:
    """Run the demo; return 0 only if every part of it really happened."""
    try:
        (stack,) = cloud.up(apis=[cloud.chosen_api()])
        tell(stack)
    except CloudError as error:
        print(f"\nThe demo stopped: {error}", file=sys.stderr)
        return 1
    return 0


def tell(stack: Stack) -> None:
    """Run both set-ups, text through each, and undo them. Raises CloudError where the story breaks."""
    was_empty = not _in_the_account(stack)
    _chapter("Messaging 2.0: the state machine messaging_v2 goes from an empty account to new numbers")
    new = _set_up(stack, "messaging_v2")
    ordered = new["numbers"]
    _list_numbers(stack, ordered)
    _converse(stack, ordered[0])

    _chapter("Hosted Messaging: the state machine hosted_messaging imports numbers that live elsewhere")
    hosted = _set_up(stack, "hosted_messaging")
    imported = json.loads(_sample("hosted_messaging").read_text())["telephoneNumbers"]
    _converse(stack, _list_numbers(stack, imported)[0])

    _chapter("And to undo it: the state machine release_numbers takes back what a set-up brought and made")
    for each in (hosted, new):
        _undo(stack, each["customerOrderId"])
    if left := _in_the_account(stack):
        _expect(not was_empty, f"the account still has {left}")
        print(f"   The account still has what other set-ups use: {left}")
    else:
        print("   Bandwidth's account is as empty as it was before.")

    (other,) = set(APIS) - {stack.bandwidth_api}
    print(f"""
All of it happened on this machine: the real template, an AWS emulator, and a simulator of Bandwidth,
which spoke the API of {_GENERATIONS[stack.bandwidth_api]}.

Try next:
   BANDWIDTH_API={other} make demo
                                the same on the API of {_GENERATIONS[other]}
   cat .local/{file_of(cloud.DIRECTORY, stack.bandwidth_api).name}
                                where everything is (addresses, tables, queues, credentials)
   curl {stack.simulator}/_simulator/messages
                                what Bandwidth received
   make test                    proves it all
   make down                    stops what `make demo` started
   docs/deploy.md               how to deploy it to your own AWS account""")


def _converse(stack: Stack, ours: str) -> None:
    """Send a text from one of our numbers, follow it to its end, let a reply come in, show both."""
    api = _get(stack, f"/numbers/{quote(ours)}")["api"].upper()
    print(f"\n   A text from {ours} to {_PERSON} (POST /messages, sent through {api})")
    accepted = _post(stack, "/messages", {"from": ours, "to": _PERSON, "text": _HELLO})
    print(f"   202, {accepted['messageId']} is {accepted['state']}")
    sent = _follow(stack, accepted["messageId"])
    _expect(sent["state"] == "delivered", f"the text ended {sent['state']}: {sent.get('reason')}")

    print(f"\n   {_PERSON} answers, and Bandwidth calls back with it")
    answer = requests.post(
        f"{stack.simulator}/_simulator/inbound",
        json={"from": _PERSON, "to": ours, "text": _REPLY},
        timeout=10,
    )
    _expect(answer.ok, f"the simulator refused the reply: {answer.text}")
    reply_id = answer.json()["id"]
    try:
        conversation = wait_for(
            "the reply to be stored", lambda: _conversation(stack, ours, reply_id), seconds=30
        )
    except CloudError as error:
        told = requests.get(
            f"{stack.simulator}/_simulator/callbacks", params={"message_id": reply_id}, timeout=10
        )
        raise CloudError(f"{error} What became of Bandwidth's callback: {told.text}") from None
    print(f"   The conversation, newest first (GET /messages?number={ours})")
    for message in conversation:
        arrow = "<-" if message["direction"] == "in" else "->"
        print(f"      {arrow} {message['state']:10} {message['text']}")


def _list_numbers(stack: Stack, expected: Sequence[str]) -> list[str]:
    """Print what is known of the numbers, however they are written; return them in E.164."""
    numbers = []
    print("\n   The numbers it brought (GET /numbers/...)")
    for number in expected:
        shown = _get(stack, f"/numbers/{quote(number)}")
        numbers.append(shown["number"])
        print(f"      {shown['number']}  {shown['state']}, application {shown['applicationId']}")
        _expect(shown["state"] == "active", f"{number} is {shown['state']}: {shown.get('reason')}")
    return numbers


def _sample(machine: str) -> Path:
    return _ROOT / "events" / "executions" / f"{machine}.json"


def _set_up(stack: Stack, name: str) -> dict[str, Any]:
    """Run the machine with the sample input, and print and return its output."""
    given = json.loads(_sample(name).read_text())
    print(f"   input: {json.dumps(given)}   ({_sample(name).relative_to(_ROOT)})")
    output = _run(stack, name, given)
    print(f"   SUCCEEDED: {json.dumps(output, indent=2)}".replace("\n", "\n   "))
    return output


def _undo(stack: Stack, set_up: str) -> None:
    """Print what would be released of a set-up, which changes nothing, and then release it."""
    given: dict[str, Any] = {"customerOrderId": set_up, "everything": True}
    print(f"\n   input: {json.dumps(given | {'dryRun': True})}")
    plan = _run(stack, "release_numbers", given | {"dryRun": True})
    for number in plan["firstNumbers"]:
        print(f"      {number['number']}  {number['then']}")
    for thing in plan["delete"]:
        print(f"      {thing['what']} {thing['id']}  delete")
    for thing in plan["leave"]:
        print(f"      {thing['what']} {thing['id']}  leave: {thing['reason']}")
    print(f"\n   input: {json.dumps(given)}")
    done = _run(stack, "release_numbers", given)
    gone = ", ".join(each["what"] for each in done["resources"] if each["outcome"] == "deleted")
    print(f"   SUCCEEDED: {done['released']} numbers released; deleted: {gone or 'nothing'}\n")
    numbers = [number["number"] for number in plan["firstNumbers"]]
    states = {_get(stack, f"/numbers/{quote(number)}")["state"] for number in numbers}
    _expect(states == {"released"}, f"of {', '.join(numbers)} some are {', '.join(states)}")


def _in_the_account(stack: Stack) -> str:
    """Return what Bandwidth's account holds of what set-ups bring and make, in words."""
    account = requests.get(f"{stack.simulator}/_simulator/account", timeout=10).json()
    # Those to an order end with it.
    account["subscriptions"] = [each for each in account["subscriptions"] if each["order_id"] is None]
    kinds = (
        "numbers", "external_numbers", "locations", "applications", "subscriptions", "catapult_applications",
    )  # fmt: skip
    return ", ".join(f"{len(account[kind])} {kind.replace('_', ' ')}" for kind in kinds if account[kind])


def _run(stack: Stack, name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Start the machine, print each state as it is entered, and return its output."""
    machine = stack.client("stepfunctions")
    arn = machine.start_execution(stateMachineArn=stack.state_machines[name], input=json.dumps(given))[
        "executionArn"
    ]
    for state in _states_as_they_pass(machine, arn):
        print(f"   > {state}", flush=True)
    execution = machine.describe_execution(executionArn=arn)
    if execution["status"] != "SUCCEEDED":
        message = f"{name} ended {execution['status']}: {execution.get('error')} {execution.get('cause')}"
        raise CloudError(message)
    output: dict[str, Any] = json.loads(execution["output"])
    return output


def _states_as_they_pass(machine: Any, arn: str) -> Iterator[str]:
    seen = 0
    last_told = time.monotonic()
    while True:
        running = machine.describe_execution(executionArn=arn)["status"] == "RUNNING"
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for page in machine.get_paginator("get_execution_history").paginate(executionArn=arn)
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]
        if entered[seen:]:
            last_told = time.monotonic()
            yield from entered[seen:]
            seen = len(entered)
        elif time.monotonic() - last_told > _QUIET_SECONDS:
            last_told = time.monotonic()
            yield f"({entered[-1] if entered else 'starting'} is still under way)"
        if not running:
            return
        time.sleep(0.2)


def _follow(stack: Stack, message_id: str) -> dict[str, Any]:
    """Print the message's states as they come, and return it once Bandwidth has told its end."""

    def ended() -> dict[str, Any] | None:
        message = _get(stack, f"/messages/{message_id}")
        return message if message["state"] in {"delivered", "failed", "delivery_unknown"} else None

    message = wait_for("Bandwidth's receipts", ended, seconds=60)
    for state, at in message["times"].items():
        print(f"      {at}  {state}")
    return message


def _conversation(stack: Stack, ours: str, reply_id: str) -> list[dict[str, Any]] | None:
    messages: list[dict[str, Any]] = _get(stack, f"/messages?number=%2B{ours[1:]}")["items"]
    return messages if any(message["messageId"] == reply_id for message in messages) else None


def _get(stack: Stack, path: str) -> dict[str, Any]:
    return _answered(f"GET {path}", lambda: stack.call("GET", path))


def _post(stack: Stack, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return _answered(f"POST {path}", lambda: stack.call("POST", path, body))


def _answered(request: str, send: Callable[[], requests.Response]) -> dict[str, Any]:
    answer = send()
    _expect(answer.ok, f"{request} was answered {answer.status_code}: {answer.text}")
    body: dict[str, Any] = answer.json()
    return body


def _chapter(title: str) -> None:
    print(f"\n{title}", flush=True)


def _expect(held: bool, otherwise: str) -> None:
    if not held:
        raise CloudError(otherwise)


if __name__ == "__main__":
    sys.exit(main())
