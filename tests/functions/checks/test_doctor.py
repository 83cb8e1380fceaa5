"""The doctor against an account and a callback API with one thing wrong at a time."""

from datetime import date

import pytest

from bandwidth_messaging.runtime import wiring
from functions.checks import doctor
from functions.messages import receive_callback
from tests.functions.checks.conftest import (
    CHALLENGE,
    HOSTED,
    V1_CALLBACK_URL,
    activate,
    application_of,
    diagnose,
    location_of,
    put_secret,
    setting,
)
from tests.functions.conftest import CALLBACK_URL, CONFIG, House, api_event
from tests.generations import only_classic
from tests.http_server import Answer, Server, nobody_listens

pytestmark = only_classic


def test_a_deployment_with_nothing_wrong_is_healthy(deployment: House) -> None:
    report = diagnose()
    assert report.healthy is True
    assert [each["check"] for each in report.checks] == [
        "secret", "account credentials", "generation", "messaging credentials", "site", "numbers",
        f"location {location_of(deployment).id}", f"application {application_of(deployment).id}",
        "callback challenge", "callback credentials",
    ]  # fmt: skip
    assert report.summary.startswith("10 of 10 checks are well")


def test_so_is_one_that_has_no_numbers_yet(house: House, door: Server) -> None:
    assert diagnose().healthy is True
    assert "none is active yet" in diagnose()["numbers"]["found"]


def test_it_changes_nothing(deployment: House) -> None:
    diagnose()
    asked = deployment.simulator.simulator.capture.requests("", None, bodies=False)
    assert {each["method"] for each in asked} == {"GET"}


def test_what_it_sends_to_the_callback_api_stores_nothing(deployment: House, door: Server) -> None:
    diagnose()
    for asked in door.asked:
        event = api_event("POST", "/callbacks/v2") | {"body": asked.body.decode()}
        assert receive_callback.handler(event, None)["statusCode"] == 204  # type: ignore[arg-type]
    assert deployment.dynamodb.scan(TableName="MessagesTable")["Count"] == 0
    assert deployment.queued(deployment.quarantine_queue) == []


# The secret


def test_a_secret_that_is_not_there(deployment: House) -> None:
    deployment.secrets.delete_secret(
        SecretId="bandwidth-messaging/bandwidth", ForceDeleteWithoutRecovery=True
    )
    report = diagnose()
    assert "there is no such secret" in report.wrong("secret")
    assert report.not_ok == {
        "secret", "account credentials", "messaging credentials", "site",
        f"location {location_of(deployment).id}", f"application {application_of(deployment).id}",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["dashboard:password", "[]"])
def test_a_secret_that_is_not_json(deployment: House, text: str) -> None:
    deployment.secrets.put_secret_value(SecretId="bandwidth-messaging/bandwidth", SecretString=text)
    assert 'write it as {"dashboardUser": "..."' in diagnose().wrong("secret")


def test_a_secret_with_a_bad_value_names_the_field_and_never_the_value(deployment: House) -> None:
    put_secret(deployment, messagingSecret="value-in-tests\n")
    report = diagnose()
    assert "messagingSecret has a space or a line break at an end" in report.wrong("secret")
    assert "value-in-tests" not in report.text
    # What does not need the field is checked all the same.
    assert report["account credentials"]["result"] == "ok"


def test_a_secret_that_was_mended_is_seen_at_once(deployment: House, door: Server) -> None:
    put_secret(deployment, dashboardPassword="wrong-password-in-tests")
    assert diagnose().healthy is False
    door.answers(CHALLENGE, Answer(204))
    put_secret(deployment, dashboardPassword=CONFIG.dashboard_password)
    assert diagnose().healthy is True


# Credentials and roles


def test_a_wrong_password_of_the_account_api(deployment: House) -> None:
    put_secret(deployment, dashboardPassword="wrong-password-in-tests")
    report = diagnose()
    told = report.wrong("account credentials")
    assert "401" in told
    assert "put values of dashboardUser and dashboardPassword that work" in told
    assert report.not_ok == {
        "account credentials", "site",
        f"location {location_of(deployment).id}", f"application {application_of(deployment).id}",
    }  # fmt: skip
    assert report["site"] == {
        "check": "site",
        "result": "unknown",
        "found": "not checked",
        "mend": "mend 'account credentials' first",
    }


