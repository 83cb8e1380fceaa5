"""Idempotency keys, group messages, opt-outs and conversations through the whole stack."""

import time
import uuid
from typing import Any
from urllib.parse import quote

from local.stack import Stack
from tests.e2e.test_messages import unused_number, wait_for_end
from tests.generations import both_generations
from tests.machines import TEXT, control, get, wait_until

pytestmark = both_generations


def post(cloud: Stack, body: Any, key: str | None = None) -> tuple[int, Any]:
    response = cloud.call("POST", "/messages", body, {"Idempotency-Key": key} if key else None)
    return response.status_code, response.json()


def receive_text(cloud: Stack, sender: str, to: str, text: str) -> None:
    """Send an inbound text from the simulator, and wait until it is stored."""
    message_id = control(cloud, "POST", "/inbound", {"from": sender, "to": to, "text": text})["id"]
    wait_until(lambda: cloud.call("GET", f"/messages/{message_id}").ok or None)


def test_a_repeated_idempotency_key_creates_one_message(cloud: Stack, owner_number: str) -> None:
    to, key = unused_number(), uuid.uuid4().hex
    body = {"from": owner_number, "to": to, "text": TEXT}

    first, second = post(cloud, body, key), post(cloud, body, key)

    assert first == second
    assert first[0] == 202
    assert wait_for_end(cloud, first[1]["messageId"])["state"] == "delivered"
    assert post(cloud, body | {"text": "another"}, key)[0] == 422
    assert len(control(cloud, "GET", f"/messages?to={quote(to)}")["messages"]) == 1


def test_a_group_message_has_its_own_state_and_one_per_recipient(cloud: Stack, owner_number: str) -> None:
    group = [unused_number(), unused_number(), unused_number()]
    outcome = {"types": ["message-failed"], "errorCode": 4720}
    control(cloud, "PUT", f"/outcomes/{quote(group[1])}", outcome)

    status, accepted = post(cloud, {"from": owner_number, "to": group, "text": TEXT})

    assert (status, accepted["segmentCount"]) == (202, 1)

    message = wait_for_end(cloud, accepted["messageId"])

    states = {number: recipient["state"] for number, recipient in message["recipients"].items()}
    assert states == {group[0]: "delivered", group[1]: "failed", group[2]: "delivered"}
    assert (message["state"], message["reason"]) == ("failed", "1 of 3 recipients failed")
    failed = message["recipients"][group[1]]
    assert (failed["errorCode"], failed["errorClass"]) == (4720, "recipient")


def test_a_recipient_who_sends_stop_receives_no_message_until_start(cloud: Stack, owner_number: str) -> None:
    person = unused_number()
    body = {"from": owner_number, "to": person, "text": TEXT}
    receive_text(cloud, person, owner_number, "STOP.")
    wait_until(lambda: post(cloud, body)[0] == 409 or None)

    _, problem = post(cloud, body)

    assert problem["detail"].startswith(f"{person} opted out of texts from {owner_number} at ")
    listed = get(cloud, f"/numbers/{quote(owner_number)}/opt-outs?limit=100")["items"]
    assert [(each["number"], each["keyword"]) for each in listed if each["number"] == person] == [
        (person, "stop")
    ]

    # A START within the same second as the STOP is ignored.
    time.sleep(1)
    receive_text(cloud, person, owner_number, "start")
    wait_until(lambda: post(cloud, body)[0] == 202 or None)


def test_a_conversation_contains_only_the_messages_of_both_participants(
    cloud: Stack, owner_number: str
) -> None:
    person = unused_number()
    _, sent = post(cloud, {"from": owner_number, "to": person, "text": TEXT})
    wait_for_end(cloud, sent["messageId"])
    receive_text(cloud, person, owner_number, TEXT)

    post(cloud, {"from": owner_number, "to": unused_number(), "text": TEXT})

    listed = get(cloud, f"/conversations/{quote(owner_number)}/{quote(person)}")["items"]
    assert [message["direction"] for message in listed] == ["in", "out"]
