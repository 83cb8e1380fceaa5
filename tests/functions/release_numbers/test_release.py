"""Releasing numbers, and everything that a set-up made: planned first, done once, and gone on with."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import (
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.services import number_release, order_placement
from functions.control import browse
from functions.hosted_messaging import (
    activate_numbers,
    create_import_request,
    get_status,
    import_numbers,
    prepare_location,
)
from functions.hosted_messaging import create_application as create_catapult_application
from functions.messages import send_message
from functions.messaging_v2 import (
    assign_application,
    check_order_status,
    create_application,
    create_location,
    enable_mms,
    enable_sms,
    order_numbers,
)
from functions.release_numbers import (
    check_disconnect,
    delete_resource,
    disconnect_numbers,
    plan_release,
    record_release,
    stop_sending,
)
from functions.setups import check_input
from simulator.account.numbers import AccountNumber
from simulator.account.order_outcomes import OrderOutcome
from simulator.control.account import shown
from tests.functions.conftest import CALLBACK_URL, NOTIFICATION_URL, House, ask, call, sample
from tests.generations import both_generations, only_classic, only_current

pytestmark = both_generations

SETUP, OTHER, RELEASE = "demo-2026-11", "demo-2", "release-1"
HOSTED = ["+19199918388", "+19199918389"]
THINGS = ["assignment", "mms", "sms", "location", "application"]
OF_HOSTED = {"classic": ["catapultApplication"], "current": [*THINGS, "subscription"]}


def set_up(house: House, name: str = SETUP, **names: str) -> list[str]:
    """Run a set-up of Messaging 2.0 step by step; return its numbers."""
    start = sample("setups/check_input") | {"executionName": name}
    checked = call(check_input, start | {"input": start["input"] | names})
    at = {"customerOrderId": name, "siteId": checked["siteId"]}

    def run(module: Any, **fields: Any) -> Any:
        event = sample(f"messaging_v2/{module.__name__.rpartition('.')[2]}")
        given = {field: value for field, value in (event | at | fields).items() if field in event}
        return call(module, given)

    application = run(create_application, applicationName=checked["applicationName"])
    at["applicationId"] = application["applicationId"]
    at["locationId"] = run(create_location, locationName=checked["locationName"])["locationId"]
    for step in (enable_sms, enable_mms, assign_application):
        run(step)
    at["orderId"] = run(
        order_numbers, **{field: checked[field] for field in ("search",) if field in checked}
    )["orderId"]
    numbers: list[str] = run(check_order_status)["numbers"]
    return numbers


def host(house: House, name: str = SETUP, numbers: list[str] = HOSTED) -> str:
    """Run a hosted set-up step by step; return its application's id, Catapult's or today's."""
    given = sample("executions/hosted_messaging") | {"telephoneNumbers": numbers, "customerOrderId": name}
    checked = call(check_input, sample("setups/check_input") | {"kind": "hosted_messaging", "input": given})
    at = checked | {"api": "v1"}
    house.simulator.simulator.imports.needs_letter = False

    def run(module: Any, **fields: Any) -> Any:
        event = sample(f"hosted_messaging/{module.__name__.rpartition('.')[2]}")
        given = {field: value for field, value in (event | at | fields).items() if field in event}
        return call(module, given)

    if wiring.is_current():
        at |= {"api": "v2", **run(prepare_location, locationId=None)}
        at["sipPeerId"] = at["locationId"]
    at["orderId"] = run(create_import_request)["orderId"]
    run(get_status)
    if wiring.is_current():
        run(activate_numbers)
    else:
        at |= run(create_catapult_application, applicationId=None, applicationName=name)
        run(import_numbers, numbers=numbers)
    application: str = at["applicationId"]
    return application


def ask_for_the_end() -> Any:
    """Ask once more how the order of a set-up of Messaging 2.0 has ended; return the numbers it brought."""
    record = wiring.orders().get(SETUP) or {}
    event = sample("messaging_v2/check_order_status") | {"customerOrderId": SETUP}
    given = {name: record[name] for name in ("orderId", "locationId", "applicationId", "siteId")}
    return call(check_order_status, event | given)["numbers"]


