"""The doctor against an account and a callback API with one thing wrong at a time."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from bandwidth_messaging.runtime import callback_diagnosis, wiring
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.store.numbers import Home
from functions.checks import doctor
from functions.messages import receive_callback
from local.bandwidth.account import Location, SmsFeature
from tests.functions.conftest import CALLBACK_URL, CONFIG, House, api_event, call, sample
from tests.http_server import Answer, Server, nobody_listens, serving

NUMBER, HOSTED = "+19102398766", "+19192381138"
AT = "2026-01-31T12:00:00.000Z"
V1_CALLBACK_URL = CALLBACK_URL.replace("/v2", "/v1")
CHALLENGE = Answer(401, headers={"WWW-Authenticate": 'Basic realm="bandwidth"'})
SECRETS = (
    CONFIG.dashboard_password, CONFIG.messaging_secret, CONFIG.messaging_token, "callback:password",
    "wrong-password-in-tests",
)  # fmt: skip


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A callback API that does all it should, in the place of ours."""
    with serving() as server:
        server.answers(CHALLENGE, Answer(204))
        monkeypatch.setenv("CALLBACK_PROBE_URL", f"{server.url}/callbacks/v2")
        yield server


@pytest.fixture
def deployment(house: House, door: Server) -> House:
    """A deployment with nothing wrong: one number at a location, with its application."""
    account = house.simulator.simulator.account
    application = account.create_application("texts", CALLBACK_URL, "bandwidth", "callback:password")
    location = account.create_location(CONFIG.site_id, "texts", is_default=True)
    account.enable_sms(location, SmsFeature({"Protocol": "HTTP"}, "539692"))
    account.enable_mms(location, "HTTP", "539692")
    account.assign_application(location, application.id)
    activate(NUMBER, application.id, location.id)
    return house


def activate(number: str, application_id: str, location_id: str | None, api: Any = "v2") -> None:
    home = Home(
        api=api,
        customer_order_id="order-1",
        site_id=CONFIG.site_id,
        order_id="o-1",
        application_id=application_id,
        location_id=location_id,
    )
    wiring.numbers().activate(number, home, AT)


def location_of(house: House) -> Location:
    (location,) = house.simulator.simulator.account.locations()
    return location


def application_of(house: House) -> Any:
    (application,) = house.simulator.simulator.account.applications()
    return application


def put_secret(house: House, **fields: Any) -> None:
    secret = json.loads(
        house.secrets.get_secret_value(SecretId="bandwidth-messaging/bandwidth")["SecretString"]
    )
    told = {name: value for name, value in (secret | fields).items() if value is not None}
    house.secrets.update_secret(SecretId="bandwidth-messaging/bandwidth", SecretString=json.dumps(told))


def setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Deploy with another setting."""
    monkeypatch.setenv(name, value)
    settings_module.settings.cache_clear()


class Report:
    """What the doctor said."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.healthy, self.summary, self.checks = said["healthy"], said["summary"], said["checks"]
        self.text = json.dumps(said, ensure_ascii=False)

    def __getitem__(self, name: str) -> dict[str, Any]:
        (found,) = [each for each in self.checks if each["check"] == name]
        return found

    @property
    def not_ok(self) -> set[str]:
        """The names of the checks that are not well."""
        return {each["check"] for each in self.checks if each["result"] != "ok"}

    def wrong(self, name: str) -> str:
        """Return what is wrong and how to mend it, as one text."""
        assert self[name]["result"] == "wrong", self[name]
        return f"{self[name]['found']} -> {self[name]['mend']}"


def diagnose() -> Report:
    report = Report(call(doctor, sample("checks/doctor")))
    assert [secret for secret in SECRETS if secret in report.text] == []
    return report


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


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "is missing"),
        ("", "is empty"),
        ("…", "is empty"),
        ("  ", "is empty"),
        ("value\n", "has a space or a line break at an end"),
        (" value", "has a space or a line break at an end"),
        ('"value"', "is in quotes of its own"),
        (12345678, "is not text"),
        ("value", None),
        ("a'b", None),
    ],
)
def test_what_is_wrong_with_a_value(value: Any, problem: str | None) -> None:
    assert doctor._problem(value) == problem


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
    assert "no site 4711" in told
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
    setting(monkeypatch, "CALLBACK_URL", "https://new.example/live/callbacks/v2")
    assert "set its callback URLs to https://new.example/live/callbacks/v1" in diagnose().wrong(
        f"V1 application {v1_application}"
    )


