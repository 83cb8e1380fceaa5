"""The wiring: clients are kept, credentials are those of now."""

from collections.abc import Iterator
from dataclasses import MISSING, fields
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.oauth import OAuthClient
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import Settings, settings

CACHED = [
    settings,
    wiring._catapult,
    wiring._dashboard,
    wiring._dashboard_today,
    wiring._messaging,
    wiring._messaging_today,
    wiring._oauth_client_of,
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
TODAYS = {"clientId": "client", "clientSecret": "client-secret"}


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
    monkeypatch.setenv("BANDWIDTH_API", "classic")
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


@pytest.fixture
def current(monkeypatch: pytest.MonkeyPatch, secrets: dict[str, dict[str, str]]) -> None:
    """Today's generation, with what its secret must hold and no more."""
    monkeypatch.setenv("BANDWIDTH_API", "current")
    secrets["the BANDWIDTH_SECRET"] = TODAYS


@pytest.mark.usefixtures("current")
def test_today_account_api_and_messages_share_one_client_and_so_its_token() -> None:
    account = wiring.dashboard().transport._session.auth
    assert isinstance(account, OAuthClient)
    assert wiring.messaging()._transport._session.auth is account


@pytest.mark.usefixtures("current")
def test_a_new_secret_of_a_client_makes_a_new_token(secrets: dict[str, dict[str, str]]) -> None:
    before = wiring.dashboard()
    secrets["the BANDWIDTH_SECRET"] = TODAYS | {"clientSecret": "rotated"}
    assert wiring.dashboard() is not before
    assert wiring.dashboard() is wiring.dashboard()


@pytest.mark.usefixtures("current")
def test_today_numbers_of_the_v1_api_still_need_its_token_and_say_so_only_then(
    secrets: dict[str, dict[str, str]],
) -> None:
    wiring.messaging()
    with pytest.raises(RuntimeError, match="has no messagingToken and no messagingSecret"):
        wiring.catapult()
    secrets["the BANDWIDTH_SECRET"] = TODAYS | BANDWIDTH
    assert wiring.catapult() is wiring.catapult()


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
    monkeypatch.setenv("CALLBACK_URL_V1", "https://example.com/live/callbacks/v1")
    assert wiring.callback_url_with_credentials() == (
        "https://bandwidth:p%40ss@example.com/live/callbacks/v1"
    )


def test_stores_are_made_once() -> None:
    assert wiring.numbers() is wiring.numbers()
    assert wiring.messages() is wiring.messages()
    assert wiring.orders() is wiring.orders()
