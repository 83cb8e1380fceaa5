"""Events are signed and sent to webhooks: at least once, to each webhook on its own, for a day."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from random import Random
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from bandwidth_messaging.domain import webhooks
from bandwidth_messaging.domain.webhooks import RETRY_DELAYS, SECRET_OVERLAP, Delivery, read_delivery
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.services import webhook_delivery
from functions.control import manage_webhooks
from functions.messages import send_webhook
from tests.bus import bus_event
from tests.functions.conftest import Stack, call, call_api
from tests.generations import only_current
from tests.http_server import ReceivedRequest, Response, Server, run_server

pytestmark = only_current
LAST_ATTEMPT = len(RETRY_DELAYS) + 1


@pytest.fixture
def endpoint() -> Iterator[Server]:
    with run_server() as server:
        yield server


@pytest.fixture
def other_endpoint() -> Iterator[Server]:
    with run_server() as server:
        yield server


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the metrics that were counted."""
    names: list[str] = []
    monkeypatch.setattr(wiring, "count", names.append)
    return names


def store_webhook(name: str, url: str, **fields: Any) -> str:
    """Store a webhook and return its secret."""
    status, webhook = call_api(manage_webhooks, "PUT", f"/webhooks/{name}", body={"url": url, **fields})
    assert status == HTTPStatus.OK, webhook
    return str(webhook["secret"])


def shown(name: str) -> Any:
    status, webhook = call_api(manage_webhooks, "GET", f"/webhooks/{name}")
    assert status == HTTPStatus.OK
    return webhook


def publish(stack: Stack, event_id: str, detail_type: str = "Message Delivered") -> dict[str, Any]:
    """Let the rule queue an event. Return the event."""
    event = bus_event(detail_type, {"eventId": event_id, "version": 1, "messageId": "out_1", "text": "é"})
    stack.sqs.send_message(QueueUrl=stack.webhook_queue, MessageBody=json.dumps(event))
    return event


def work(stack: Stack) -> int:
    """Process the records that are visible, and return how many there were. Records with a delay stay."""
    received = stack.sqs.receive_message(
        QueueUrl=stack.webhook_queue,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    ).get("Messages", [])
    handles = {each["MessageId"]: each["ReceiptHandle"] for each in received}
    records = [
        {
            "messageId": each["MessageId"],
            "receiptHandle": each["ReceiptHandle"],
            "body": each["Body"],
            "attributes": each["Attributes"],
            "messageAttributes": {
                name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
                for name, value in each.get("MessageAttributes", {}).items()
            },
        }
        for each in received
    ]
    if records:
        failures = call(send_webhook, {"Records": records})["batchItemFailures"]
        for message_id in handles.keys() - {each["itemIdentifier"] for each in failures}:
            stack.sqs.delete_message(QueueUrl=stack.webhook_queue, ReceiptHandle=handles[message_id])
    return len(records)


def work_until_idle(stack: Stack) -> None:
    """Process records until none is visible."""
    while work(stack):
        pass


def attempt(stack: Stack, event: dict[str, Any], attempts: int = 0) -> tuple[Delivery, int] | None:
    """Attempt a delivery to the webhook crm as the worker does, after `attempts` others.

    Return the delivery that is queued next, and the seconds until its attempt. None if there is none.
    """
    wiring.webhook_delivery().deliver(json.dumps(event), Delivery("crm", attempts))
    with queue_of(stack) as queued:
        if not queued:
            return None
        (message,) = queued
        attributes = {name: value["StringValue"] for name, value in message.message_attributes.items()}
    delivery = read_delivery(attributes.get)
    assert delivery
    return delivery, round(delivery.due - time.time())


@contextmanager
def queue_of(stack: Stack) -> Iterator[list[Any]]:
    """Return the messages of the queue, also those with a delay, and delete them afterwards."""
    from moto.backends import get_backend  # noqa: PLC0415

    messages = get_backend("sqs")["123456789012"]["us-east-1"].queues["webhooks"]._messages
    yield messages
    messages.clear()