def test_a_v1_application_that_is_gone(deployment: House, v1_application: str) -> None:
    activate("+19192381139", "a-gone", None, api="v1")
    assert "no such application" in diagnose().wrong("V1 application a-gone")


# Today's Bandwidth


@pytest.fixture
def current(deployment: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The same deployment in the current generation."""
    setting(monkeypatch, "BANDWIDTH_API", "current")
    setting(monkeypatch, "BANDWIDTH_USER_ID", CONFIG.account_id)
    setting(monkeypatch, "MESSAGING_URL", deployment.simulator.current_messaging_url)
    put_secret(deployment, clientId=CONFIG.client_id, clientSecret=CONFIG.client_secret)
    campaigns = {"data": [{"campaignId": "C1", "status": "REGISTERED"}], "page": {"totalElements": 1}}
    deployment.fault("/tendlc/campaigns$", times=9, answer={"status": 200, "body": json.dumps(campaigns)})
    return deployment


def only_client(house: House) -> None:
    """Take the classic fields out of the secret."""
    put_secret(house, dashboardUser=None, dashboardPassword=None, messagingToken=None, messagingSecret=None)


def test_a_current_deployment_with_nothing_wrong_is_healthy(current: House) -> None:
    only_client(current)
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


def test_credentials_for_another_account(current: House) -> None:
    current.simulator.simulator.account.tokens.account_id = "4711"
    assert "for account 4711, not for 5000001" in diagnose().wrong("roles")


def test_a_token_that_does_not_tell_its_roles(current: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current.simulator.simulator.account.tokens, "claims", lambda: {"scope": ""})
    assert diagnose()["roles"]["result"] == "ok"


def test_the_messaging_role_is_named(current: House) -> None:
    current.fault("/messages$", answer={"status": 403})
    assert "the role Messaging" in diagnose().wrong("messaging credentials")


def test_registration_that_is_not_shown_is_told_and_not_held_against_the_deployment(current: House) -> None:
    refused = {"errors": [{"type": "forbidden", "description": "client does not have access rights"}]}
    current.simulator.simulator.faults.reset()
    current.fault("/tendlc/campaigns$", answer={"status": 403, "body": json.dumps(refused)})
    report = diagnose()
    assert report.healthy is True
    assert "client does not have access rights" in report["registration"]["found"]
    assert "the role Campaign Management" in report["registration"]["mend"]
    assert "to be seen to: registration" in report.summary


def test_toll_free_verification_is_asked_for_where_there_is_a_toll_free_number(current: House) -> None:
    activate("+18005551212", application_of(current).id, location_of(current).id)
    current.fault("/tollFreeVerification$", answer={"status": 403, "body": '{"description": "no TFV"}'})
    assert "no TFV" in diagnose()["registration"]["found"]


def test_an_application_that_has_no_url_for_receipts(current: House) -> None:
    application = application_of(current)
    body = f"""<A><ApplicationList><Application><ApplicationId>{application.id}</ApplicationId>
        <InboundCallbackUrl>{CALLBACK_URL}</InboundCallbackUrl></Application></ApplicationList></A>"""
    current.fault("/applications$", answer={"status": 200, "body": body})
    assert "it has no OutboundCallbackUrl" in diagnose().wrong(f"application {application.id}")


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


@pytest.mark.parametrize("answer", [Answer(401), Answer(403), Answer(204), Answer(500), Answer(lost=True)])
def test_a_callback_api_that_does_not_challenge(door: Server, answer: Answer) -> None:
    door.answers(answer)
    found = callback_diagnosis.challenge(door.url)
    assert found.result == "wrong"
    assert "the event is lost" in found.found or "the connection broke off" in found.found


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