def check(name: str = RELEASE, **given: Any) -> Any:
    event = sample("setups/check_input") | {"kind": "release_numbers", "executionName": name, "input": given}
    return call(check_input, event)


def plan(name: str = RELEASE, **given: Any) -> Any:
    checked = check(name, **given)
    fields = ("customerOrderId", "setupOrderId", "telephoneNumbers", "everything")
    return call(plan_release, {field: checked[field] for field in fields})


def things(resources: list[Any]) -> list[str]:
    return [resource["what"] for resource in resources]


def reasons(planned: Any) -> dict[str, str]:
    return {resource["what"]: resource["reason"] for resource in planned["leave"]}


def step(module: Any, name: str = RELEASE, **fields: Any) -> Any:
    return call(module, {"customerOrderId": name, **fields})


def stop(planned: Any, name: str = RELEASE) -> None:
    fields = {field: planned[field] for field in ("setupOrderId", "disconnect", "remove")}
    step(stop_sending, name, **fields)


def disconnect(numbers: list[str], name: str = RELEASE) -> Any:
    ordered = step(disconnect_numbers, name, numbers=numbers)["orderId"]
    return step(check_disconnect, name, orderId=ordered, numbers=numbers)


def delete(planned: Any, name: str = RELEASE) -> list[Any]:
    return [step(delete_resource, name, resource=each)["resource"] for each in planned["delete"]]


def record(planned: Any, taken: list[Any], name: str = RELEASE, refusal: str | None = None) -> Any:
    numbers = [*planned["disconnect"], *(each for group in planned["remove"] for each in group["numbers"])]
    return step(
        record_release,
        name,
        setupOrderId=planned["setupOrderId"],
        everything=bool(taken) or bool(planned["leave"]),
        numbers=numbers,
        taken=taken,
        leave=planned["leave"],
        refusal=refusal,
    )


def take(resource: Any) -> Any:
    return step(delete_resource, resource=resource)["resource"]["outcome"]


def number(e164: str) -> Any:
    return ask(browse, "GET", f"/numbers/{e164}")[1]


def order(name: str) -> Any:
    return ask(browse, "GET", f"/orders/{name}")[1]


def account(house: House) -> Any:
    return shown(house.simulator.simulator)


def stored(house: House) -> Any:
    return house.dynamodb.scan(TableName="NumbersTable")["Items"]


class TestCheckInput:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({}, "input: give telephoneNumbers, or the customerOrderId of a set-up, and not both"),
            ({"telephoneNumbers": HOSTED, "customerOrderId": SETUP}, "input: give telephoneNumbers, or"),
            ({"telephoneNumbers": ["home"]}, 'telephoneNumbers[0]: "home" is not a phone number'),
            ({"telephoneNumbers": []}, "telephoneNumbers: list should have at least 1 item"),
            ({"telephoneNumbers": HOSTED, "everything": True}, "everything: needs the customerOrderId"),
            ({"customerOrderId": SETUP, "deadlineHours": 0}, "deadlineHours: input should be greater than 0"),
            ({"customerOrderId": SETUP, "colour": "red"}, "colour: is not a field of this input"),
        ],
    )
    def test_names_what_is_wrong(self, house: House, given: dict[str, Any], words: str) -> None:
        with pytest.raises(InvalidInput, match=re.escape(words)):
            check(**given)
        assert stored(house) == []

    def test_one_release_takes_as_many_numbers_as_one_order(self, house: House) -> None:
        with pytest.raises(InvalidInput, match="are 5001; one release takes up to 5000"):
            check(telephoneNumbers=[f"+1919555{each:04}" for each in range(5001)])

    def test_opens_a_record_of_its_own_kind(self, house: House) -> None:
        checked = check(customerOrderId=SETUP)
        assert (checked["customerOrderId"], checked["setupOrderId"]) == (RELEASE, SETUP)
        assert (order(RELEASE)["kind"], order(RELEASE)["state"]) == ("release_numbers", "started")