@pytest.fixture
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each attempt follow at once."""
    monkeypatch.setattr(webhooks, "RETRY_DELAYS", [0] * len(RETRY_DELAYS))
    monkeypatch.setattr(webhooks, "_MAX_RETRY_AFTER_SECONDS", 0)


def verify(secret: str, request: ReceivedRequest) -> Any:
    """Verify a request with the library of Standard Webhooks, and return its JSON."""
    return Webhook(secret).verify(request.body, dict(request.headers))


def test_a_webhook_receives_the_event_with_a_valid_signature(stack: Stack, endpoint: Server) -> None:
    secret = store_webhook("crm", f"{endpoint.url}/events")
    event = publish(stack, "event-1")

    work_until_idle(stack)

    request = endpoint.only_request
    assert request.path == "/events"
    assert request.headers["webhook-id"] == "event-1"
    assert verify(secret, request) == event


def test_a_changed_body_or_another_secret_is_not_verified(
    stack: Stack, endpoint: Server, other_endpoint: Server
) -> None:
    secret = store_webhook("crm", endpoint.url)
    other = store_webhook("audit", other_endpoint.url)
    publish(stack, "event-1")
    work_until_idle(stack)
    request = endpoint.only_request

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body + b" ", dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        verify(other, request)
    assert verify(other, other_endpoint.only_request)


def test_the_standard_format_has_no_envelope(stack: Stack, endpoint: Server) -> None:
    secret = store_webhook("crm", endpoint.url, format="standard")
    event = publish(stack, "event-1")

    work_until_idle(stack)

    assert verify(secret, endpoint.only_request) == {
        "type": "Message Delivered",
        "timestamp": event["time"],
        "data": event["detail"],
    }


def test_each_webhook_gets_its_types_only(stack: Stack, endpoint: Server, other_endpoint: Server) -> None:
    store_webhook("crm", endpoint.url, types=["Message Failed"])
    store_webhook("audit", other_endpoint.url)
    store_webhook("paused", endpoint.url, state="disabled")
    publish(stack, "event-1", "Message Delivered")
    publish(stack, "event-2", "Message Failed")

    work_until_idle(stack)

    assert [each.headers["webhook-id"] for each in endpoint.requests] == ["event-2"]
    assert {each.headers["webhook-id"] for each in other_endpoint.requests} == {"event-1", "event-2"}


def test_an_event_that_no_webhook_wants_is_done(stack: Stack) -> None:
    publish(stack, "event-1")

    assert [work(stack), work(stack)] == [1, 0]


@pytest.mark.usefixtures("no_delays")
def test_1000_events_arrive_although_a_fifth_of_the_responses_fail(stack: Stack, endpoint: Server) -> None:
    random = Random(16)  # noqa: S311 - the same responses in each run
    failures = [
        Response(500),
        Response(503, headers={"Retry-After": "7"}),
        Response(429),
        Response(lost=True),
    ]
    responses = [
        random.choice(failures) if random.random() < 0.2 else Response(random.choice([200, 202, 204]))
        for _ in range(2000)
    ]
    endpoint.respond_with(*responses)
    secret = store_webhook("crm", endpoint.url)
    ids = {f"event-{position}" for position in range(1000)}
    for position, event_id in enumerate(ids):
        publish(stack, event_id)
        if position % 10 == 9:
            # moto takes quadratic time for a long queue.
            work_until_idle(stack)

    assert all(verify(secret, request) for request in endpoint.requests)
    outcomes = list(zip(endpoint.requests, responses, strict=False))
    is_accepted = {True: list[str](), False: list[str]()}
    for request, response in outcomes:
        is_accepted[response.status < 300 and not response.lost].append(request.headers["webhook-id"])
    assert sorted(is_accepted[True]) == sorted(ids)
    assert 0.15 < len(is_accepted[False]) / len(outcomes) < 0.25
    assert stack.receive_messages(stack.webhook_dead_letter_queue) == []


@pytest.mark.usefixtures("no_delays")
def test_a_failing_webhook_repeats_nothing_for_the_others(
    stack: Stack, endpoint: Server, other_endpoint: Server, counted: list[str]
) -> None:
    endpoint.respond_with(Response(500))
    store_webhook("crm", endpoint.url)
    store_webhook("audit", other_endpoint.url)
    publish(stack, "event-1")

    work_until_idle(stack)

    assert len(endpoint.requests) == LAST_ATTEMPT
    assert len(other_endpoint.requests) == 1
    assert counted == ["WebhookAttemptFailed"] * LAST_ATTEMPT


def test_a_failed_delivery_waits_for_its_next_attempt(stack: Stack, endpoint: Server) -> None:
    endpoint.respond_with(Response(500))
    store_webhook("crm", endpoint.url)
    publish(stack, "event-1")
    work_until_idle(stack)

    assert work(stack) == 0
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 404, 500])
def test_every_other_response_is_retried_with_growing_delays(
    stack: Stack, endpoint: Server, status: int
) -> None:
    endpoint.respond_with(Response(status))
    store_webhook("crm", endpoint.url)
    event = bus_event("Message Sent", {"eventId": "event-1"})

    for attempts, expected in ((0, 5), (1, 30), (6, 7200)):
        delivery, seconds = attempt(stack, event, attempts) or (None, 0)

        assert delivery
        assert delivery.attempts == attempts + 1
        assert expected - 1 <= seconds <= expected * 1.1 + 1


def test_a_delivery_that_is_not_due_returns_to_the_queue(stack: Stack, endpoint: Server) -> None:
    store_webhook("crm", endpoint.url)
    waiting = Delivery("crm", 9, round(time.time()) + 3600)

    wiring.webhook_delivery().deliver(json.dumps(bus_event("Message Sent", {"eventId": "1"})), waiting)

    assert endpoint.requests == []
    with queue_of(stack) as queued:
        (message,) = queued
        # SQS delays a message by at most 15 minutes.
        assert message.delayed_until - time.time() * 1000 == pytest.approx(900_000, abs=30_000)
        assert read_delivery(lambda name: message.message_attributes[name]["StringValue"]) == waiting


@pytest.mark.usefixtures("no_delays")
def test_after_the_last_attempt_the_event_is_a_dead_letter_that_can_be_moved_back(
    stack: Stack, endpoint: Server
) -> None:
    endpoint.respond_with(Response(500))
    secret = store_webhook("crm", endpoint.url)
    event = publish(stack, "event-1")
    work_until_idle(stack)

    (dead,) = stack.sqs.receive_message(
        QueueUrl=stack.webhook_dead_letter_queue, MessageAttributeNames=["All"]
    )["Messages"]
    assert len(endpoint.requests) == LAST_ATTEMPT
    assert json.loads(dead["Body"]) == event
    attributes = {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}
    assert attributes == {"webhook": "crm"}

    endpoint.respond_with(Response(200))
    stack.sqs.send_message(
        QueueUrl=stack.webhook_queue, MessageBody=dead["Body"], MessageAttributes=dead["MessageAttributes"]
    )
    work_until_idle(stack)

    assert verify(secret, endpoint.requests[-1]) == event


def test_a_webhook_that_responds_410_is_disabled(stack: Stack, endpoint: Server, counted: list[str]) -> None:
    endpoint.respond_with(Response(410))
    store_webhook("crm", endpoint.url)
    publish(stack, "event-1")
    publish(stack, "event-2")

    work_until_idle(stack)

    assert len(endpoint.requests) == 1
    webhook = shown("crm")
    assert (webhook["state"], webhook["reason"]) == ("disabled", "The endpoint responded 410 Gone.")
    assert webhook["times"]["disabled"]
    assert counted == ["WebhookDisabled"]


def test_a_410_of_a_url_that_was_replaced_meanwhile_loses_no_event(
    stack: Stack, endpoint: Server, other_endpoint: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.respond_with(Response(410))
    store_webhook("crm", endpoint.url)
    receive = endpoint.receive

    def replace_the_url(request: ReceivedRequest) -> Response:
        call_api(manage_webhooks, "PUT", "/webhooks/crm", body={"url": other_endpoint.url})
        return receive(request)

    monkeypatch.setattr(endpoint, "receive", replace_the_url)
    event = bus_event("Message Sent", {"eventId": "event-1"})

    queued = attempt(stack, event)
    assert queued
    attempt(stack, event, queued[0].attempts)

    assert queued[0].attempts == 1
    assert shown("crm")["state"] == "enabled"
    assert json.loads(other_endpoint.only_request.body) == event


def test_a_disabled_webhook_is_enabled_again_with_the_same_secret(stack: Stack, endpoint: Server) -> None:
    endpoint.respond_with(Response(410), Response(204))
    secret = store_webhook("crm", endpoint.url)
    publish(stack, "event-1")
    work_until_idle(stack)

    status, webhook = call_api(manage_webhooks, "PUT", "/webhooks/crm", body={"url": endpoint.url})
    publish(stack, "event-2")
    work_until_idle(stack)

    assert status == HTTPStatus.OK
    assert webhook["state"] == "enabled"
    assert not webhook.keys() & {"reason", "secret"}
    assert verify(secret, endpoint.requests[-1])


def test_waiting_deliveries_of_a_deleted_webhook_are_dropped(stack: Stack, endpoint: Server) -> None:
    store_webhook("crm", endpoint.url)
    call_api(manage_webhooks, "DELETE", "/webhooks/crm")

    assert attempt(stack, bus_event("Message Sent", {"eventId": "event-1"}), attempts=3) is None
    assert endpoint.requests == []


def test_waiting_deliveries_of_types_that_a_webhook_no_longer_wants_are_dropped(
    stack: Stack, endpoint: Server
) -> None:
    store_webhook("crm", endpoint.url, types=["Message Failed"])

    assert attempt(stack, bus_event("Message Sent", {"eventId": "event-1"}), attempts=3) is None
    assert endpoint.requests == []


def test_both_secrets_sign_for_a_day_after_a_rotation(
    stack: Stack, endpoint: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = store_webhook("crm", endpoint.url)
    _, rotated = call_api(manage_webhooks, "POST", "/webhooks/crm/secret")
    event = bus_event("Message Sent", {"eventId": "event-1"})

    attempt(stack, event)
    later = datetime.now(UTC) + SECRET_OVERLAP + timedelta(seconds=1)
    monkeypatch.setattr(webhook_delivery, "now", later.isoformat)
    attempt(stack, event)

    during, after = endpoint.requests
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    assert verify(old, during) == verify(rotated["secret"], during) == event
    assert len(after.headers["webhook-signature"].split(" ")) == 1


def test_logs_contain_no_secret_no_url_and_no_text(
    stack: Stack, endpoint: Server, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.respond_with(Response(500, body="my text"))
    caplog.set_level(logging.INFO)
    secret = store_webhook("crm", f"{endpoint.url}/token-in-path")
    publish(stack, "event-1")

    work_until_idle(stack)

    (record,) = [each for each in caplog.records if each.message == "webhook not delivered"]
    fields = {name: record.__dict__[name] for name in ("webhook", "attempt", "status")}
    assert fields == {"webhook": "crm", "attempt": 1, "status": 500}
    # moto logs the requests that it lets pass.
    own = [each.__dict__ for each in caplog.records if each.name.startswith("bandwidth_messaging")]
    written = json.dumps(own, default=str)
    assert not any(hidden in written for hidden in (secret, "token-in-path", "é", "my text"))
