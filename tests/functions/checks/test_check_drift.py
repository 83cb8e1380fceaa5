"""Drift: changes at Bandwidth are found and published once, and so is their end."""

import json
from itertools import batched
from typing import Any

import pytest

from bandwidth_messaging.api.bus_events import to_event
from bandwidth_messaging.bandwidth.errors import BandwidthUnauthorized, BandwidthUnavailable
from bandwidth_messaging.domain.numbers import Home, NumberState
from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.store.dynamodb import _to_dynamodb
from functions.checks import check_drift
from simulator.account.numbers import AccountNumber
from simulator.control.account import describe_account
from tests.bus import bus_event, schema_errors
from tests.functions.checks.conftest import AT, HOSTED, NUMBER, activate, application_of, location_of
from tests.functions.conftest import CALLBACK_URL, CONFIG, Stack, call, sample
from tests.generations import both_generations, only_classic

pytestmark = both_generations
OTHER, THIRD = "+19102398767", "+19102398768"
NOTHING = {"news": False, "counts": {}, "findings": []}


def appear(stack: Stack, *numbers: str, location_id: str | None = None, hosted: bool = False) -> None:
    account = stack.simulator.simulator.account
    at = location_id or location_of(stack).id
    for number in numbers:
        it = AccountNumber(number[2:], CONFIG.site_id, at, hosted_by="importTnOrders" if hosted else None)
        account.numbers.add(it)


def vanish(stack: Stack, *numbers: str) -> None:
    for number in numbers:
        stack.simulator.simulator.account.numbers.remove(number[2:])


@pytest.fixture
def home(deployment: Stack) -> Stack:
    """Two active numbers at one location, without drift."""
    appear(deployment, NUMBER, OTHER)
    activate(OTHER, application_of(deployment).id, location_of(deployment).id)
    return deployment


def check() -> Any:
    return call(check_drift, sample("checks/check_drift"))


def found() -> list[tuple[str, str | int | None]]:
    """Return the kind and the number, or the count of numbers, of each current finding."""
    return [(each["what"], each.get("number", each.get("numbers"))) for each in check()["findings"]]


def reasons() -> list[str]:
    return [each["reason"] for each in check()["findings"]]


def stored(stack: Stack) -> Any:
    """Return the drift item in the form of the stream."""
    table = stores.numbers()._table.name
    return stack.dynamodb.get_item(TableName=table, Key={"pk": {"S": "DRIFT"}}).get("Item")


# Findings


def test_without_differences_nothing_is_stored(home: Stack) -> None:
    assert check() == NOTHING
    assert stored(home) is None


def test_without_active_numbers_bandwidth_gets_no_request(stack: Stack) -> None:
    assert check() == NOTHING
    assert stack.requests("GET", "") == 0


def test_a_new_number_at_a_known_location_has_appeared(home: Stack) -> None:
    appear(home, THIRD)
    location_id = location_of(home).id
    assert check() == {
        "news": True,
        "counts": {"appeared": 1},
        "findings": [
            {
                "what": "appeared",
                "number": THIRD,
                "reason": f"location {location_id} lists the number",
                "siteId": CONFIG.site_id,
                "locationId": location_id,
            }
        ],
    }


@pytest.mark.parametrize("hosted", [False, True])
def test_hosted_and_own_numbers_both_appear(home: Stack, hosted: bool) -> None:
    appear(home, THIRD, hosted=hosted)
    assert found() == [("appeared", THIRD)]


def test_a_number_at_an_unknown_location_is_ignored(home: Stack) -> None:
    account = home.simulator.simulator.account
    elsewhere = account.create_location(CONFIG.site_id, "elsewhere", is_default=False)

    appear(home, THIRD, location_id=elsewhere.id)

    assert check() == NOTHING


def test_a_number_missing_at_its_location_has_vanished(home: Stack) -> None:
    vanish(home, OTHER)
    assert found() == [("vanished", OTHER)]
    assert reasons() == [f"location {location_of(home).id} does not list the number"]


def test_a_number_moved_to_another_known_location_has_vanished_with_the_new_location(home: Stack) -> None:
    first, account = location_of(home), home.simulator.simulator.account
    second = account.create_location(CONFIG.site_id, "second", is_default=False)
    assert first.sms
    account.enable_sms(second, first.sms)
    account.assign_application(second, application_of(home).id)
    appear(home, THIRD, location_id=second.id)
    activate(THIRD, application_of(home).id, second.id)
    assert check() == NOTHING
    appear(home, OTHER, location_id=second.id)

    assert found() == [("vanished", OTHER)]
    assert reasons() == [f"the number was moved to location {second.id}"]


def test_at_a_location_without_an_application_all_numbers_lose_messaging(home: Stack) -> None:
    location = location_of(home)
    location.application_id = None
    assert found() == [("lostMessaging", 2)]

    (reason,) = reasons()
    assert reason == (
        f"location {location.id} has no application, expected application {application_of(home).id}"
    )
    assert check()["counts"] == {"lostMessaging": 2}


