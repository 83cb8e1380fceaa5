"""Webhooks receive the stack's events with valid signatures, also after failures."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from local.stack import Stack
from tests.bus import schema_errors
from tests.e2e.test_messages import send, unused_number, wait_for_end
from tests.generations import both_generations
from tests.http_server import Response, Server, run_server
from tests.machines import physical_id, wait_until


@pytest.fixture
def endpoint(cloud: Stack) -> Iterator[Server]:
    """Run a server that rejects the first two requests, and enable the rule of webhooks meanwhile."""
    events = cloud.client("events")
    rule = physical_id(cloud, "WebhookRule")
    with run_server() as server:
        server.respond_with(Response(500), Response(503), Response(204))
        events.enable_rule(Name=rule, EventBusName=cloud.event_bus)
        try:
            yield server
        finally:
            events.disable_rule(Name=rule, EventBusName=cloud.event_bus)


@both_generations
def test_a_webhook_receives_the_events_of_a_message_although_it_fails_at_first(
    cloud: Stack, owner_number: str, endpoint: Server
) -> None:
    name = f"test-{uuid.uuid4().hex[:12]}"
    path = f"/webhooks/{name}"
    types = ["Message Delivered", "Message Sent"]
    created = cloud.call("PUT", path, {"url": f"{endpoint.url}/events", "types": types})
    assert created.status_code == 200, created.text
    secret = created.json()["secret"]
    # The list of enabled webhooks is an index, which may lag.
    wait_until(lambda: name in cloud.call("GET", "/webhooks").text or None)
    try:
        message_id = send(cloud, owner_number, unused_number())
        wait_for_end(cloud, message_id)

        def accepted() -> dict[str, Any] | None:
            events = [json.loads(request.body) for request in endpoint.requests[2:]]
            by_type = {
                event["detail-type"]: event
                for event in events
                if event["detail"].get("messageId") == message_id
            }
            return by_type if by_type.keys() == set(types) else None

        by_type = wait_until(accepted)
    finally:
        cloud.call("DELETE", path)

    assert [schema_errors(event) for event in by_type.values()] == [[], []]
    for request in endpoint.requests:
        event = Webhook(secret).verify(request.body, dict(request.headers))
        assert request.headers["webhook-id"] == event["detail"]["eventId"]
