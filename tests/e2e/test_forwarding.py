"""The stack posts events to the forward URL, with the key from the secret."""

import json
from typing import Any

from local.stack import Stack
from tests.bus import schema_errors
from tests.e2e.test_messages import send, unused_number, wait_for_end
from tests.generations import both_generations
from tests.http_server import Server
from tests.machines import TEXT, wait_until

EXPECTED_TYPES = {"Message Accepted", "Message Sent", "Message Delivered"}


@both_generations
def test_every_message_event_is_posted_with_the_key_and_matches_its_schema(
    cloud: Stack, owner_number: str, receiver: Server
) -> None:
    message_id = send(cloud, owner_number, unused_number())
    wait_for_end(cloud, message_id)

    def posted() -> dict[str, Any] | None:
        events = [(request, json.loads(request.body)) for request in receiver.requests]
        by_type = {
            event["detail-type"]: (request, event)
            for request, event in events
            if event["detail"].get("messageId") == message_id
        }
        return by_type if by_type.keys() >= EXPECTED_TYPES else None

    by_type = wait_until(posted)

    for request, event in by_type.values():
        assert (request.method, request.path) == ("POST", "/events")
        assert request.headers["X-Api-Key"] == "key-of-the-local-cloud"
        assert schema_errors(event) == []
        assert TEXT not in request.body.decode()
    order = ["Message Accepted", "Message Sending", "Message Sent", "Message Delivered"]
    versions = [by_type[name][1]["detail"]["version"] for name in order if name in by_type]
    assert versions == sorted(set(versions))