def test_at_a_location_with_another_application_numbers_lose_messaging(home: Stack) -> None:
    account, location = home.simulator.simulator.account, location_of(home)
    expected = application_of(home).id
    other = account.create_application("other", "https://example.com", "user", "word")

    account.assign_application(location, other.id)

    assert reasons() == [
        f"location {location.id} has application {other.id}, expected application {expected}"
    ]


def test_at_a_location_without_sms_numbers_lose_messaging(home: Stack) -> None:
    location_of(home).sms = None
    assert found() == [("lostMessaging", 2)]
    assert reasons() == [f"SMS is off at location {location_of(home).id}"]


def test_a_number_without_sms_loses_messaging_alone(home: Stack) -> None:
    numbers = "".join(
        f"<SipPeerTelephoneNumber><FullNumber>{number[2:]}</FullNumber>"
        f"<MessagingSettings><SmsEnabled>{on}</SmsEnabled></MessagingSettings></SipPeerTelephoneNumber>"
        for number, on in ((NUMBER, "true"), (OTHER, "false"))
    )
    listed = f"<R><SipPeerTelephoneNumbers>{numbers}</SipPeerTelephoneNumbers></R>"
    home.add_fault("/tns$", answer={"status": 200, "body": listed})

    assert found() == [("lostMessaging", OTHER)]


def test_at_a_missing_location_numbers_lose_messaging(home: Stack) -> None:
    account, location = home.simulator.simulator.account, location_of(home)
    del account._locations[location.id]

    assert found() == [("lostMessaging", 2)]
    assert reasons() == [f"location {location.id} does not exist"]


# Numbers in transition


@pytest.mark.parametrize("state", ["pending", "releasing"])
def test_a_pending_or_releasing_number_is_no_drift(home: Stack, state: str) -> None:
    at = Home(api="v2", customer_order_id="order-2", site_id=CONFIG.site_id)
    if state == "pending":
        stores.numbers().expect(THIRD, at, AT)
    else:
        stores.numbers().start_release(THIRD, at, AT)

    appear(home, THIRD)

    assert check() == NOTHING


def test_a_released_number_that_is_still_listed_has_appeared(home: Stack) -> None:
    at = Home(api="v2", customer_order_id="order-2", site_id=CONFIG.site_id)
    stores.numbers().start_release(THIRD, at, AT)
    stores.numbers().release(THIRD, AT)

    appear(home, THIRD)

    assert reasons() == [
        f"location {location_of(home).id} lists the number, and the stack's record of the number is released"
    ]