class TestPlan:
    def test_of_everything_names_numbers_and_things_in_the_only_order_that_works(self, house: House) -> None:
        numbers = set_up(house)
        planned = plan(customerOrderId=SETUP, everything=True)
        assert planned["disconnect"] == sorted(numbers)
        assert things(planned["delete"]) == THINGS
        assert planned["leave"] == []
        assert planned["plan"]["numbers"] == {
            "disconnect": 2,
            "remove": 0,
            "releasedBefore": 0,
            "neverCame": 0,
        }
        assert planned["plan"]["firstNumbers"] == [
            {"number": each, "state": "active", "then": "disconnect"} for each in sorted(numbers)
        ]

    def test_of_a_dry_run_changes_nothing_anywhere(self, house: House) -> None:
        set_up(house)
        before, records = account(house), stored(house)
        asked = len(house.simulator.simulator.capture.requests("", None, bodies=False))
        plan(customerOrderId=SETUP, everything=True, dryRun=True)
        assert (account(house), stored(house)) == (before, records)
        since = house.simulator.simulator.capture.requests("", None, bodies=False)[asked:]
        assert {each["method"] for each in since} == {"GET"}

    def test_without_everything_leaves_what_stands_around_the_numbers(self, house: House) -> None:
        set_up(house)
        planned = plan(customerOrderId=SETUP)
        assert len(planned["disconnect"]) == 2
        assert (planned["delete"], planned["leave"]) == ([], [])

    def test_of_single_numbers_takes_them_as_people_write_them(self, house: House) -> None:
        first, _ = set_up(house)
        planned = plan(telephoneNumbers=[f"({first[2:5]}) {first[5:8]}-{first[8:]}"])
        assert planned["disconnect"] == [first]

    def test_tells_of_a_number_that_is_not_ours_by_its_last_four_digits(
        self, house: House, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first, _ = set_up(house)
        with pytest.raises(InvalidInput, match=r"telephoneNumbers: …0000 is not one of our numbers"):
            plan(telephoneNumbers=[first, "+19195550000"])
        assert "9195550000" not in capsys.readouterr().out

    def test_names_a_set_up_that_is_none(self, house: House) -> None:
        with pytest.raises(InvalidInput, match="customerOrderId: there is no set-up 'nothing'"):
            plan(customerOrderId="nothing")
        with pytest.raises(InvalidInput, match="a release, not a set-up, has the id 'release-1'"):
            plan("release-2", customerOrderId=RELEASE)

    def test_takes_no_numbers_that_have_gone_or_never_came(self, house: House) -> None:
        first, second = set_up(house)
        planned = plan(telephoneNumbers=[first])
        stop(planned)
        disconnect([first])
        again = plan("release-2", customerOrderId=SETUP)
        assert again["disconnect"] == [second]
        assert again["plan"]["numbers"]["releasedBefore"] == 1

    def test_hosted_numbers_are_removed_by_site_under_an_id_that_stays_the_same(
        self, house: House, generation: str
    ) -> None:
        host(house)
        planned = plan(customerOrderId=SETUP, everything=True)
        assert planned["disconnect"] == []
        (removal,) = planned["remove"]
        assert (removal["siteId"], removal["numbers"]) == ("1001", HOSTED)
        assert removal["customerOrderId"] == f"{RELEASE}-removal-1"
        assert things(planned["delete"]) == OF_HOSTED[generation]
        assert plan(customerOrderId=SETUP, everything=True) == planned

    @only_classic
    def test_a_hosted_number_that_only_catapult_refused_is_removed_too(self, house: House) -> None:
        refusal = '{"category": "bad-request", "code": "validation-error", "message": "not this one"}'
        house.fault("/phoneNumbers", method="POST", match=HOSTED[1], answer={"status": 400, "body": refusal})
        host(house)
        assert number(HOSTED[1])["state"] == "failed"
        assert plan(customerOrderId=SETUP)["remove"][0]["numbers"] == HOSTED

    def test_a_set_up_whose_order_bandwidth_is_still_at_is_not_undone(self, house: House) -> None:
        house.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="BACKORDERED"))
        set_up(house)
        with pytest.raises(
            InvalidInput, match="is still BACKORDERED at Bandwidth, and more numbers may come"
        ):
            plan(customerOrderId=SETUP, everything=True)

    def test_numbers_that_came_after_we_had_given_up_are_released_too(self, house: House) -> None:
        house.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="BACKORDERED"))
        assert set_up(house) == []
        house.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="COMPLETE"))
        planned = plan(customerOrderId=SETUP, everything=True)
        assert (len(planned["disconnect"]), things(planned["delete"])) == (2, THINGS)
        stop(planned)
        disconnect(planned["disconnect"])
        assert [number(each)["state"] for each in planned["disconnect"]] == ["released"] * 2
        assert [each["outcome"] for each in delete(planned)] == ["deleted"] * 5

    def test_what_is_released_while_the_set_up_still_asks_is_not_brought_back_by_its_answer(
        self, house: House
    ) -> None:
        house.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="BACKORDERED"))
        set_up(house)
        house.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="COMPLETE"))
        planned = plan(customerOrderId=SETUP)
        stop(planned)
        assert ask_for_the_end() == planned["disconnect"]
        assert [number(each)["state"] for each in planned["disconnect"]] == ["releasing"] * 2
        disconnect(planned["disconnect"])
        ask_for_the_end()
        assert [number(each)["state"] for each in planned["disconnect"]] == ["released"] * 2

    def test_a_set_up_that_is_run_again_does_not_bring_back_what_was_released(self, house: House) -> None:
        numbers = set_up(house)
        planned = plan(customerOrderId=SETUP)
        stop(planned)
        disconnect(planned["disconnect"])
        assert set_up(house) == numbers
        assert [number(each)["state"] for each in numbers] == ["released"] * 2

    def test_nor_does_a_hosted_one(self, house: House) -> None:
        host(house)
        planned = plan(customerOrderId=SETUP)
        stop(planned)
        number_release.record_gone(HOSTED)
        imports = house.requests("POST", "/phoneNumbers")
        host(house)
        assert [number(each)["state"] for each in HOSTED] == ["released"] * 2
        assert house.requests("POST", "/phoneNumbers") == imports


