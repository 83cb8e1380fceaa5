"""The doctor in today's generation: client credentials, roles, registration, two callback URLs."""

import pytest

from simulator.account.registrations import Campaign
from tests.functions.checks.conftest import (
    activate,
    application_of,
    diagnose,
    location_of,
    put_secret,
    setting,
)
from tests.functions.conftest import CALLBACK_URL, House
from tests.generations import only_current
from tests.http_server import nobody_listens

pytestmark = only_current


@pytest.fixture
def current(deployment: House) -> House:
    """A deployment with nothing wrong, and one 10DLC campaign."""
    deployment.simulator.simulator.registrations.set_campaign(Campaign("C1", "REGISTERED"))
    return deployment


def test_a_current_deployment_with_nothing_wrong_is_healthy(current: House) -> None:
    report = diagnose()
    assert report.healthy is True, report.checks
    assert [each["check"] for each in report.checks] == [
        "secret", "account credentials", "generation", "roles", "messaging credentials", "site", "numbers",
        f"location {location_of(current).id}", f"application {application_of(current).id}", "registration",
        "callback challenge", "callback credentials",
    ]  # fmt: skip
    assert report.summary == "12 of 12 checks are well."
    assert report["registration"]["found"] == "10DLC campaigns: 1, registered: 1"


def test_it_changes_nothing_there_either(current: House) -> None:
    diagnose()
    asked = current.simulator.simulator.capture.requests("", None, bodies=False)
    assert {each["method"] for each in asked if "oauth2" not in each["path"]} == {"GET"}


def test_a_classic_secret_in_a_current_deployment(current: House) -> None:
    put_secret(current, clientId=None, clientSecret=None)
    assert "clientId is missing; clientSecret is missing" in diagnose().wrong("secret")


def test_a_client_secret_that_is_not_good_any_more(current: House) -> None:
    put_secret(current, clientSecret="wrong-password-in-tests")
    report = diagnose()
    for name in ("account credentials", "messaging credentials"):
        assert "gives this client no token" in report.wrong(name)
    assert "ask" not in report["generation"]["found"]


def test_a_token_endpoint_that_is_out_of_reach(current: House, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(monkeypatch, "TOKEN_URL", nobody_listens())
    assert "asked for a token" in diagnose().wrong("account credentials")


def test_a_role_that_only_a_set_up_would_miss(current: House) -> None:
    current.simulator.simulator.account.tokens.roles = ["Configuration", "HTTP Application Management"]
    told = diagnose().wrong("roles")
    assert "the credentials lack Ordering; they have Configuration" in told


def test_credentials_for_another_account(current: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current.simulator.simulator.account.tokens, "account_id", "4711")
    assert "for account 4711, not for 5000001" in diagnose().wrong("roles")


def test_a_token_that_does_not_tell_its_roles(current: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current.simulator.simulator.account.tokens, "claims", lambda: {"scope": ""})
    assert diagnose()["roles"]["result"] == "ok"


def test_the_messaging_role_is_named(current: House) -> None:
    current.fault("/messages$", answer={"status": 403})
    assert "the role Messaging" in diagnose().wrong("messaging credentials")


def test_registration_that_is_not_shown_is_told_and_not_held_against_the_deployment(current: House) -> None:
    current.simulator.simulator.registrations.denied = "role"
    report = diagnose()
    assert report.healthy is True
    assert "does not have access rights" in report["registration"]["found"]
    assert "the role Campaign Management" in report["registration"]["mend"]
    assert "to be seen to: registration" in report.summary


def test_toll_free_verification_is_asked_for_where_there_is_a_toll_free_number(current: House) -> None:
    activate("+18005551212", application_of(current).id, location_of(current).id)
    current.simulator.simulator.registrations.toll_free_denied = True
    assert "does not show it to these credentials" in diagnose()["registration"]["found"]


def test_an_application_that_has_no_url_for_receipts(current: House) -> None:
    application = application_of(current)
    body = f"""<A><ApplicationList><Application><ApplicationId>{application.id}</ApplicationId>
        <InboundCallbackUrl>{CALLBACK_URL}</InboundCallbackUrl></Application></ApplicationList></A>"""
    current.fault("/applications$", answer={"status": 200, "body": body})
    assert "it has no OutboundCallbackUrl" in diagnose().wrong(f"application {application.id}")