@pytest.mark.parametrize("change", ["released", "activated"])
def test_a_record_that_changes_during_the_check_is_no_drift(
    home: Stack, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    locations = bandwidth_clients.dashboard()
    read = type(locations).list_location_numbers

    def meanwhile(*place: Any) -> Any:
        if change == "released":
            vanish(home, OTHER)
            at = Home(api="v2", customer_order_id="order-2", site_id=CONFIG.site_id)
            stores.numbers().start_release(OTHER, at, AT)
        else:
            appear(home, THIRD)
            activate(THIRD, application_of(home).id, location_of(home).id)
        return read(*place)

    monkeypatch.setattr(type(locations), "list_location_numbers", meanwhile)

    assert check() == NOTHING


# V1


def v1(stack: Stack, *numbers: str) -> str:
    """Add V1 numbers to Catapult and to the records. Return the id of their application."""
    catapult = stack.simulator.simulator.catapult
    properties = {"name": "hosted", "incomingMessageUrl": CALLBACK_URL}
    application_id: str = catapult.create_application(properties).id
    for number in numbers:
        imported(stack, number, application_id)
        activate(number, application_id, None, api="v1")
    return application_id


def imported(stack: Stack, number: str, application_id: str) -> None:
    account = stack.simulator.simulator.account
    account.numbers.add(AccountNumber(number[2:], CONFIG.site_id, None, hosted_by="externalTns"))
    credentials = (CONFIG.account_id, CONFIG.dashboard_user, CONFIG.dashboard_password)
    stack.simulator.simulator.catapult.import_number(number, application_id, None, *credentials)


def test_v1_numbers_are_compared_with_catapult(home: Stack) -> None:
    v1(home, HOSTED)
    assert check() == NOTHING
    home.simulator.simulator.catapult.release(HOSTED)

    assert found() == [("vanished", HOSTED)]
    assert reasons() == ["Catapult does not list the number"]


@pytest.mark.parametrize("assigned", ["no application", "application "])
def test_a_v1_number_with_another_application_or_none_loses_messaging(home: Stack, assigned: str) -> None:
    expected, catapult = v1(home, HOSTED), home.simulator.simulator.catapult
    other = catapult.create_application({"name": "other", "incomingMessageUrl": CALLBACK_URL})
    catapult.update_number(HOSTED, {"applicationId": "" if assigned == "no application" else other.id})
    assert found() == [("lostMessaging", HOSTED)]

    (reason,) = reasons()
    assert reason.startswith(f"the number has {assigned}")
    assert reason.endswith(f"expected application {expected}")


def test_a_new_number_with_a_known_v1_application_has_appeared(home: Stack) -> None:
    expected, catapult = v1(home, HOSTED), home.simulator.simulator.catapult
    imported(home, THIRD, expected)
    other = catapult.create_application({"name": "other", "incomingMessageUrl": CALLBACK_URL})

    imported(home, "+19192381139", other.id)

    assert found() == [("appeared", THIRD)]
    assert reasons() == [f"the number has application {expected} in Catapult"]


def test_without_v1_numbers_catapult_gets_no_request(home: Stack) -> None:
    check()
    assert home.requests("GET", "/v1/users") == 0


def test_a_v1_number_is_expected_at_its_location_which_other_numbers_may_share(stack: Stack) -> None:
    account = stack.simulator.simulator.account
    shared = account.create_location(CONFIG.site_id, "shared", is_default=True)
    expected = v1(stack, HOSTED)
    stores.numbers().activate(
        HOSTED,
        Home(
            api="v1",
            customer_order_id="order-2",
            order_id="o-2",
            site_id=CONFIG.site_id,
            application_id=expected,
            location_id=shared.id,
        ),
        AT,
    )
    appear(stack, HOSTED, THIRD, hosted=True)
    assert check() == NOTHING
    vanish(stack, HOSTED)

    assert found() == [("vanished", HOSTED)]


# Events


def published(stack: Stack, before: Any) -> Any:
    """Return the event of the drift item's change, validated against its schema."""
    images = {"NewImage": stored(stack)} | ({"OldImage": before} if before else {})
    event = to_event({"eventID": "c4ca4238", "dynamodb": images})
    assert event is not None
    assert schema_errors(bus_event(event.detail_type, event.detail)) == []
    return event


def test_a_finding_is_published_once_and_so_are_its_change_and_its_end(home: Stack) -> None:
    appear(home, THIRD)
    assert check()["news"]
    event = published(home, None)
    assert (event.detail_type, event.detail["counts"]) == ("Drift Found", {"appeared": 1})
    first = stored(home)
    again = check()
    assert (again["news"], again["counts"]) == (False, {"appeared": 1})
    assert stored(home) == first
    vanish(home, OTHER)
    assert check()["news"]
    assert published(home, first).detail_type == "Drift Updated"
    second = stored(home)
    vanish(home, THIRD)
    appear(home, OTHER)
    assert check() == {"news": True, "counts": {}, "findings": []}
    ended = published(home, second)

    assert (ended.detail_type, ended.detail["state"], ended.detail["version"]) == (
        "Drift Ended", "ended", 3
    )  # fmt: skip
    assert check() == NOTHING


def test_the_check_only_reads(home: Stack) -> None:
    v1(home, HOSTED)
    appear(home, THIRD)
    vanish(home, OTHER)
    location_of(home).application_id = None
    account, records = (
        describe_account(home.simulator.simulator),
        stores.numbers().list_all_by_state(NumberState.ACTIVE),
    )
    assert check()["counts"] == {"appeared": 1, "vanished": 1, "lostMessaging": 1}
    assert describe_account(home.simulator.simulator) == account
    assert stores.numbers().list_all_by_state(NumberState.ACTIVE) == records
    for method in ("PUT", "DELETE", "PATCH"):
        assert home.requests(method, "") == 0

    assert home.requests("POST", "") == home.requests("POST", "/oauth2/token")


@pytest.mark.parametrize(("status", "raised"), [(503, BandwidthUnavailable), (403, BandwidthUnauthorized)])
@pytest.mark.parametrize("path", ["/tns$", "/features/sms$", "/applicationSettings$"])
def test_a_failed_request_ends_no_drift(home: Stack, path: str, status: int, raised: type[Exception]) -> None:
    appear(home, THIRD)
    check()
    before = stored(home)
    vanish(home, THIRD)
    home.add_fault(path, times=10, answer={"status": status, "body": "<Error/>"})

    with pytest.raises(raised):
        check()

    assert stored(home) == before


@only_classic
def test_five_thousand_numbers_are_compared_in_one_run(home: Stack, record_property: Any) -> None:
    many = [f"+1919555{number:04}" for number in range(5000)]
    item = stores.numbers().get(NUMBER)
    assert item is not None
    items = [{**item, "pk": f"NUMBER#{number}", "number": number} for number in many]
    for batch in batched(items, 25, strict=True):
        requests = [{"PutRequest": {"Item": _to_dynamodb(each)}} for each in batch]
        home.dynamodb.batch_write_item(RequestItems={"NumbersTable": requests})
    appear(home, *many[:-150])
    before = home.requests("GET", "")
    result = check()

    record_property("drift of 5,000 numbers", f"{home.requests('GET', '') - before} requests")

    assert (result["counts"], len(result["findings"])) == ({"vanished": 150}, 100)
    assert len(json.dumps(stored(home))) < 100_000
    assert home.requests("GET", "") - before == 3