def test_a_wrong_secret_of_the_messaging_api(deployment: House) -> None:
    put_secret(deployment, messagingSecret="wrong-password-in-tests")
    report = diagnose()
    told = report.wrong("messaging credentials")
    assert "401" in told
    assert "put values of messagingToken and messagingSecret that work" in told
    assert report.not_ok == {"messaging credentials"}


def test_a_missing_role_is_named(deployment: House) -> None:
    refused = {
        "status": 403,
        "body": "<Response><Error><Description>Access denied.</Description></Error></Response>",
    }
    deployment.fault("/applications$", answer=refused)
    told = diagnose().wrong("account credentials")
    assert "403 (Access denied.)" in told
    assert "HTTP Application Management" in told


def test_another_role_is_named_for_the_locations(deployment: House) -> None:
    deployment.fault("/sippeers$", answer={"status": 403})
    assert "Configuration" in diagnose().wrong("site")


@pytest.mark.parametrize(
    ("url", "words"),
    [(nobody_listens(), "refused the connection"), ("http://bandwidth.invalid", "host name is not known")],
    ids=["nobody listens", "no such host"],
)
def test_an_account_api_that_is_out_of_reach(
    deployment: House, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    setting(monkeypatch, "DASHBOARD_URL", url)
    report = diagnose()
    assert words in report.wrong("account credentials")
    assert report["messaging credentials"]["result"] == "ok"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_account_api_that_is_out_of_order_is_not_held_against_the_deployment(
    deployment: House, status: int
) -> None:
    deployment.fault("/applications$", answer={"status": status})
    found = diagnose()["account credentials"]
    assert found["result"] == "unknown"
    assert str(status) in found["found"]


def test_an_answer_that_is_not_bandwidths(deployment: House) -> None:
    deployment.fault("/applications$", answer={"status": 200, "body": "<html>a proxy"})
    assert diagnose()["account credentials"]["result"] == "unknown"


# The generation


@pytest.mark.parametrize(
    ("today", "password", "result", "words"),
    [
        (date(2026, 11, 22), CONFIG.dashboard_password, "ok", "2026-12-02, in 10 days"),
        (date(2026, 12, 3), CONFIG.dashboard_password, "ok", "from 2026-12-02 on"),
        (date(2026, 12, 3), "wrong-password-in-tests", "wrong", "ended on 2026-12-02"),
    ],
)
def test_the_end_of_the_classic_generation(
    deployment: House, monkeypatch: pytest.MonkeyPatch, today: date, password: str, result: str, words: str
) -> None:
    monkeypatch.setattr(doctor, "_today", lambda: today)
    put_secret(deployment, dashboardPassword=password)
    found = diagnose()["generation"]
    assert found["result"] == result
    assert words in found["found"]
    assert "From classic to current" in found["mend"]


# Site, location, application


def test_a_site_that_is_not_the_accounts(deployment: House, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(monkeypatch, "BANDWIDTH_SITE_ID", "4711")
    told = diagnose().wrong("site")
    assert "no site 4711; it has 1001 (" in told
    assert "BandwidthSiteId" in told


def test_a_location_that_is_gone(deployment: House) -> None:
    activate("+19102398767", application_of(deployment).id, "999")
    report = diagnose()
    assert "Bandwidth has no such location" in report.wrong("location 999")
    assert report.not_ok == {"location 999"}


def test_a_location_where_mms_is_off(deployment: House) -> None:
    location_of(deployment).mms_proxy_peer_id = None
    assert "MMS is off" in diagnose().wrong(f"location {location_of(deployment).id}")


def test_a_location_without_sms_and_without_an_application(deployment: House) -> None:
    location = location_of(deployment)
    location.sms = location.mms_proxy_peer_id = location.application_id = None
    told = diagnose().wrong(f"location {location.id}")
    for words in ("SMS is off; MMS is off", "drops them without a word", "assign application"):
        assert words in told


def test_a_location_with_another_application_than_our_numbers_send_through(deployment: House) -> None:
    other = deployment.simulator.simulator.account.create_application("other", "https://elsewhere.example/")
    location_of(deployment).application_id = other.id
    assert f"application {other.id} is assigned" in diagnose().wrong(f"location {location_of(deployment).id}")


def test_an_application_that_is_gone(deployment: House) -> None:
    activate("+19102398767", "a-gone", location_of(deployment).id)
    assert "no such application" in diagnose().wrong("application a-gone")


def test_an_application_that_calls_back_somewhere_else(deployment: House) -> None:
    application_of(deployment).callback_url = "https://elsewhere.example/callbacks"
    told = diagnose().wrong(f"application {application_of(deployment).id}")
    assert "it calls back https://elsewhere.example/callbacks" in told
    assert f"set its callback URLs to {CALLBACK_URL}" in told


def test_an_application_of_another_service(deployment: House) -> None:
    application_of(deployment).service_type = "Voice-V2"
    assert "Voice-V2" in diagnose().wrong(f"application {application_of(deployment).id}")


# Numbers that text through V1


@pytest.fixture
def v1_application(deployment: House, door: Server) -> str:
    """The V1 application of a hosted number."""
    door.answers(CHALLENGE, Answer(204), CHALLENGE)
    made = wiring.catapult().create_application(
        "hosted", V1_CALLBACK_URL, wiring.callback_credentials(), http_method="POST"
    )
    activate(HOSTED, made, None, api="v1")
    return made


def test_a_hosted_number_has_its_application_and_its_callback_checked(
    deployment: House, v1_application: str
) -> None:
    report = diagnose()
    assert report[f"V1 application {v1_application}"]["result"] == "ok"
    assert report["V1 callback challenge"]["result"] == "ok"
    assert report.healthy is True


def test_a_v1_application_that_calls_back_somewhere_else(
    deployment: House, v1_application: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting(monkeypatch, "CALLBACK_URL_V1", "https://new.example/live/callbacks/v1")
    assert "set its callback URLs to https://new.example/live/callbacks/v1" in diagnose().wrong(
        f"V1 application {v1_application}"
    )


def test_a_v1_application_that_is_gone(deployment: House, v1_application: str) -> None:
    activate("+19192381139", "a-gone", None, api="v1")
    assert "no such application" in diagnose().wrong("V1 application a-gone")


# The callback API


def test_bandwidth_is_played_with_and_without_credentials(deployment: House, door: Server) -> None:
    diagnose()
    first, second = door.asked
    assert (first.method, first.path, first.body) == ("POST", "/callbacks/v2", b"[]")
    assert first.headers["Authorization"] is None
    assert second.body == b"[]"
    assert second.headers["Authorization"].startswith("Basic ")


def test_a_callback_api_that_is_out_of_reach(deployment: House, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(monkeypatch, "CALLBACK_PROBE_URL", f"{nobody_listens()}/callbacks/v2")
    report = diagnose()
    assert "cannot be reached: it refused the connection" in report.wrong("callback challenge")
    assert report["callback credentials"]["result"] == "unknown"


def test_a_callback_api_that_refuses_our_own_credentials(deployment: House, door: Server) -> None:
    door.answers(CHALLENGE)
    assert "answers 401 to the credentials of the stack's own secret" in diagnose().wrong(
        "callback credentials"
    )


def test_a_callback_api_that_fails_behind_its_door(deployment: House, door: Server) -> None:
    door.answers(CHALLENGE, Answer(500))
    assert "answers 500 to a callback" in diagnose().wrong("callback credentials")


# The doctor's own trouble


def test_a_check_that_fails_itself_stops_no_other(deployment: House, monkeypatch: pytest.MonkeyPatch) -> None:
    setting(monkeypatch, "NUMBERS_TABLE", "no-such-table")
    wiring.numbers.cache_clear()
    report = diagnose()
    assert report["numbers"]["result"] == "unknown"
    assert report.not_ok == {"numbers"}


def test_the_summary_names_what_is_wrong_and_what_is_not_known(deployment: House) -> None:
    put_secret(deployment, dashboardPassword="wrong-password-in-tests")
    assert diagnose().summary.startswith(
        "6 of 10 checks are well; wrong: account credentials; not known: site,"
    )