class TestWhatIsLeft:
    def test_what_numbers_of_another_set_up_use_is_left(self, house: House) -> None:
        set_up(house)
        set_up(house, OTHER)
        planned = plan(customerOrderId=SETUP, everything=True)
        assert planned["delete"] == []
        assert set(reasons(planned)) == set(THINGS)
        location = planned["leave"][0]["locationId"]
        assert reasons(planned)["location"] == f"2 other numbers still at location {location}"
        assert reasons(planned)["application"] == f"used by location {location}"

    def test_once_those_are_gone_the_last_set_up_takes_away_what_the_first_made(self, house: House) -> None:
        set_up(house)
        set_up(house, OTHER)
        first = plan(customerOrderId=SETUP, everything=True)
        stop(first)
        disconnect(first["disconnect"])
        last = plan("release-2", customerOrderId=OTHER, everything=True)
        assert (things(last["delete"]), last["leave"]) == (THINGS, [])

    def test_what_somebody_else_made_is_left(self, house: House) -> None:
        bandwidth = house.simulator.simulator.account
        bandwidth.create_application("bandwidth-messaging", CALLBACK_URL)
        bandwidth.create_location("1001", "bandwidth messaging", True)
        set_up(house)
        planned = plan(customerOrderId=SETUP, everything=True)
        # What this set-up switched on at a place of somebody else's, it takes back.
        assert things(planned["delete"]) == ["assignment", "mms", "sms"]
        assert reasons(planned) == {
            "location": "no set-up of this stack has made it",
            "application": "no set-up of this stack has made it",
        }

    def test_what_was_on_before_is_left(self, house: House) -> None:
        bandwidth = house.simulator.simulator.account
        bandwidth.create_location("1001", "bandwidth messaging", True)
        (place,) = bandwidth.locations()
        wiring.dashboard().enable_sms("1001", place.id, toll_free=True, short_code=True)
        set_up(house)
        planned = plan(customerOrderId=SETUP, everything=True)
        assert things(planned["delete"]) == ["assignment", "mms", "application"]
        assert reasons(planned)["sms"] == "no set-up of this stack has made it"

    def test_a_location_that_has_another_application_keeps_it(self, house: House) -> None:
        set_up(house)
        bandwidth = house.simulator.simulator.account
        (place,) = bandwidth.locations()
        other = bandwidth.create_application("other", "https://other.example/v2")
        place.application_id = other.id
        planned = plan(customerOrderId=SETUP, everything=True)
        assert reasons(planned)["assignment"] == (
            f"location {place.id} sends its messages to the application {other.id}"
        )

    def test_a_sites_default_is_left_while_the_site_has_others(self, house: House) -> None:
        set_up(house)
        house.simulator.simulator.account.create_location("1001", "other", False)
        planned = plan(customerOrderId=SETUP, everything=True)
        assert things(planned["delete"]) == ["assignment", "mms", "sms", "application"]
        assert "it is the default of site 1001" in reasons(planned)["location"]

    def test_a_location_whose_making_got_no_answer_is_known_as_ours(self, house: House) -> None:
        house.fault("/sippeers$", method="POST", lose_answer=True)
        with pytest.raises(BandwidthOutcomeUnknown):
            set_up(house)
        set_up(house)
        assert things(plan(customerOrderId=SETUP, everything=True)["delete"]) == THINGS

    @only_classic
    def test_an_application_of_catapult_that_was_given_or_that_others_use_is_left(self, house: House) -> None:
        application = host(house)
        given = {"telephoneNumbers": ["+19199918390"], "customerOrderId": OTHER, "applicationId": application}
        call(check_input, sample("setups/check_input") | {"kind": "hosted_messaging", "input": given})
        event = sample("hosted_messaging/create_application") | {"customerOrderId": OTHER}
        call(create_catapult_application, event | {"applicationId": application})
        assert reasons(plan(customerOrderId=OTHER, everything=True)) == {
            "catapultApplication": "2 other numbers still use it"
        }


