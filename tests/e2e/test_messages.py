"""Messages through the whole stack: API Gateway, queue, worker, Bandwidth, callbacks, tables and bus."""

import base64
import json
import uuid
from typing import Any
from urllib.parse import quote

import pytest
import requests

from local.stack import Stack
from tests.generations import both_generations
from tests.machines import TEXT, control, get, physical_id, receive_events, subscribe_to_messages, wait_until

pytestmark = both_generations


def unused_number() -> str:
    """Return a random number for a recipient or sender."""
    return f"+1919555{uuid.uuid4().int % 10_000:04}"


def send(cloud: Stack, owner_number: str, to: str) -> str:
    response = cloud.call("POST", "/messages", {"from": owner_number, "to": to, "text": TEXT})
    assert response.status_code == 202, response.text
    message_id: str = response.json()["messageId"]
    return message_id


def wait_for_end(cloud: Stack, message_id: str) -> dict[str, Any]:
    def read() -> dict[str, Any] | None:
        message: dict[str, Any] = get(cloud, f"/messages/{message_id}")
        return message if message["state"] in {"delivered", "failed", "delivery_unknown"} else None

    return wait_until(read)


def conversation(cloud: Stack, owner_number: str) -> list[Any]:
    items: list[Any] = get(cloud, f"/messages?number={quote(owner_number)}&limit=100")["items"]
    return items


def callback(
    cloud: Stack, body: str | bytes, headers: dict[str, str] | None = None, **request: Any
) -> requests.Response:
    return requests.post(
        f"{cloud.callback_api}/callbacks/v2",
        data=body,
        headers={"Content-Type": "application/json"} | (headers or {}),
        timeout=30,
        **request,
    )


def inbound(owner: str) -> dict[str, Any]:
    time_ = "2026-02-03T04:05:06.789Z"
    return {
        "type": "message-received", "time": time_, "description": "Incoming message received", "to": owner,
        "message": {
            "id": uuid.uuid4().hex, "owner": owner, "applicationId": "app", "time": time_, "segmentCount": 1,
            "direction": "in", "to": [owner], "from": "+19195551234", "text": TEXT,
        },
    }  # fmt: skip


class TestSending:
    def test_a_text_is_accepted_sent_once_and_delivered(self, cloud: Stack, owner_number: str) -> None:
        to = unused_number()
        message_id = send(cloud, owner_number, to)

        message = wait_for_end(cloud, message_id)

        assert message["state"] == "delivered"
        assert message["times"].keys() >= {"accepted", "sending", "sent", "delivered"}
        (received,) = control(cloud, "GET", f"/messages?to={quote(to)}")["messages"]
        assert (received["tag"], received["text"], received["id"]) == (
            message_id,
            TEXT,
            message["bandwidthId"],
        )

    def test_the_state_follows_every_receipt(self, cloud: Stack, owner_number: str) -> None:
        to = unused_number()
        types = ["message-sending", "message-sent", "message-failed"]
        outcome = {"types": types, "errorCode": 4720, "description": "invalid destination"}
        control(cloud, "PUT", f"/outcomes/{quote(to)}", outcome)

        message = wait_for_end(cloud, send(cloud, owner_number, to))

        assert (message["state"], message["errorCode"]) == ("failed", 4720)
        assert message["reason"].startswith("The recipient's number does not exist")
        assert message["recipients"][to]["state"] == "failed"

    def test_a_429_response_is_retried_until_the_message_is_delivered(
        self, cloud: Stack, owner_number: str
    ) -> None:
        to = unused_number()
        fault = {"method": "POST", "path": "/messages$", "match": to, "answer": {"status": 429}}
        control(cloud, "POST", "/faults", fault)

        assert wait_for_end(cloud, send(cloud, owner_number, to))["state"] == "delivered"
        assert len(control(cloud, "GET", f"/messages?to={quote(to)}")["messages"]) == 1

    def test_a_receipt_resolves_a_lost_response_without_a_second_send(
        self, cloud: Stack, owner_number: str
    ) -> None:
        to = unused_number()

        control(
            cloud,
            "POST",
            "/faults",
            {"method": "POST", "path": "/messages$", "match": to, "lose_answer": True},
        )

        assert wait_for_end(cloud, send(cloud, owner_number, to))["state"] == "delivered"
        assert len(control(cloud, "GET", f"/messages?to={quote(to)}")["messages"]) == 1

    def test_a_pool_sends_from_one_of_its_numbers(self, cloud: Stack, owner_number: str) -> None:
        created = cloud.call("PUT", "/pools/reminders", {"numbers": [owner_number]})
        assert created.status_code == 200, created.text
        assert get(cloud, "/pools/reminders")["members"] == [{"number": owner_number, "usable": True}]

        message = wait_for_end(cloud, send(cloud, "reminders", unused_number()))

        assert message["state"] == "delivered"
        assert (message["from"], message["pool"]) == (owner_number, "reminders")
        assert cloud.call("DELETE", "/pools/reminders").status_code == 200

    def test_an_unknown_sender_is_rejected_with_the_field_name(self, cloud: Stack) -> None:
        response = cloud.call(
            "POST", "/messages", {"from": "+19195550000", "to": unused_number(), "text": TEXT}
        )

        assert response.status_code == 422
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["errors"][0]["field"] == "from"

    def test_a_request_without_an_aws_signature_is_rejected(self, cloud: Stack) -> None:
        response = requests.post(f"{cloud.control_api}/messages", json={"text": TEXT}, timeout=30)
        assert response.status_code == 403


