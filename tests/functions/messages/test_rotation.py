"""The client secret is rotated while messages are sent: no message waits or is lost."""

import json

import pytest

from bandwidth_messaging.runtime import bandwidth_clients
from simulator.account.tokens import Tokens
from tests.functions.conftest import CONFIG, Stack
from tests.generations import only_current

pytestmark = only_current

NEW = "another-client-secret-in-tests"


@pytest.fixture
def tokens(stack: Stack) -> Tokens:
    return stack.simulator.simulator.account.tokens


def look_up() -> None:
    """Send a read-only request."""
    bandwidth_clients.dashboard().list_applications()


def store(stack: Stack, client_secret: str) -> None:
    secret = {"clientId": CONFIG.client_id, "clientSecret": client_secret}
    stack.secrets.update_secret(SecretId="bandwidth-messaging/bandwidth", SecretString=json.dumps(secret))


def test_account_api_and_messages_use_one_token(stack: Stack, tokens: Tokens) -> None:
    look_up()
    look_up()

    bandwidth_clients.messaging().find_sent(
        "+19195550100",
        "+19195550101",
        since="2026-11-22T10:00:00.000Z",
        until="2026-11-22T10:03:00.000Z",
    )

    assert tokens.issued == 1


def test_a_new_secret_takes_over_while_both_are_valid(stack: Stack, tokens: Tokens) -> None:
    look_up()
    tokens.rotate([CONFIG.client_secret, NEW])
    store(stack, NEW)
    look_up()
    tokens.rotate([NEW])

    look_up()

    assert tokens.issued == 1


def test_a_revoked_secret_is_read_again_at_once(stack: Stack, tokens: Tokens) -> None:
    look_up()
    tokens.rotate([NEW])
    store(stack, NEW)
    tokens.revoke()

    look_up()

    assert tokens.issued == 2


def test_a_refreshed_secret_is_used_by_every_client(stack: Stack, tokens: Tokens) -> None:
    look_up()
    tokens.rotate([NEW])
    store(stack, NEW)
    tokens.revoke()
    look_up()
    refused = stack.requests("POST", "/oauth2/token")
    look_up()

    look_up()

    # One more token, by the client that is made for the new secret.
    assert stack.requests("POST", "/oauth2/token") == refused + 1
