"""Events are posted to a URL of the user's, with the key from the secret."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.stack import Stack
from tests.bus import schema_errors
from tests.e2e.test_messages import eventually, send, unused_number, wait_for_end
from tests.generations import both_generations
from tests.http_server import Response, Server, run_server
from tests.machines import TEXT


@pytest.fixture
def receiver(cloud: Stack) -> Iterator[Server]:
    """A server that the stack's events go to for as long as a test."""
    events = cloud.client("events")
    name = cloud.client("cloudformation").describe_stack_resource(
        StackName=cloud.stack_name, LogicalResourceId="ForwardDestination"
    )["StackResourceDetail"]["PhysicalResourceId"]
    nowhere = events.describe_api_destination(Name=name)["InvocationEndpoint"]
    with run_server() as server:
        server.respond_with(Response(status=202))
        events.update_api_destination(Name=name, InvocationEndpoint=f"{server.url}/events")
        try:
            yield server
        finally:
            events.update_api_destination(Name=name, InvocationEndpoint=nowhere)


@both_generations
def test_every_message_event_is_posted_with_the_key_and_matches_its_schema(
    cloud: Stack, owner_number: str, receiver: Server
) -> None:
    message_id = send(cloud, owner_number, unused_number())
    wait_for_end(cloud, message_id)

    def posted() -> dict[str, Any] | None:
        asked = [(each, json.loads(each.body)) for each in receiver.requests]
        told = {
            event["detail-type"]: (each, event)
            for each, event in asked
            if event["detail"].get("messageId") == message_id
        }
        return told if {"Message Accepted", "Message Sent", "Message Delivered"} <= told.keys() else None

    told = eventually(posted)
    for request, event in told.values():
        assert (request.method, request.path) == ("POST", "/events")
        assert request.headers["X-Api-Key"] == "key-of-the-local-cloud"
        assert schema_errors(event) == []
        assert TEXT not in request.body.decode()
    order = ["Message Accepted", "Message Sending", "Message Sent", "Message Delivered"]
    versions = [told[name][1]["detail"]["version"] for name in order if name in told]
    assert versions == sorted(set(versions))