class TestReceiving:
    @pytest.mark.parametrize("credentials", [None, ("bandwidth", "wrong"), ("other", "password")])
    def test_a_callback_without_valid_credentials_is_challenged(
        self, cloud: Stack, owner_number: str, credentials: tuple[str, str] | None
    ) -> None:
        event = inbound(owner_number)

        response = callback(cloud, json.dumps([event]), auth=credentials)

        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Basic realm="bandwidth"'
        assert event["message"]["id"] not in [m["messageId"] for m in conversation(cloud, owner_number)]

    @pytest.mark.parametrize(("credentials", "invocations"), [(None, 0), (("bandwidth", "wrong"), 1)])
    def test_a_challenge_invokes_the_authorizer_at_most_once(
        self, cloud: Stack, owner_number: str, credentials: tuple[str, str] | None, invocations: int
    ) -> None:
        # The emulator reads the source address from this header. AWS ignores the header.
        address = f"203.0.113.{uuid.uuid4().int % 256}"
        headers = {"X-Forwarded-For": address}

        response = callback(cloud, json.dumps([inbound(owner_number)]), auth=credentials, headers=headers)

        assert response.status_code == 401

        known = callback(cloud, "[]", auth=(cloud.callback_user, cloud.callback_password), headers=headers)

        assert known.status_code == 204
        logs = cloud.client("logs").filter_log_events(
            logGroupName=f"/aws/lambda/{cloud.stack_name}/messages",
            filterPattern=f'"{address}"',
        )
        assert len(logs["events"]) == invocations

    def test_a_repeated_callback_creates_one_record(self, cloud: Stack, owner_number: str) -> None:
        event = inbound(owner_number)

        for _ in range(2):
            response = callback(
                cloud, json.dumps([event]), auth=(cloud.callback_user, cloud.callback_password)
            )
            assert response.status_code == 204
        ids = [message["messageId"] for message in conversation(cloud, owner_number)]
        assert ids.count(event["message"]["id"]) == 1

    def test_bandwidth_sends_credentials_only_after_a_challenge(
        self, cloud: Stack, owner_number: str
    ) -> None:
        reply = {"from": unused_number(), "to": owner_number, "text": TEXT, "copies": 2}

        reply_id = control(cloud, "POST", "/inbound", reply)["id"]

        def delivered() -> list[Any]:
            callbacks = control(cloud, "GET", f"/callbacks?message_id={reply_id}")["callbacks"]
            return callbacks if all(each["state"] == "delivered" for each in callbacks) else []

        for delivery in wait_until(delivered):
            assert [(attempt["status"], attempt["with_credentials"]) for attempt in delivery["attempts"]] == [
                (401, False),
                (204, True),
            ]
        stored = [
            message for message in conversation(cloud, owner_number) if message["messageId"] == reply_id
        ]
        assert [message["text"] for message in stored] == [TEXT]

    def test_a_body_that_is_not_text_is_quarantined_unchanged(self, cloud: Stack) -> None:
        body = b"\xff\xfe" + uuid.uuid4().bytes

        response = callback(cloud, body, auth=(cloud.callback_user, cloud.callback_password))

        assert response.status_code == 204
        queue = {"QueueUrl": cloud.quarantine_queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}

        def is_quarantined() -> bool:
            messages = cloud.client("sqs").receive_message(**queue, WaitTimeSeconds=1).get("Messages", [])
            bodies = [json.loads(message["Body"]).get("callback", {}).get("body") for message in messages]
            return base64.b64encode(body).decode() in bodies

        wait_until(is_quarantined)

    def test_an_unreadable_callback_is_quarantined_and_can_be_replayed(
        self, cloud: Stack, owner_number: str
    ) -> None:
        body = json.dumps([{"type": "message-teleported", "mark": uuid.uuid4().hex}])
        large = json.dumps({"type": "message-teleported", "mark": "x" * 300_000})
        for each in (body, large):
            response = callback(cloud, each, auth=(cloud.callback_user, cloud.callback_password))
            assert response.status_code == 204
        queue = {"QueueUrl": cloud.quarantine_queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
        quarantined = [
            json.loads(message["Body"])
            for message in cloud.client("sqs").receive_message(**queue, WaitTimeSeconds=5)["Messages"]
        ]
        (record,) = [each for each in quarantined if each.get("callback", {}).get("body") == body]
        assert record["reasons"] == ["type is unknown"]
        assert "Authorization" not in record["callback"]["multiValueHeaders"]
        assert [each for each in quarantined if "object" in each]

        event = inbound(owner_number)
        old_record = {"at": event["time"], "reasons": ["an earlier version did not know it"]}
        known_callback = record["callback"] | {"body": json.dumps([event])}
        cloud.client("sqs").send_message(
            QueueUrl=cloud.quarantine_queue, MessageBody=json.dumps(old_record | {"callback": known_callback})
        )
        replay = physical_id(cloud, "ReplayQuarantine")
        replayed = cloud.client("lambda").invoke(FunctionName=replay, Payload=json.dumps({"atMost": 100}))
        report = json.loads(replayed["Payload"].read())
        assert (report["stored"], report["reasons"].get("type is unknown", 0) >= 2) == (1, True)
        assert get(cloud, f"/messages/{event['message']['id']}")["state"] == "received"


class TestEvents:
    def test_message_events_are_published_without_the_text(self, cloud: Stack, owner_number: str) -> None:
        queue = subscribe_to_messages(cloud, owner_number)
        message_id = send(cloud, owner_number, unused_number())
        events: dict[str, str] = {}

        def has_all_events() -> bool:
            for event in receive_events(cloud, queue):
                if event["detail"]["messageId"] == message_id:
                    events[event["detail-type"]] = json.dumps(event, ensure_ascii=False)
            return {"Message Accepted", "Message Sent", "Message Delivered"} <= events.keys()

        wait_until(has_all_events)

        assert not any(TEXT in body for body in events.values())
