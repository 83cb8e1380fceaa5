"""A toll-free number from its submission to Bandwidth's webhook, the number's state and the event."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local.stack import Stack
from tests.bus import schema_errors
from tests.generations import only_current
from tests.http_server import Server
from tests.machines import control, run, unique, wait_until

EVENT = Path(__file__).parents[2] / "events" / "control" / "verify_number.json"
SUBMISSION = json.loads(json.loads(EVENT.read_text())["body"])


def order_toll_free_number(cloud: Stack) -> str:
    name = unique("toll free")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", {"tollFreeWildCardPattern": "8**", "quantity": 1} | own)
    assert execution.output is not None, execution.cause
    number: str = execution.output["numbers"][0]
    return number


def decide(cloud: Stack, number: str, **decision: Any) -> None:
    control(cloud, "PUT", f"/toll-free/{quote(number)}", decision)


def wait_for_registration(cloud: Stack, number: str, state: str) -> Any:
    def read() -> Any:
        registration = cloud.api().call("getNumber", {"number": number}).get("registration", {})
        return registration if registration.get("state") == state else None

    return wait_until(read)


@only_current
def test_a_denied_number_is_submitted_again_and_verified(cloud: Stack, receiver: Server) -> None:
    client, number = cloud.api(), order_toll_free_number(cloud)
    request = SUBMISSION | {"number": number}
    assert client.call("requestVerification", request)["outcome"] == "submitted"
    assert client.call("requestVerification", request)["outcome"] == "unchanged"

    decide(cloud, number, status="UNVERIFIED", decline_reason="No opt-in", resubmit_allowed=True)

    assert "No opt-in" in wait_for_registration(cloud, number, "unregistered")["reason"]
    shown = client.call("getVerification", {"number": number})
    assert (shown["reason"], shown["resubmitAllowed"]) == ("No opt-in", True)
    assert client.call("requestVerification", request)["outcome"] == "resubmitted"

    decide(cloud, number, status="VERIFIED")

    wait_for_registration(cloud, number, "registered")
    assert client.call("getVerification", {"number": number})["status"] == "VERIFIED"

    def reported() -> list[Any]:
        events = [json.loads(posted.body) for posted in receiver.requests]
        return [
            event
            for event in events
            if event["detail"].get("number") == number
            and event["detail"].get("registration", {}).get("state") == "registered"
        ]

    (event,) = wait_until(reported)
    assert event["detail-type"] == "Number Updated"
    assert schema_errors(event) == []
