"""OAuth2 of the current generation: tokens for client credentials, expiry, and rotation."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from simulator.account.config import Generation
from simulator.server import RunningSimulator, serve
from tests.simulator.support import (
    CONFIG,
    DASHBOARD_CREDENTIALS,
    MESSAGING_CREDENTIALS,
    QUICK,
    TIMEOUT,
    Client,
)

CLIENT = (CONFIG.client_id, CONFIG.client_secret)
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def oauth2(bandwidth: RunningSimulator) -> Iterator[Client]:
    with Client(bandwidth.token_url) as client:
        yield client


def token(bandwidth: RunningSimulator, credentials: tuple[str, str] = CLIENT) -> str:
    response = requests.post(bandwidth.token_url, data=GRANT, auth=credentials, timeout=TIMEOUT)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


def status(url: str, authorization: str) -> int:
    return requests.get(url, headers={"Authorization": authorization}, timeout=TIMEOUT).status_code


def applications(bandwidth: RunningSimulator) -> str:
    return f"{bandwidth.dashboard_url}/accounts/{CONFIG.account_id}/applications"


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


class TestTokens:
    def test_client_credentials_return_a_token(self, oauth2: Client) -> None:
        response = oauth2.post("", data=GRANT, auth=CLIENT)

        body = response.json()
        assert response.status_code == 200
        assert body.pop("access_token")
        assert body == {"token_type": "Bearer", "expires_in": 3600}
        assert response.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        ("data", "credentials", "expected"),
        [
            (GRANT, None, (401, "invalid_client")),
            (GRANT, (CONFIG.client_id, "wrong"), (401, "invalid_client")),
            (GRANT, ("wrong", CONFIG.client_secret), (401, "invalid_client")),
            (GRANT, DASHBOARD_CREDENTIALS, (401, "invalid_client")),
            ({"grant_type": "password"}, CLIENT, (400, "unsupported_grant_type")),
            ({}, CLIENT, (400, "invalid_request")),
            ("grant_type=client_credentials", CLIENT, (400, "invalid_request")),
        ],
    )
    def test_other_requests_return_the_errors_of_the_standard(
        self, oauth2: Client, data: Any, credentials: tuple[str, str] | None, expected: tuple[int, str]
    ) -> None:
        response = oauth2.post("", data=data, auth=credentials)
        assert (response.status_code, response.json()["error"]) == expected
        assert ("WWW-Authenticate" in response.headers) == (response.status_code == 401)

    def test_a_token_authorizes_account_and_messaging_requests(
        self, bandwidth: RunningSimulator, dashboard: Client, messaging: Client
    ) -> None:
        bearer = {"Authorization": f"Bearer {token(bandwidth)}"}

        with requests.Session() as session:
            assert session.get(applications(bandwidth), headers=bearer, timeout=TIMEOUT).status_code == 200
            response = session.post(f"{messaging.base}/messages", json={}, headers=bearer, timeout=TIMEOUT)

        assert response.json()["type"] == "request-validation"

    @pytest.mark.parametrize("wrong", ["Bearer", "Bearer made-up", "Basic made-up"])
    def test_an_invalid_token_returns_401(
        self, bandwidth: RunningSimulator, messaging: Client, wrong: str
    ) -> None:
        assert status(applications(bandwidth), wrong) == 401

        response = requests.post(
            f"{messaging.base}/messages", headers={"Authorization": wrong}, json={}, timeout=TIMEOUT
        )
        assert (response.status_code, response.json()["type"]) == (401, "unauthorized")

    def test_the_response_has_the_lifetime_of_the_token(self, oauth2: Client, control: Client) -> None:
        control.put("/oauth2", json={"expires_in": 7})
        assert oauth2.post("", data=GRANT, auth=CLIENT).json()["expires_in"] == 7

    def test_a_token_expires(self, bandwidth: RunningSimulator) -> None:
        bandwidth.simulator.account.tokens.expires_in = 0
        assert status(applications(bandwidth), f"Bearer {token(bandwidth)}") == 401


class TestRotation:
    def test_two_secrets_are_valid_at_the_same_time(
        self, bandwidth: RunningSimulator, control: Client
    ) -> None:
        shown = control.put("/oauth2", json={"client_secrets": ["old", "new"]}).json()
        assert shown["client_secrets"] == 2

        held = [f"Bearer {token(bandwidth, (CONFIG.client_id, each))}" for each in ("old", "new")]
        control.put("/oauth2", json={"client_secrets": ["new"]})
        rejected = requests.post(
            bandwidth.token_url, data=GRANT, auth=(CONFIG.client_id, "old"), timeout=TIMEOUT
        )

        assert rejected.status_code == 401
        assert [status(applications(bandwidth), each) for each in held] == [200, 200]

    def test_tokens_can_be_revoked(self, bandwidth: RunningSimulator, control: Client) -> None:
        bearer = f"Bearer {token(bandwidth)}"

        control.put("/oauth2", json={"revoke": True})

        assert status(applications(bandwidth), bearer) == 401
        assert status(applications(bandwidth), f"Bearer {token(bandwidth)}") == 200
        assert control.get("/oauth2").json()["tokens_issued"] == 2

    def test_a_reset_restores_the_secret_and_keeps_tokens(
        self, bandwidth: RunningSimulator, control: Client
    ) -> None:
        bearer = f"Bearer {token(bandwidth)}"
        control.put("/oauth2", json={"client_secrets": ["other"], "expires_in": 5})

        control.post("/reset")

        assert control.get("/oauth2").json() == {
            "client_id": CONFIG.client_id,
            "client_secrets": 1,
            "expires_in": 3600,
            "tokens_issued": 0,
        }
        assert token(bandwidth)
        assert status(applications(bandwidth), bearer) == 200

    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ({"client_secrets": []}, "client_secrets: "),
            ({"client_secrets": ["a", "b", "c"]}, "client_secrets: "),
            ({"client_secrets": [""]}, "client_secrets.0: "),
            ({"expires_in": 0}, "expires_in: "),
            ({"secret": "a"}, "secret: "),
        ],
    )
    def test_invalid_input_returns_422_with_an_error(self, control: Client, body: object, error: str) -> None:
        response = control.put("/oauth2", json=body)
        assert response.status_code == 422
        assert response.json()["error"].startswith(error)


@pytest.mark.parametrize(
    ("generation", "statuses"),
    [
        ("classic", {"basic": 200, "bearer": 401, "token": 404, "messaging": 400}),
        ("current", {"basic": 401, "bearer": 200, "token": 200, "messaging": 400}),
        ("both", {"basic": 200, "bearer": 200, "token": 200, "messaging": 400}),
    ],
)
def test_a_generation_accepts_only_its_credentials(generation: Generation, statuses: dict[str, int]) -> None:
    with serve(replace(CONFIG, generation=generation), QUICK) as running:
        asked = requests.post(running.token_url, data=GRANT, auth=CLIENT, timeout=TIMEOUT)
        bearer = f"Bearer {asked.json()['access_token'] if asked.ok else 'none'}"
        user = basic(*DASHBOARD_CREDENTIALS)

        messages = requests.post(
            f"{running.messaging_url}/users/{CONFIG.user_id}/messages",
            json={},
            auth=MESSAGING_CREDENTIALS,
            timeout=TIMEOUT,
        )

        assert statuses == {
            "basic": status(applications(running), user),
            "bearer": status(applications(running), bearer),
            "token": asked.status_code,
            "messaging": messages.status_code,
        }


def test_responses_and_captures_have_no_secrets_or_tokens(
    bandwidth: RunningSimulator, control: Client
) -> None:
    issued = token(bandwidth)
    status(applications(bandwidth), f"Bearer {issued}")
    body = {"grant_type": "client_credentials", "client_secret": CONFIG.client_secret, "access_token": issued}

    requests.post(bandwidth.token_url, json=body, auth=CLIENT, timeout=TIMEOUT)

    shown = control.get("/requests?bodies=1").text + control.get("/oauth2").text
    assert CONFIG.client_secret not in shown
    assert issued not in shown
    assert CONFIG.client_secret not in repr(CONFIG)
