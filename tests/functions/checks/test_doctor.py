"""The doctor against an account and a callback API with one fault at a time."""

from datetime import date

import pytest

from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.services import doctor
from functions.messages import receive_callback
from tests.functions.checks.conftest import (
    CHALLENGE,
    HOSTED,
    V1_CALLBACK_URL,
    activate,
    application_of,
    change_setting,
    diagnose,
    location_of,
    put_secret,
)
from tests.functions.conftest import CALLBACK_URL, CONFIG, Stack, api_event
from tests.generations import only_classic
from tests.http_server import Response, Server, unused_url

pytestmark = only_classic


def test_a_deployment_without_faults_is_healthy(deployment: Stack) -> None:
    report = diagnose()

    assert report.healthy is True
    assert [each["check"] for each in report.checks] == [
        "secret", "account credentials", "generation", "messaging credentials", "site", "numbers",
        f"location {location_of(deployment).id}", f"application {application_of(deployment).id}",
        "callback challenge", "callback credentials",
    ]  # fmt: skip
    assert report.summary.startswith("10 of 10 checks passed")


def test_a_deployment_without_numbers_is_healthy(stack: Stack, callback_api: Server) -> None:
    assert diagnose().healthy is True
    assert "no active numbers yet" in diagnose()["numbers"]["found"]


def test_the_doctor_changes_nothing_at_bandwidth(deployment: Stack) -> None:
    diagnose()
    asked = deployment.simulator.simulator.capture.requests("", None, bodies=False)
    assert {each["method"] for each in asked} == {"GET"}


def test_the_doctors_callbacks_store_nothing(deployment: Stack, callback_api: Server) -> None:
    diagnose()
    for asked in callback_api.requests:
        event = api_event("POST", "/callbacks/v2") | {"body": asked.body.decode()}
        assert receive_callback.handler(event, None)["statusCode"] == 204  # type: ignore[arg-type]

    assert deployment.dynamodb.scan(TableName="MessagesTable")["Count"] == 0
    assert deployment.receive_messages(deployment.quarantine_queue) == []


# The secret


def test_a_missing_secret_is_wrong(deployment: Stack) -> None:
    deployment.secrets.delete_secret(
        SecretId="bandwidth-messaging/bandwidth", ForceDeleteWithoutRecovery=True
    )

    report = diagnose()

    assert "the secret does not exist" in report.wrong("secret")
    assert report.not_ok == {
        "secret", "account credentials", "messaging credentials", "site",
        f"location {location_of(deployment).id}", f"application {application_of(deployment).id}",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["dashboard:password", "[]"])
def test_a_secret_that_is_not_json_is_wrong(deployment: Stack, text: str) -> None:
    deployment.secrets.put_secret_value(SecretId="bandwidth-messaging/bandwidth", SecretString=text)
    assert 'set the secret to {"dashboardUser": "..."' in diagnose().wrong("secret")


def test_an_invalid_value_is_reported_with_its_field_only(deployment: Stack) -> None:
    put_secret(deployment, messagingSecret="value-in-tests\n")

    report = diagnose()

    assert "messagingSecret starts or ends with a space or a line break" in report.wrong("secret")
    assert "value-in-tests" not in report.text
    # Checks that do not use the field still run.
    assert report["account credentials"]["result"] == "ok"


def test_a_fixed_secret_is_read_at_once(deployment: Stack, callback_api: Server) -> None:
    put_secret(deployment, dashboardPassword="wrong-password-in-tests")
    assert diagnose().healthy is False
    callback_api.respond_with(CHALLENGE, Response(204))

    put_secret(deployment, dashboardPassword=CONFIG.dashboard_password)

    assert diagnose().healthy is True


# Credentials and roles


def test_a_wrong_password_of_the_account_api_is_wrong(deployment: Stack) -> None:
    put_secret(deployment, dashboardPassword="wrong-password-in-tests")
    report = diagnose()

    text = report.wrong("account credentials")

    assert "401" in text
    assert "set dashboardUser and dashboardPassword in the secret" in text
    assert report.not_ok == {
        "account credentials", "site",
        f"location {location_of(deployment).id}", f"application {application_of(deployment).id}",
    }  # fmt: skip
    assert report["site"] == {
        "check": "site",
        "result": "unknown",
        "found": "not checked",
        "fix": "fix 'account credentials' first",
    }


