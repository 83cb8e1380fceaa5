"""Clients are kept while their credentials stay the same."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.oauth import OAuthClient
from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.runtime.settings import Settings, settings
from tests.template import ROOT

CACHED = [
    settings,
    bandwidth_clients._catapult,
    bandwidth_clients._dashboard,
    bandwidth_clients._dashboard_current,
    bandwidth_clients._messaging,
    bandwidth_clients._messaging_current,
    bandwidth_clients._oauth_client_for,
    stores.messages,
    stores.numbers,
    stores.orders,
]
BANDWIDTH = {
    "dashboardUser": "lorem",
    "dashboardPassword": "dashboard-password",
    "messagingToken": "t-token",
    "messagingSecret": "messaging-secret",
}
CURRENT = {"clientId": "client", "clientSecret": "client-secret"}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, dict[str, str]]]:
    """The content of Secrets Manager, by name of the secret."""
    stored = {
        "the BANDWIDTH_SECRET": BANDWIDTH,
        "the CALLBACK_SECRET": {"username": "bandwidth", "password": "callback-password"},
    }
    requested: list[Any] = []

    class Secrets:
        def get(self, name: str, **options: Any) -> dict[str, str]:
            requested.append(options)
            return stored[name]

    monkeypatch.setattr(bandwidth_clients, "_secrets", Secrets)
    for field in fields(Settings):
        if field.default is MISSING:
            monkeypatch.setenv(field.name.upper(), f"the {field.name.upper()}")
    monkeypatch.setenv("MESSAGE_RETENTION_DAYS", "90")
    monkeypatch.setenv("BANDWIDTH_API", "classic")
    clear()
    yield stored
    clear()
    assert all(options == {"transform": "json", "max_age": 300} for options in requested)


def clear() -> None:
    for cached in CACHED:
        cached.cache_clear()


def test_clients_are_kept_while_their_credentials_stay() -> None:
    assert bandwidth_clients.dashboard() is bandwidth_clients.dashboard()
    assert bandwidth_clients.messaging() is bandwidth_clients.messaging()
    assert bandwidth_clients.catapult() is bandwidth_clients.catapult()


def test_changed_credentials_create_new_clients(secrets: dict[str, dict[str, str]]) -> None:
    dashboard, messaging, catapult = (
        bandwidth_clients.dashboard(),
        bandwidth_clients.messaging(),
        bandwidth_clients.catapult(),
    )
    secrets["the BANDWIDTH_SECRET"] = BANDWIDTH | {
        "dashboardPassword": "rotated",
        "messagingSecret": "rotated",
    }

    assert bandwidth_clients.dashboard() is not dashboard
    assert bandwidth_clients.messaging() is not messaging
    assert bandwidth_clients.catapult() is not catapult


@pytest.fixture
def current(monkeypatch: pytest.MonkeyPatch, secrets: dict[str, dict[str, str]]) -> None:
    """The current generation with exactly the fields that its secret must have."""
    monkeypatch.setenv("BANDWIDTH_API", "current")
    secrets["the BANDWIDTH_SECRET"] = CURRENT


@pytest.mark.usefixtures("current")
def test_account_api_and_messaging_share_one_token() -> None:
    account = bandwidth_clients.dashboard().transport._session.auth
    assert isinstance(account, OAuthClient)
    assert bandwidth_clients.messaging()._transport._session.auth is account


@pytest.mark.usefixtures("current")
def test_a_changed_client_secret_creates_a_new_token(secrets: dict[str, dict[str, str]]) -> None:
    before = bandwidth_clients.dashboard()
    secrets["the BANDWIDTH_SECRET"] = CURRENT | {"clientSecret": "rotated"}

    assert bandwidth_clients.dashboard() is not before
    assert bandwidth_clients.dashboard() is bandwidth_clients.dashboard()


@pytest.mark.usefixtures("current")
def test_v1_in_the_current_generation_requires_the_messaging_token_on_first_use(
    secrets: dict[str, dict[str, str]],
) -> None:
    bandwidth_clients.messaging()
    with pytest.raises(RuntimeError, match="has no messagingToken and no messagingSecret"):
        bandwidth_clients.catapult()
    secrets["the BANDWIDTH_SECRET"] = CURRENT | BANDWIDTH

    assert bandwidth_clients.catapult() is bandwidth_clients.catapult()


def test_imports_use_the_dashboard_user() -> None:
    assert bandwidth_clients.dashboard_credentials() == BasicCredentials("lorem", "dashboard-password")


def test_callbacks_have_their_own_credentials() -> None:
    assert bandwidth_clients.callback_credentials() == BasicCredentials("bandwidth", "callback-password")


@pytest.mark.parametrize("password", [{}, {"dashboardPassword": ""}])
def test_missing_fields_of_a_secret_are_named_and_values_are_not_shown(
    secrets: dict[str, dict[str, str]], password: dict[str, str]
) -> None:
    secrets["the BANDWIDTH_SECRET"] = {"dashboardUser": "lorem", "messagingSecret": "hunter2"} | password
    with pytest.raises(RuntimeError) as raised:
        bandwidth_clients.dashboard_credentials()
    assert str(raised.value) == "the secret the BANDWIDTH_SECRET has no dashboardPassword"
    with pytest.raises(RuntimeError, match=r"has no messagingToken$"):
        bandwidth_clients.messaging()


def test_the_v1_callback_url_contains_the_credentials(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, dict[str, str]]
) -> None:
    secrets["the CALLBACK_SECRET"] = {"username": "bandwidth", "password": "p@ss"}
    monkeypatch.setenv("CALLBACK_URL_V1", "https://example.com/live/callbacks/v1")
    assert bandwidth_clients.callback_url_with_credentials() == (
        "https://bandwidth:p%40ss@example.com/live/callbacks/v1"
    )


def test_stores_are_created_once() -> None:
    assert stores.numbers() is stores.numbers()
    assert stores.messages() is stores.messages()
    assert stores.orders() is stores.orders()


def test_building_a_store_configures_the_log_format() -> None:
    # In a fresh interpreter: in this one other tests have loaded the module.
    code = (
        "import logging; from bandwidth_messaging.runtime import stores; "
        "print(logging.getLogger('bandwidth_messaging').handlers)"
    )
    environment = {"PYTHONPATH": str(ROOT / "layers" / "shared")}

    printed = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)

    assert "StandardOutput" in printed
