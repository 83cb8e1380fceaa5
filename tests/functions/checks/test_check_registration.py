"""Registrations of numbers: looked up, recorded, shown, and checked by POST /messages."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import BandwidthUnauthorized, BandwidthUnavailable
from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.domain.validation import parse
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.services import registration_check
from bandwidth_messaging.store.number_store import Numbers
from functions.checks import check_registration
from functions.control import browse
from functions.messages import send_message
from tests.functions.conftest import Stack, call, call_api, sample
from tests.generations import only_current

pytestmark = only_current
LOCAL, OTHER, TOLL_FREE, ABROAD = "+19102398766", "+19102398767", "+18005551212", "+447911123456"
CANADIAN, BAHAMIAN = "+14165551212", "+12423651234"
RECIPIENT = "+19195551234"
AT, YESTERDAY = "2026-11-22T12:00:00.000Z", "2026-11-21T11:00:00.000Z"
HOME = Home(
    api="v2",
    customer_order_id="order-1",
    order_id="o-1",
    application_id="app-1",
    location_id="500001",
    site_id="1001",
)
NO_ROLE = {"errors": [{"type": "forbidden", "description": "client does not have access rights"}]}


@pytest.fixture
def current(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """An active number and a fixed clock."""
    monkeypatch.setattr(registration_check, "now", lambda: AT)
    activate(LOCAL)
    return stack


def activate(number: str, known: Any = None) -> None:
    stores.numbers().activate(number, HOME, "2026-01-01T00:00:00.000Z", registration=known)


def fake_response(stack: Stack, path: str, body: Any, status: int = 200, times: int = 1) -> None:
    stack.add_fault(path, times=times, answer={"status": status, "body": json.dumps(body)})


def campaigns(stack: Stack, *numbers: str, status: str = "SUCCESS", campaign: str = "REGISTERED") -> None:
    """Let the account have one campaign with these numbers."""
    fake_response(stack, "/tendlc/campaigns$", {"data": [{"campaignId": "C1", "status": campaign}]})
    listed = [{"phoneNumber": number, "status": status} for number in numbers]
    fake_response(stack, "/campaigns/C1/phoneNumbers$", {"data": listed})


def check(**event: Any) -> Any:
    return call(check_registration, sample("checks/check_registration") | event)


def shown(number: str) -> Any:
    status, view = call_api(browse, "GET", f"/numbers/{number}")
    assert status == 200
    return view.get("registration")


def send(sender: str = LOCAL, key: str | None = None) -> tuple[int, Any]:
    body = {"from": sender, "to": RECIPIENT, "text": "Good morning!"}
    headers = {"Idempotency-Key": key} if key else None
    return call_api(send_message, "POST", "/messages", body=body, headers=headers)


# Looking up


def test_a_number_in_a_registered_campaign_is_registered(current: Stack) -> None:
    campaigns(current, LOCAL)
    assert check() == {"numbers": 1, "registered": 1, "written": 1}
    assert shown(LOCAL) == {
        "kind": "10dlc", "state": "registered", "checkedAt": AT, "campaignId": "C1"
    }  # fmt: skip


def test_a_number_in_no_campaign_is_unregistered_with_a_reason(current: Stack) -> None:
    campaigns(current, OTHER)

    check()

    assert shown(LOCAL)["state"] == "unregistered"
    assert "no 10DLC campaign" in shown(LOCAL)["reason"]


def test_of_two_campaigns_the_registered_one_counts(current: Stack) -> None:
    listed = [{"campaignId": "C1", "status": "REGISTERED"}, {"campaignId": "C2", "status": "SUSPENDED"}]
    fake_response(current, "/tendlc/campaigns$", {"data": listed})
    fake_response(current, "/phoneNumbers$", {"data": [{"phoneNumber": LOCAL, "status": "SUCCESS"}]}, times=2)

    check()

    assert (shown(LOCAL)["state"], shown(LOCAL)["campaignId"]) == ("registered", "C1")


def test_numbers_of_ended_campaigns_are_not_requested(current: Stack) -> None:
    campaigns(current, LOCAL, campaign="EXPIRED")

    check()

    assert shown(LOCAL)["state"] == "unregistered"
    assert current.requests("GET", "/phoneNumbers") == 0


def test_a_toll_free_number_is_looked_up_by_its_verification(current: Stack) -> None:
    activate(TOLL_FREE)
    campaigns(current, LOCAL)
    fake_response(current, "/tollFreeVerification$", {"phoneNumber": TOLL_FREE, "status": "VERIFIED"})

    assert check()["registered"] == 2
    assert shown(TOLL_FREE) == {"kind": "toll_free", "state": "registered", "checkedAt": AT}


def test_a_verified_number_is_looked_up_once_a_day_and_others_each_time(current: Stack) -> None:
    activate(TOLL_FREE, registration.build_toll_free_registration("VERIFIED", None, AT))
    activate("+18005551213", registration.build_toll_free_registration("VERIFIED", None, YESTERDAY))
    activate("+18005551214", registration.build_toll_free_registration("PENDING", None, AT))
    campaigns(current, LOCAL)
    fake_response(current, "/tollFreeVerification$", {"status": "VERIFIED"}, times=9)

    check()

    assert current.requests("GET", "/tollFreeVerification") == 2


def test_a_foreign_number_needs_no_registration(current: Stack) -> None:
    activate(ABROAD)
    campaigns(current, LOCAL)

    check()

    assert (shown(ABROAD)["kind"], shown(ABROAD)["state"]) == ("none", "unknown")


@pytest.mark.parametrize("number", [CANADIAN, BAHAMIAN])
def test_a_plus_1_number_outside_the_united_states_needs_no_registration(current: Stack, number: str) -> None:
    activate(number)
    campaigns(current, LOCAL)

    check()

    assert (shown(number)["kind"], shown(number)["state"]) == ("none", "unknown")
    assert send(number)[0] == 202


def test_a_canadian_number_recorded_as_unregistered_sends(current: Stack) -> None:
    activate(CANADIAN, registration.build_unlisted_registration(AT))
    status, message = send(CANADIAN)
    assert (status, "warnings" in message) == (202, False)


def test_a_v1_number_is_not_looked_up(current: Stack) -> None:
    stores.numbers().activate(OTHER, replace(HOME, api="v1"), AT)

    campaigns(current, LOCAL)

    assert check()["numbers"] == 1
    assert shown(OTHER) is None


def test_an_unchanged_registration_is_written_once_a_day(current: Stack) -> None:
    activate(OTHER, registration.build_campaign_registration("C1", "REGISTERED", "SUCCESS", YESTERDAY))
    campaigns(current, LOCAL, OTHER)
    assert check()["written"] == 2
    campaigns(current, LOCAL, OTHER)

    assert check()["written"] == 0


@pytest.mark.parametrize(("assigned_at", "state"), [(AT, "pending"), (YESTERDAY, "unregistered")])
def test_a_number_just_assigned_to_a_campaign_stays_pending_for_a_day(
    current: Stack, assigned_at: str, state: str
) -> None:
    activate(OTHER, registration.build_assigned_registration("C1", None, assigned_at))
    campaigns(current, LOCAL)

    check()

    assert shown(OTHER)["state"] == state


def test_requested_numbers_are_looked_up_even_if_not_due(current: Stack) -> None:
    activate(TOLL_FREE, registration.build_toll_free_registration("VERIFIED", None, AT))
    fake_response(current, "/tollFreeVerification$", {"status": "UNVERIFIED"})

    assert check(numbers=["(800) 555-1212", "+19195559999"])["numbers"] == 1
    assert shown(TOLL_FREE)["state"] == "unregistered"
    assert shown(LOCAL) is None


def test_an_invalid_event_names_the_field(current: Stack) -> None:
    with pytest.raises(InvalidInput, match=r"numbers\[0\]: \"home\" is not"):
        check(numbers=["home"])


def test_a_duplicate_number_is_looked_up_once(current: Stack) -> None:
    campaigns(current, LOCAL)
    assert check(numbers=[LOCAL, "919-555-1212", LOCAL])["numbers"] == 1


def test_five_thousand_numbers_cost_few_requests(
    current: Stack, record_property: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [f"+1919555{number:04}" for number in range(5000)]
    items = [{"number": number, "state": "active", "api": "v2"} for number in numbers]
    monkeypatch.setattr(Numbers, "list_all_by_state", lambda *_: items)
    monkeypatch.setattr(registration_check, "for_each", lambda *_: None)
    fake_response(current, "/tendlc/campaigns$", {"data": [{"campaignId": "C1", "status": "REGISTERED"}]})
    for start in range(0, 5000, 250):
        page = [{"phoneNumber": number, "status": "SUCCESS"} for number in numbers[start : start + 250]]
        fake_response(current, "/phoneNumbers$", {"data": page, "page": {"totalElements": 5000}})
    assert check()["registered"] == 5000
    requests = current.requests("GET", "/tendlc/")

    record_property("registration of 5,000 numbers", f"{requests} requests")

    assert requests == 21


def test_the_classic_generation_looks_nothing_up(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANDWIDTH_API", "classic")
    settings_module.settings.cache_clear()

    activate(LOCAL)

    assert check() == {}
    assert shown(LOCAL) is None


# Denied access and failures


def test_a_missing_role_makes_registrations_unknown_and_is_logged_once(
    current: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    activate(OTHER, registration.build_unlisted_registration(AT))
    fake_response(current, "/tendlc/campaigns$", NO_ROLE, status=403, times=9)

    assert check() == {"numbers": 2, "unknown": 2, "written": 2}
    assert "client does not have access rights" in shown(OTHER)["reason"]
    assert current.requests("GET", "/tendlc/") == 1
    assert capsys.readouterr().out.count("registration access denied") == 1


def test_wrong_credentials_change_nothing(current: Stack) -> None:
    activate(OTHER, registration.build_unlisted_registration(YESTERDAY))
    fake_response(current, "/tendlc/campaigns$", {}, status=401, times=9)

    with pytest.raises(BandwidthUnauthorized):
        check()

    assert shown(OTHER)["checkedAt"] == YESTERDAY


def test_an_unavailable_api_changes_nothing(current: Stack) -> None:
    activate(OTHER, registration.build_unlisted_registration(YESTERDAY))
    fake_response(current, "/tendlc/campaigns$", {}, status=503)

    with pytest.raises(BandwidthUnavailable):
        check()

    assert shown(OTHER)["checkedAt"] == YESTERDAY


# At the end of a set-up


def test_a_new_number_in_no_campaign_is_pending(current: Stack) -> None:
    campaigns(current, OTHER)
    found = wiring.registration_check().look_up_new([LOCAL, OTHER])
    assert (found[LOCAL]["state"], found[OTHER]["state"]) == ("pending", "registered")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_a_failed_lookup_never_fails_a_set_up(
    current: Stack, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(registration_check, "SETUP_SECONDS", 1)
    fake_response(current, "/tendlc/campaigns$", NO_ROLE, status=status, times=9)
    assert wiring.registration_check().look_up_new([LOCAL])[LOCAL]["state"] == "unknown"


def test_a_classic_set_up_looks_nothing_up(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANDWIDTH_API", "classic")
    settings_module.settings.cache_clear()
    assert wiring.registration_check().look_up_new([LOCAL]) == {}


# Sending


def test_a_message_from_an_unregistered_number_is_rejected_with_a_remedy(
    current: Stack,
) -> None:
    activate(OTHER, registration.build_unlisted_registration(AT))
    status, problem = send(OTHER)
    assert status == 422
    (error,) = problem["errors"]
    assert error["field"] == "from"
    for words in (OTHER, "no 10DLC campaign", AT, "CheckRegistration"):
        assert words in error["detail"]

    assert current.receive_messages(current.send_queue) == []


def test_with_unregistered_senders_warn_the_message_is_accepted_with_a_warning(
    current: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNREGISTERED_SENDERS", "warn")
    settings_module.settings.cache_clear()
    activate(OTHER, registration.build_unlisted_registration(AT))
    status, message = send(OTHER, key="key-1")
    assert status == 202
    assert "no 10DLC campaign" in message["warnings"][0]
    assert call_api(browse, "GET", f"/messages/{message['messageId']}")[1]["warnings"] == message["warnings"]
    # A later registration does not change a message that was accepted.
    stores.numbers().record_registration(
        OTHER, registration.build_campaign_registration("C1", "REGISTERED", "SUCCESS", AT)
    )

    assert send(OTHER, key="key-1") == (202, message)


@pytest.mark.parametrize(
    "known",
    [
        None,
        registration.build_campaign_registration("C1", "REGISTERED", "SUCCESS", AT),
        registration.build_campaign_registration("C1", "REGISTERED", "PROCESSING", AT),
        registration.build_unknown_registration(OTHER, "access denied", AT),
    ],
)
def test_registered_pending_and_unknown_numbers_send_without_a_warning(current: Stack, known: Any) -> None:
    activate(OTHER, known)
    status, message = send(OTHER)
    assert (status, "warnings" in message) == (202, False)


def test_a_newly_registered_number_sends_after_a_manual_check(current: Stack) -> None:
    campaigns(current)
    check()
    assert send()[0] == 422
    campaigns(current, LOCAL)

    check(numbers=[LOCAL])

    assert send()[0] == 202


def test_an_empty_list_of_numbers_is_an_invalid_field() -> None:
    with pytest.raises(InvalidInput, match="numbers"):
        parse(check_registration.Request, {"numbers": []})