def test_a_wrong_secret_of_the_messaging_api_is_wrong(deployment: Stack) -> None:
    put_secret(deployment, messagingSecret="wrong-password-in-tests")
    report = diagnose()

    text = report.wrong("messaging credentials")

    assert "401" in text
    assert "set messagingToken and messagingSecret in the secret" in text
    assert report.not_ok == {"messaging credentials"}


def test_a_missing_role_is_named(deployment: Stack) -> None:
    refused = {
        "status": 403,
        "body": "<Response><Error><Description>Access denied.</Description></Error></Response>",
    }
    deployment.add_fault("/applications$", answer=refused)

    text = diagnose().wrong("account credentials")

    assert "403 (Access denied.)" in text
    assert "HTTP Application Management" in text


def test_the_role_for_locations_is_named(deployment: Stack) -> None:
    deployment.add_fault("/sippeers$", answer={"status": 403})
    assert "Configuration" in diagnose().wrong("site")


@pytest.mark.parametrize(
    ("url", "words"),
    [(unused_url(), "refused the connection"), ("http://bandwidth.invalid", "host name does not exist")],
    ids=["nobody listens", "no such host"],
)
def test_an_unreachable_account_api_is_wrong(
    deployment: Stack, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    change_setting(monkeypatch, "DASHBOARD_URL", url)

    report = diagnose()

    assert words in report.wrong("account credentials")
    assert report["messaging credentials"]["result"] == "ok"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_unavailable_account_api_is_unknown(deployment: Stack, status: int) -> None:
    deployment.add_fault("/applications$", answer={"status": status})

    found = diagnose()["account credentials"]

    assert found["result"] == "unknown"
    assert str(status) in found["found"]


def test_a_garbled_response_is_unknown(deployment: Stack) -> None:
    deployment.add_fault("/applications$", answer={"status": 200, "body": "<html>a proxy"})
    assert diagnose()["account credentials"]["result"] == "unknown"


# The generation


@pytest.mark.parametrize(
    ("today", "password", "result", "words"),
    [
        (date(2026, 11, 22), CONFIG.dashboard_password, "ok", "2026-12-02, in 10 days"),
        (date(2026, 12, 3), CONFIG.dashboard_password, "ok", "from 2026-12-02 on"),
        (date(2026, 12, 3), "wrong-password-in-tests", "wrong", "disabled its users on 2026-12-02"),
    ],
)
def test_the_end_of_the_classic_generation_is_reported(
    deployment: Stack, monkeypatch: pytest.MonkeyPatch, today: date, password: str, result: str, words: str
) -> None:
    monkeypatch.setattr(doctor, "_today", lambda: today)
    put_secret(deployment, dashboardPassword=password)

    found = diagnose()["generation"]

    assert found["result"] == result
    assert words in found["found"]
    assert "From classic to current" in found["fix"]


# Site, location, application


def test_a_site_of_another_account_is_wrong(deployment: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    change_setting(monkeypatch, "BANDWIDTH_SITE_ID", "4711")

    text = diagnose().wrong("site")

    assert "no site 4711; its sites are 1001 (" in text
    assert "BandwidthSiteId" in text


def test_a_missing_location_is_wrong(deployment: Stack) -> None:
    activate("+19102398767", application_of(deployment).id, "999")

    report = diagnose()

    assert "this location does not exist" in report.wrong("location 999")
    assert report.not_ok == {"location 999"}


def test_a_location_without_mms_is_wrong(deployment: Stack) -> None:
    location_of(deployment).mms_proxy_peer_id = None
    assert "MMS is off" in diagnose().wrong(f"location {location_of(deployment).id}")


def test_a_location_without_sms_and_application_is_wrong(deployment: Stack) -> None:
    location = location_of(deployment)
    location.sms = location.mms_proxy_peer_id = location.application_id = None
    text = diagnose().wrong(f"location {location.id}")
    for words in ("SMS is off; MMS is off", "drops them silently", "assign application"):
        assert words in text


def test_a_location_with_another_application_is_wrong(deployment: Stack) -> None:
    other = deployment.simulator.simulator.account.create_application("other", "https://elsewhere.example/")
    location_of(deployment).application_id = other.id
    assert f"application {other.id} is assigned" in diagnose().wrong(f"location {location_of(deployment).id}")


def test_a_missing_application_is_wrong(deployment: Stack) -> None:
    activate("+19102398767", "a-gone", location_of(deployment).id)
    assert "this application does not exist" in diagnose().wrong("application a-gone")


def test_an_application_with_another_callback_url_is_wrong(deployment: Stack) -> None:
    application_of(deployment).callback_url = "https://elsewhere.example/callbacks"

    text = diagnose().wrong(f"application {application_of(deployment).id}")

    assert "the callback URL is https://elsewhere.example/callbacks" in text
    assert f"set the callback URLs to {CALLBACK_URL}" in text


def test_an_application_of_another_service_is_wrong(deployment: Stack) -> None:
    application_of(deployment).service_type = "Voice-V2"
    assert "Voice-V2" in diagnose().wrong(f"application {application_of(deployment).id}")


# Numbers that send with V1


@pytest.fixture
def v1_application(deployment: Stack, callback_api: Server) -> str:
    """The V1 application of a hosted number."""
    callback_api.respond_with(CHALLENGE, Response(204), CHALLENGE)
    application_id = bandwidth_clients.catapult().create_application(
        "hosted", V1_CALLBACK_URL, bandwidth_clients.callback_credentials(), http_method="POST"
    )
    activate(HOSTED, application_id, None, api="v1")
    return application_id


def test_the_application_and_callback_of_a_hosted_number_are_checked(
    deployment: Stack, v1_application: str
) -> None:
    report = diagnose()

    assert report[f"V1 application {v1_application}"]["result"] == "ok"
    assert report["V1 callback challenge"]["result"] == "ok"
    assert report.healthy is True


def test_a_v1_application_with_another_callback_url_is_wrong(
    deployment: Stack, v1_application: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_setting(monkeypatch, "CALLBACK_URL_V1", "https://new.example/live/callbacks/v1")
    assert "set the callback URLs to https://new.example/live/callbacks/v1" in diagnose().wrong(
        f"V1 application {v1_application}"
    )


def test_a_missing_v1_application_is_wrong(deployment: Stack, v1_application: str) -> None:
    activate("+19192381139", "a-gone", None, api="v1")
    assert "this application does not exist" in diagnose().wrong("V1 application a-gone")


# The callback API


def test_callbacks_are_sent_without_and_with_credentials(deployment: Stack, callback_api: Server) -> None:
    diagnose()

    first, second = callback_api.requests
    assert (first.method, first.path, first.body) == ("POST", "/callbacks/v2", b"[]")
    assert first.headers["Authorization"] is None
    assert second.body == b"[]"
    assert second.headers["Authorization"].startswith("Basic ")


def test_an_unreachable_callback_api_is_wrong(deployment: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    change_setting(monkeypatch, "CALLBACK_PROBE_URL", f"{unused_url()}/callbacks/v2")

    report = diagnose()

    assert "cannot be reached: the server refused the connection" in report.wrong("callback challenge")
    assert report["callback credentials"]["result"] == "unknown"


def test_a_callback_api_that_rejects_the_stacks_credentials_is_wrong(
    deployment: Stack, callback_api: Server
) -> None:
    callback_api.respond_with(CHALLENGE)
    assert "returns 401 to the credentials in the stack's secret" in diagnose().wrong("callback credentials")


def test_a_callback_api_that_fails_after_authorization_is_wrong(
    deployment: Stack, callback_api: Server
) -> None:
    callback_api.respond_with(CHALLENGE, Response(500))
    assert "returns 500 to a callback" in diagnose().wrong("callback credentials")


# Failing checks


def test_a_failing_check_does_not_stop_the_others(deployment: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    change_setting(monkeypatch, "NUMBERS_TABLE", "no-such-table")
    stores.numbers.cache_clear()

    report = diagnose()

    assert report["numbers"]["result"] == "unknown"
    assert report.not_ok == {"numbers"}


def test_the_summary_names_wrong_and_unknown_checks(deployment: Stack) -> None:
    put_secret(deployment, dashboardPassword="wrong-password-in-tests")
    assert diagnose().summary.startswith("6 of 10 checks passed; wrong: account credentials; unknown: site,")
