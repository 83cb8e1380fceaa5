"""The wiring: clients are kept, credentials are those of now."""

from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import Settings, settings

CACHED = [
    settings,
    wiring._catapult,
    wiring._dashboard,
    wiring._messaging,
    wiring.messages,
    wiring.numbers,
    wiring.orders,
]
BANDWIDTH = {
    "dashboardUser": "lorem",
    "dashboardPassword": "dashboard-password",
    "messagingToken": "t-token",
    "messagingSecret": "messaging-secret",
}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, dict[str, str]]]:
    """Give what is in Secrets Manager, by the name of the secret."""
    stored = {
        "the BANDWIDTH_SECRET": BANDWIDTH,
        "the CALLBACK_SECRET": {"username": "bandwidth", "password": "callback-password"},
    }
    asked: list[Any] = []

    class Secrets:
        def get(self, name: str, **options: Any) -> dict[str, str]:
            asked.append(options)
            return stored[name]

    monkeypatch.setattr(wiring, "_secrets", Secrets)
    for field in fields(Settings):
        if field.default is MISSING:
            monkeypatch.setenv(field.name.upper(), f"the {field.name.upper()}")
    monkeypatch.setenv("MESSAGE_RETENTION_DAYS", "90")
    clear()
    yield stored
    clear()
    assert all(options == {"transform": "json", "max_age": 300} for options in asked)


def clear() -> None:
    for cached in CACHED:
        cached.cache_clear()


def test_clients_of_bandwidth_are_kept_while_their_credentials_stay() -> None:
    assert wiring.dashboard() is wiring.dashboard()
    assert wiring.messaging() is wiring.messaging()
    assert wiring.catapult() is wiring.catapult()


def test_new_credentials_make_new_clients(secrets: dict[str, dict[str, str]]) -> None:
    dashboard, messaging, catapult = wiring.dashboard(), wiring.messaging(), wiring.catapult()
    secrets["the BANDWIDTH_SECRET"] = BANDWIDTH | {
        "dashboardPassword": "rotated",
        "messagingSecret": "rotated",
    }
    assert wiring.dashboard() is not dashboard
    assert wiring.messaging() is not messaging
    assert wiring.catapult() is not catapult


def test_catapult_is_told_the_dashboards_user_when_a_number_is_imported() -> None:
    assert wiring.dashboard_credentials() == BasicCredentials("lorem", "dashboard-password")


def test_callbacks_have_credentials_of_their_own() -> None:
    assert wiring.callback_credentials() == BasicCredentials("bandwidth", "callback-password")


@pytest.mark.parametrize("password", [{}, {"dashboardPassword": ""}])
def test_a_secret_that_lacks_something_is_named_and_not_shown(
    secrets: dict[str, dict[str, str]], password: dict[str, str]
) -> None:
    secrets["the BANDWIDTH_SECRET"] = {"dashboardUser": "lorem", "messagingSecret": "hunter2"} | password
    with pytest.raises(RuntimeError) as raised:
        wiring.dashboard_credentials()
    assert str(raised.value) == "the secret the BANDWIDTH_SECRET has no dashboardPassword"
    with pytest.raises(RuntimeError, match=r"has no messagingToken$"):
        wiring.messaging()


def test_v1_takes_the_callbacks_credentials_inside_the_url(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, dict[str, str]]
) -> None:
    secrets["the CALLBACK_SECRET"] = {"username": "bandwidth", "password": "p@ss"}
    monkeypatch.setenv("CALLBACK_URL", "https://example.com/live/callbacks/v1")
    assert wiring.callback_url_with_credentials() == (
        "https://bandwidth:p%40ss@example.com/live/callbacks/v1"
    )


def test_stores_are_made_once() -> None:
    assert wiring.numbers() is wiring.numbers()
    assert wiring.messages() is wiring.messages()
    assert wiring.orders() is wiring.orders()