class TestDisconnect:
    @pytest.fixture
    def numbers(self, house: House) -> list[str]:
        numbers = sorted(set_up(house))
        stop(plan(telephoneNumbers=numbers))
        return numbers

    def test_nothing_is_sent_from_the_first_moment(self, house: House, numbers: list[str]) -> None:
        assert [number(each)["state"] for each in numbers] == ["releasing"] * 2
        body = {"from": numbers[0], "to": "+19195551234", "text": "hello"}
        assert ask(send_message, "POST", "/messages", body=body)[0] == 422

    def test_numbers_stay_with_the_set_up_that_brought_them(self, house: House, numbers: list[str]) -> None:
        assert {number(each)["customerOrderId"] for each in numbers} == {SETUP}

    def test_numbers_are_released_with_the_time(self, house: House, numbers: list[str]) -> None:
        assert disconnect(numbers) == {"state": "completed", "status": "COMPLETE", "detail": "COMPLETE"}
        for each in numbers:
            assert number(each)["state"] == "released"
            assert number(each)["times"].keys() >= {"active", "releasing", "released"}
        assert account(house)["numbers"] == []

    def test_run_again_it_orders_nothing(self, house: House, numbers: list[str]) -> None:
        first = step(disconnect_numbers, numbers=numbers)
        second = step(disconnect_numbers, numbers=numbers)
        assert first["orderId"] == second["orderId"]
        assert second["detail"] == "recorded before"
        assert house.requests("POST", "/disconnects") == 1

    def test_an_order_whose_answer_was_lost_is_looked_up(self, house: House, numbers: list[str]) -> None:
        house.fault("/disconnects", method="POST", lose_answer=True)
        with pytest.raises(BandwidthOutcomeUnknown):
            step(disconnect_numbers, numbers=numbers)
        assert step(disconnect_numbers, numbers=numbers)["detail"] == "found"
        assert len(account(house)["disconnects"]) == 1

    def test_killed_after_the_order_went_out_it_is_looked_up(
        self, house: House, numbers: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as killed:
            killed.setattr(wiring.orders(), "record_ordered", _die)
            with pytest.raises(Killed):
                step(disconnect_numbers, numbers=numbers)
        assert step(disconnect_numbers, numbers=numbers)["detail"] == "found"
        assert len(account(house)["disconnects"]) == 1

    def test_killed_before_the_order_went_out_it_is_placed_after_its_claim(
        self, house: House, numbers: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        times = iter(f"2026-01-01T00:0{minute}:00.000Z" for minute in (0, 3, 4, 5, 6))
        monkeypatch.setattr(order_placement, "now", lambda: next(times))
        with monkeypatch.context() as killed:
            killed.setattr(wiring.dashboard(), "disconnect", _die)
            with pytest.raises(Killed):
                step(disconnect_numbers, numbers=numbers)
        for _ in ("three minutes later", "four minutes later: the attempt is given up"):
            with pytest.raises(BandwidthOutcomeUnknown):
                step(disconnect_numbers, numbers=numbers)
        assert step(disconnect_numbers, numbers=numbers)["detail"] == "ordered"
        assert len(account(house)["disconnects"]) == 1

    def test_a_number_that_is_not_ours_any_more_is_gone(self, house: House, numbers: list[str]) -> None:
        house.simulator.simulator.account.numbers.remove(numbers[0].removeprefix("+1"))
        assert disconnect(numbers)["status"] == "PARTIAL"
        assert [number(each)["state"] for each in numbers] == ["released"] * 2

    def test_so_are_all_of_an_order_that_failed_for_that(self, house: House, numbers: list[str]) -> None:
        for each in numbers:
            house.simulator.simulator.account.numbers.remove(each.removeprefix("+1"))
        assert disconnect(numbers)["status"] == "FAILED"
        assert [number(each)["state"] for each in numbers] == ["released"] * 2

    def test_numbers_that_are_gone_may_be_refused_at_once(self, house: House, numbers: list[str]) -> None:
        house.simulator.simulator.account.numbers.remove(numbers[0].removeprefix("+1"))
        gone = (
            "<r><ErrorList><Error><Code>5006</Code><Description>not with your account</Description>"
            "</Error></ErrorList></r>"
        )
        house.fault("/disconnects", method="POST", answer={"status": 400, "body": gone})
        step(disconnect_numbers, numbers=numbers)
        assert number(numbers[0])["state"] == "released"
        assert account(house)["disconnects"][0]["numbers"] == [numbers[1]]

    def test_without_a_number_left_there_is_no_order(self, house: House, numbers: list[str]) -> None:
        for each in numbers:
            house.simulator.simulator.account.numbers.remove(each.removeprefix("+1"))
        gone = "<r><ErrorList><Error><Code>5006</Code><Description>no</Description></Error></ErrorList></r>"
        house.fault("/disconnects", method="POST", answer={"status": 400, "body": gone})
        assert step(disconnect_numbers, numbers=numbers)["orderId"] is None
        assert [number(each)["state"] for each in numbers] == ["released"] * 2

    def test_another_refusal_is_the_orders_end(self, house: House, numbers: list[str]) -> None:
        locked = (
            "<r><ErrorList><Error><Code>5012</Code><Description>The account is locked</Description>"
            "</Error></ErrorList></r>"
        )
        house.fault("/disconnects", method="POST", answer={"status": 400, "body": locked})
        with pytest.raises(BandwidthRejected, match="5012 The account is locked"):
            step(disconnect_numbers, numbers=numbers)
        assert [number(each)["state"] for each in numbers] == ["releasing"] * 2

    def test_a_number_that_could_not_be_disconnected_says_why(self, house: House, numbers: list[str]) -> None:
        errors = [{"code": 5006, "description": "TelephoneNumber Disconnect Error", "numbers": numbers[:1]}]
        fate = OrderOutcome(fate="PARTIAL", failed_numbers=numbers[:1], errors=errors)
        house.simulator.simulator.orders.decide_order(RELEASE, fate)
        disconnect(numbers)
        kept = number(numbers[0])
        assert (kept["state"], kept["errorCode"]) == ("releasing", "5006")
        assert kept["reason"] == "TelephoneNumber Disconnect Error"
        assert number(numbers[1])["state"] == "released"

    def test_not_yet_is_not_yet(self, house: House, numbers: list[str]) -> None:
        house.simulator.simulator.orders.decide_order(RELEASE, OrderOutcome(fate="RECEIVED"))
        assert disconnect(numbers)["state"] == "pending"
        assert [number(each)["state"] for each in numbers] == ["releasing"] * 2


@only_current
class TestTheSubscriptionToLostNumbers:
    """All hosted set-ups of the stack share it."""

    def undo(self, name: str) -> dict[str, str]:
        """Undo a set-up; return what became of each thing."""
        planned = plan(f"undo {name}", customerOrderId=name, everything=True)
        stop(planned, f"undo {name}")
        for removal in planned["remove"]:
            number_release.record_gone(removal["numbers"])
            self.remove(removal["numbers"])
        taken = delete(planned, f"undo {name}")
        return {each["what"]: each["outcome"] or "left" for each in [*taken, *planned["leave"]]}

    def remove(self, numbers: list[str]) -> None:
        for each in numbers:
            self.account.numbers.remove(each.removeprefix("+1"))

    @pytest.fixture(autouse=True)
    def _account(self, house: House) -> None:
        self.account = house.simulator.simulator.account

    def test_goes_with_the_last_hosted_set_up(self, house: House) -> None:
        host(house)
        host(house, OTHER, ["+19199918390"])
        assert self.undo(SETUP)["subscription"] == "left"
        assert len(account(house)["subscriptions"]) == 1
        assert self.undo(OTHER)["subscription"] == "deleted"
        assert account(house)["subscriptions"] == []

    def test_is_left_with_the_reason_while_there_are_other_hosted_numbers(self, house: House) -> None:
        host(house)
        host(house, OTHER, ["+19199918390"])
        planned = plan(customerOrderId=SETUP, everything=True)
        assert reasons(planned)["subscription"] == "1 other hosted number left, whose loss it tells of"

    def test_is_nothing_to_numbers_of_our_own_nor_to_the_set_up_that_brought_them(self, house: House) -> None:
        set_up(house, OTHER)
        host(house)
        assert "subscription" not in self.undo(OTHER)
        assert "subscription" in things(plan(customerOrderId=SETUP, everything=True)["delete"])

    def test_is_not_one_to_an_order_nor_another_stacks(self, house: House) -> None:
        host(house)
        credentials = wiring.callback_credentials()
        bandwidth = wiring.dashboard()
        bandwidth.subscribe(
            "IMPORT", "order-1", callback_url=NOTIFICATION_URL, credentials=credentials, seconds=3600
        )
        bandwidth.subscribe_to_lost_numbers(callback_url="https://other.example", credentials=credentials)
        self.undo(SETUP)
        assert [each["order_id"] or each["url"] for each in account(house)["subscriptions"]] == [
            "order-1",
            "https://other.example",
        ]

    def test_is_left_if_a_set_up_came_to_rely_on_it_since_the_plan(self, house: House) -> None:
        host(house)
        planned = plan(customerOrderId=SETUP, everything=True)
        stop(planned)
        host(house, OTHER, ["+19199918390"])
        (resource,) = [each for each in planned["delete"] if each["what"] == "subscription"]
        assert take(resource) == "left"
        assert len(account(house)["subscriptions"]) == 1

    def test_is_gone_when_it_is_taken_away_again(self, house: House) -> None:
        host(house)
        planned = plan(customerOrderId=SETUP, everything=True)
        stop(planned)
        resource = planned["delete"][-1]
        assert [take(resource), take(resource)] == ["deleted", "gone"]

    def test_that_may_not_be_listed_keeps_nothing_else_from_going(self, house: House) -> None:
        host(house)
        house.fault("/subscriptions$", method="GET", answer={"status": 403})
        planned = plan(customerOrderId=SETUP, everything=True)
        assert things(planned["delete"]) == THINGS
        assert NOTIFICATION_URL in reasons(planned)["subscription"]


class Killed(BaseException):
    """What no code of ours catches, as nothing catches the end of a Lambda environment."""


def _die(*_: Any, **__: Any) -> Any:
    raise Killed


class TestDelete:
    @pytest.fixture
    def planned(self, house: House) -> Any:
        set_up(house)
        planned = plan(customerOrderId=SETUP, everything=True)
        stop(planned)
        disconnect(planned["disconnect"])
        return planned

    def test_everything_goes_and_the_account_is_empty(self, house: House, planned: Any) -> None:
        taken = delete(planned)
        assert [(each["what"], each["outcome"]) for each in taken] == [(what, "deleted") for what in THINGS]
        assert record(planned, taken)["state"] == "completed"
        left = account(house)
        assert [left[kind] for kind in ("applications", "locations", "numbers")] == [[], [], []]
        released, setup = order(RELEASE), order(SETUP)
        assert (released["state"], released["requested"], released["completed"]) == ("completed", 2, 2)
        assert released["setupOrderId"] == SETUP
        assert [(each["what"], each["outcome"]) for each in released["resources"]] == [
            (what, "deleted") for what in THINGS
        ]
        assert [each["name"] for each in released["steps"]] == [
            "Plan Release",
            "Stop Sending",
            "Disconnect Numbers",
            "Check Disconnect",
            *(f"Delete Resource: {what}" for what in THINGS),
            "Record Release",
        ]
        assert (setup["undoneBy"], setup["times"]["undone"]) == (RELEASE, released["times"]["completed"])

    def test_what_was_undone_is_not_started_again(self, house: House, planned: Any) -> None:
        record(planned, delete(planned))
        with pytest.raises(InvalidInput, match=rf"customerOrderId: {SETUP} was undone, .* choose another"):
            set_up(house)
        assert [number(each)["state"] for each in planned["disconnect"]] == ["released"] * 2

    def test_run_again_each_thing_is_gone(self, house: House, planned: Any) -> None:
        for resource in planned["delete"]:
            assert [take(resource), take(resource)] == ["deleted", "gone"]
        assert account(house)["locations"] == account(house)["applications"] == []

    def test_each_thing_whose_answer_was_lost_is_gone(self, house: House, planned: Any) -> None:
        for resource in planned["delete"]:
            method = "PUT" if resource["what"] == "assignment" else "DELETE"
            house.fault("", method=method, lose_answer=True)
            with pytest.raises(BandwidthUnavailable):
                take(resource)
            assert take(resource) == "gone"
        assert account(house)["locations"] == account(house)["applications"] == []

    @pytest.mark.parametrize(("after", "outcome"), [(False, "deleted"), (True, "gone")])
    def test_killed_right_before_or_after_each_thing_the_next_run_goes_on(
        self, house: House, planned: Any, after: bool, outcome: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for resource in planned["delete"]:
            with monkeypatch.context() as killed:
                _kill(killed, delete_resource, "take_away", after=after)
                with pytest.raises(Killed):
                    take(resource)
            assert take(resource) == outcome
        assert account(house)["locations"] == account(house)["applications"] == []

    def test_what_got_a_number_since_the_plan_is_left(self, house: House, planned: Any) -> None:
        (place,) = house.simulator.simulator.account.locations()
        arrived = AccountNumber("9105550199", "1001", place.id)
        house.simulator.simulator.account.numbers.add(arrived)
        taken = delete(planned)
        assert [each["outcome"] for each in taken] == ["left"] * 5
        assert taken[0]["reason"] == f"1 number still at location {place.id}"
        assert place.application_id is not None
        outcome = record(planned, taken)
        assert outcome["state"] == "partial"
        assert f"location {place.id} is left (1 number still at location {place.id})" in outcome["reason"]
        assert "start again with the same input" in outcome["reason"]
        assert "undoneBy" not in order(SETUP)

    def test_a_refusal_is_a_reason_with_bandwidths_words(self, house: House, planned: Any) -> None:
        house.simulator.simulator.account.create_location("1001", "other", False)
        taken = delete(planned)
        assert {each["what"]: each["outcome"] for each in taken} == dict.fromkeys(THINGS, "deleted") | {
            "location": "left"
        }
        assert taken[3]["reason"].startswith("13558 The default location")

    def test_a_number_in_those_words_is_in_no_log(
        self, house: House, planned: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = (
            "<r><ResponseStatus><ErrorCode>13555</ErrorCode>"
            "<Description>9195551212 is still there</Description></ResponseStatus></r>"
        )
        house.fault("", method="DELETE", answer={"status": 400, "body": words})
        taken = step(delete_resource, resource=planned["delete"][-1])
        assert taken["resource"]["reason"] == "13555 9195551212 is still there"
        told = capsys.readouterr().out
        assert "left: 13555 …1212 is still there" in json.loads(told.splitlines()[-1])["detail"]
        assert "9195551212" not in told


def _kill(patch: pytest.MonkeyPatch, module: Any, name: str, *, after: bool) -> None:
    """Let the function die right before, or right after, what it asks Bandwidth for."""
    take: Callable[..., Any] = getattr(module.number_release, name)

    def dying(*given: Any) -> Any:
        if after:
            take(*given)
        raise Killed

    patch.setattr(module.number_release, name, dying)
