"""The doctor in the current generation: client credentials, roles, registration, two callback URLs."""

import pytest

from bandwidth_messaging.domain.registration import build_toll_free_registration
from bandwidth_messaging.runtime import stores
from simulator.account.registrations import Campaign
from tests.functions.checks.conftest import (
    AT,
    activate,
    application_of,
    change_setting,
    diagnose,
    location_of,
    put_secret,
)
from tests.functions.conftest import CALLBACK_URL, Stack
from tests.generations import only_current
from tests.http_server import unused_url

pytestmark = only_current


@pytest.fixture
def current(deployment: Stack) -> Stack:
    """A healthy deployment with one 10DLC campaign."""
    deployment.simulator.simulator.registrations.set_campaign(Campaign("C1", "REGISTERED"))
    return deployment


def test_a_current_deployment_without_faults_is_healthy(current: Stack) -> None:
    report = diagnose()

    assert report.healthy is True, report.checks
    assert [each["check"] for each in report.checks] == [
        "secret", "account credentials", "generation", "roles", "messaging credentials", "site", "numbers",
        f"location {location_of(current).id}", f"application {application_of(current).id}", "registration",
        "callback challenge", "callback credentials",
    ]  # fmt: skip
    assert report.summary == "12 of 12 checks passed."
    assert report["registration"]["found"] == "10DLC campaigns: 1, registered: 1"


def test_the_doctor_changes_nothing_at_bandwidth(current: Stack) -> None:
    diagnose()
    asked = current.simulator.simulator.capture.requests("", None, bodies=False)
    assert {each["method"] for each in asked if "oauth2" not in each["path"]} == {"GET"}


def test_a_classic_secret_in_a_current_deployment_is_wrong(current: Stack) -> None:
    put_secret(current, clientId=None, clientSecret=None)
    assert "clientId is missing; clientSecret is missing" in diagnose().wrong("secret")


def test_an_invalid_client_secret_is_wrong(current: Stack) -> None:
    put_secret(current, clientSecret="wrong-password-in-tests")
    report = diagnose()
    for name in ("account credentials", "messaging credentials"):
        assert "issued no token to this client" in report.wrong(name)

    assert "ask" not in report["generation"]["found"]


def test_an_unreachable_token_endpoint_is_wrong(current: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    change_setting(monkeypatch, "TOKEN_URL", unused_url())
    assert "token endpoint returned" in diagnose().wrong("account credentials")


def test_a_missing_role_that_only_a_set_up_needs_is_wrong(current: Stack) -> None:
    current.simulator.simulator.account.tokens.roles = ["Configuration", "HTTP Application Management"]
    text = diagnose().wrong("roles")
    assert "the credentials lack Ordering; their roles are Configuration" in text


def test_credentials_for_another_account_are_wrong(current: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current.simulator.simulator.account.tokens, "account_id", "4711")
    assert "access to account 4711, not to 5000001" in diagnose().wrong("roles")


def test_a_token_without_roles_is_ok(current: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current.simulator.simulator.account.tokens, "claims", lambda: {"scope": ""})
    assert diagnose()["roles"]["result"] == "ok"


def test_the_messaging_role_is_named(current: Stack) -> None:
    current.add_fault("/messages$", answer={"status": 403})
    assert "the role Messaging" in diagnose().wrong("messaging credentials")


def test_denied_access_to_registrations_is_ok_with_advice(current: Stack) -> None:
    current.simulator.simulator.registrations.denied = "role"

    report = diagnose()

    assert report.healthy is True
    assert "does not have access rights" in report["registration"]["found"]
    assert "the role Campaign Management" in report["registration"]["fix"]
    assert "passed with advice: registration" in report.summary


def test_toll_free_verification_is_requested_for_a_toll_free_number(current: Stack) -> None:
    activate("+18005551212", application_of(current).id, location_of(current).id)
    current.simulator.simulator.registrations.toll_free_denied = True
    assert "denies these credentials access" in diagnose()["registration"]["found"]


def test_toll_free_numbers_that_carriers_do_not_accept_are_listed_with_the_reason(current: Stack) -> None:
    for number, status in (("+18005551212", "VERIFIED"), ("+18005551213", "UNVERIFIED")):
        activate(number, application_of(current).id, location_of(current).id)
        stores.numbers().record_registration(
            number, build_toll_free_registration(status, "Website is not accessible", AT)
        )

    report = diagnose()

    assert report["registration"]["found"] == (
        "10DLC campaigns: 1, registered: 1; toll-free numbers: 2, not verified: 1: …1213 "
        "(the toll-free verification is UNVERIFIED (Website is not accessible))"
    )
    assert "/toll-free-verification" in report["registration"]["fix"]
    assert report.healthy is True


def test_an_application_without_a_url_for_receipts_is_wrong(current: Stack) -> None:
    application = application_of(current)
    body = f"""<A><ApplicationList><Application><ApplicationId>{application.id}</ApplicationId>
        <InboundCallbackUrl>{CALLBACK_URL}</InboundCallbackUrl></Application></ApplicationList></A>"""
    current.add_fault("/applications$", answer={"status": 200, "body": body})

    assert "has no OutboundCallbackUrl" in diagnose().wrong(f"application {application.id}")
