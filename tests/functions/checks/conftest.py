"""Shared by the tests of functions/checks: a healthy deployment, and the doctor's report."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores
from functions.checks import doctor
from simulator.account.account import Location, SmsFeature
from tests.functions.conftest import CALLBACK_URL, CONFIG, Stack, call, sample
from tests.http_server import Response, Server, run_server

NUMBER, HOSTED = "+19102398766", "+19192381138"
AT = "2026-01-31T12:00:00.000Z"
V1_CALLBACK_URL = CALLBACK_URL.replace("/v2", "/v1")
CHALLENGE = Response(401, headers={"WWW-Authenticate": 'Basic realm="bandwidth"'})
SECRETS = (
    CONFIG.dashboard_password, CONFIG.messaging_secret, CONFIG.messaging_token, CONFIG.client_secret,
    "callback:password",
    "wrong-password-in-tests",
)  # fmt: skip


@pytest.fixture
def callback_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A healthy callback API in place of the stack's own."""
    with run_server() as server:
        server.respond_with(CHALLENGE, Response(204))
        monkeypatch.setenv("CALLBACK_PROBE_URL", f"{server.url}/callbacks/v2")
        yield server


@pytest.fixture
def deployment(stack: Stack, callback_api: Server) -> Stack:
    """A healthy deployment: one number at a location with an application."""
    account = stack.simulator.simulator.account
    application = account.create_application("texts", CALLBACK_URL, "bandwidth", "callback:password")
    location = account.create_location(CONFIG.site_id, "texts", is_default=True)
    account.enable_sms(location, SmsFeature({"Protocol": "HTTP"}, "539692"))
    account.enable_mms(location, "HTTP", "539692")
    account.assign_application(location, application.id)
    activate(NUMBER, application.id, location.id)
    return stack


def activate(number: str, application_id: str, location_id: str | None, api: Any = "v2") -> None:
    home = Home(
        api=api,
        customer_order_id="order-1",
        site_id=CONFIG.site_id,
        order_id="o-1",
        application_id=application_id,
        location_id=location_id,
    )
    stores.numbers().activate(number, home, AT)


def location_of(stack: Stack) -> Location:
    (location,) = stack.simulator.simulator.account.locations()
    return location


def application_of(stack: Stack) -> Any:
    (application,) = stack.simulator.simulator.account.applications()
    return application


def put_secret(stack: Stack, **fields: Any) -> None:
    secret = json.loads(
        stack.secrets.get_secret_value(SecretId="bandwidth-messaging/bandwidth")["SecretString"]
    )
    updated = {name: value for name, value in (secret | fields).items() if value is not None}
    stack.secrets.update_secret(SecretId="bandwidth-messaging/bandwidth", SecretString=json.dumps(updated))


def change_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Change an environment variable and drop the cached settings."""
    monkeypatch.setenv(name, value)
    settings_module.settings.cache_clear()


class Report:
    """The doctor's report."""

    def __init__(self, report: dict[str, Any]) -> None:
        self.healthy, self.summary, self.checks = report["healthy"], report["summary"], report["checks"]
        self.text = json.dumps(report, ensure_ascii=False)

    def __getitem__(self, name: str) -> dict[str, Any]:
        (found,) = [each for each in self.checks if each["check"] == name]
        return found

    @property
    def not_ok(self) -> set[str]:
        """The names of the checks that are not ok."""
        return {each["check"] for each in self.checks if each["result"] != "ok"}

    def wrong(self, name: str) -> str:
        """Return what is wrong and how to fix it, as one text."""
        assert self[name]["result"] == "wrong", self[name]
        return f"{self[name]['found']} -> {self[name]['fix']}"


def diagnose() -> Report:
    report = Report(call(doctor, sample("checks/doctor")))
    assert [secret for secret in SECRETS if secret in report.text] == []
    return report
