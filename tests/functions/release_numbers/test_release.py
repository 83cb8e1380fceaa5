"""Releases of numbers and of everything that a set-up created: plan, steps, repetition and result."""

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
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.services import order_placement
from bandwidth_messaging.services.parallel import for_each
from bandwidth_messaging.services.resource_deletion import ResourceDeletion
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
from simulator.control.account import describe_account
from tests.functions.conftest import CALLBACK_URL, NOTIFICATION_URL, Stack, call, call_api, sample
from tests.generations import both_generations, only_classic, only_current

pytestmark = both_generations

SETUP, OTHER, RELEASE = "demo-2026-11", "demo-2", "release-1"
HOSTED = ["+19199918388", "+19199918389"]
RESOURCES = ["assignment", "mms", "sms", "location", "application"]
OF_HOSTED = {"classic": ["catapultApplication"], "current": [*RESOURCES, "subscription"]}


def set_up(stack: Stack, name: str = SETUP, **names: str) -> list[str]:
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


def host(stack: Stack, name: str = SETUP, numbers: list[str] = HOSTED) -> str:
    """Run a hosted set-up step by step; return the id of its application."""
    given = sample("executions/hosted_messaging") | {"telephoneNumbers": numbers, "customerOrderId": name}
    checked = call(check_input, sample("setups/check_input") | {"kind": "hosted_messaging", "input": given})
    at = checked | {"api": "v1"}
    stack.simulator.simulator.imports.needs_letter = False

    def run(module: Any, **fields: Any) -> Any:
        event = sample(f"hosted_messaging/{module.__name__.rpartition('.')[2]}")
        given = {field: value for field, value in (event | at | fields).items() if field in event}
        return call(module, given)

    if bandwidth_clients.is_current():
        at |= {"api": "v2", **run(prepare_location, locationId=None)}
        at["sipPeerId"] = at["locationId"]
    at["orderId"] = run(create_import_request)["orderId"]
    run(get_status)
    if bandwidth_clients.is_current():
        run(activate_numbers)
    else:
        at |= run(create_catapult_application, applicationId=None, applicationName=name)
        run(import_numbers, numbers=numbers)
    application: str = at["applicationId"]
    return application


def check_order_again() -> Any:
    """Check the order of a set-up of Messaging 2.0 again; return its completed numbers."""
    record: Any = stores.orders().get(SETUP)
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


def what_of(resources: list[Any]) -> list[str]:
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


def record_released(numbers: list[str]) -> None:
    """Record numbers as released, as the removal of hosted numbers does."""
    for_each(numbers, lambda number: stores.numbers().release(number, now()))


def delete_one(resource: Any) -> Any:
    return step(delete_resource, resource=resource)["resource"]["outcome"]


def number(e164: str) -> Any:
    return call_api(browse, "GET", f"/numbers/{e164}")[1]


def order(name: str) -> Any:
    return call_api(browse, "GET", f"/orders/{name}")[1]


def account(stack: Stack) -> Any:
    return describe_account(stack.simulator.simulator)


def stored(stack: Stack) -> Any:
    return stack.dynamodb.scan(TableName="NumbersTable")["Items"]


class TestCheckInput:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({}, "input: give either telephoneNumbers or the customerOrderId of a set-up"),
            (
                {"telephoneNumbers": HOSTED, "customerOrderId": SETUP},
                "input: give either telephoneNumbers",
            ),
            ({"telephoneNumbers": ["home"]}, 'telephoneNumbers[0]: "home" is not a phone number'),
            ({"telephoneNumbers": []}, "telephoneNumbers: list should have at least 1 item"),
            ({"telephoneNumbers": HOSTED, "everything": True}, "everything: needs the customerOrderId"),
            ({"customerOrderId": SETUP, "deadlineHours": 0}, "deadlineHours: input should be greater than 0"),
            ({"customerOrderId": SETUP, "colour": "red"}, "colour: is not a field of this input"),
        ],
    )
    def test_wrong_input_is_rejected_with_the_field(
        self, stack: Stack, given: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(InvalidInput, match=re.escape(words)):
            check(**given)
        assert stored(stack) == []

    def test_a_release_has_the_same_limit_of_numbers_as_an_order(self, stack: Stack) -> None:
        with pytest.raises(InvalidInput, match=r"has 5001 numbers\. Give at most 5000"):
            check(telephoneNumbers=[f"+1919555{each:04}" for each in range(5001)])

    def test_a_release_opens_an_order_of_its_own_kind(self, stack: Stack) -> None:
        checked = check(customerOrderId=SETUP)
        assert (checked["customerOrderId"], checked["setupOrderId"]) == (RELEASE, SETUP)
        assert (order(RELEASE)["kind"], order(RELEASE)["state"]) == ("release_numbers", "started")


class TestPlan:
    def test_everything_lists_numbers_and_resources_in_the_order_of_deletion(self, stack: Stack) -> None:
        numbers = set_up(stack)

        planned = plan(customerOrderId=SETUP, everything=True)

        assert planned["disconnect"] == sorted(numbers)
        assert what_of(planned["delete"]) == RESOURCES
        assert planned["leave"] == []
        assert planned["plan"]["numbers"] == {
            "disconnect": 2,
            "remove": 0,
            "releasedBefore": 0,
            "neverReceived": 0,
        }
        assert planned["plan"]["firstNumbers"] == [
            {"number": each, "state": "active", "then": "disconnect"} for each in sorted(numbers)
        ]

    def test_a_dry_run_changes_nothing(self, stack: Stack) -> None:
        set_up(stack)
        before, records = account(stack), stored(stack)
        asked = len(stack.simulator.simulator.capture.requests("", None, bodies=False))
        plan(customerOrderId=SETUP, everything=True, dryRun=True)
        assert (account(stack), stored(stack)) == (before, records)

        since = stack.simulator.simulator.capture.requests("", None, bodies=False)[asked:]
        assert {each["method"] for each in since} == {"GET"}

    def test_without_everything_no_resource_is_planned(self, stack: Stack) -> None:
        set_up(stack)

        planned = plan(customerOrderId=SETUP)

        assert len(planned["disconnect"]) == 2
        assert (planned["delete"], planned["leave"]) == ([], [])

    def test_single_numbers_are_accepted_in_any_notation(self, stack: Stack) -> None:
        first, _ = set_up(stack)
        planned = plan(telephoneNumbers=[f"({first[2:5]}) {first[5:8]}-{first[8:]}"])
        assert planned["disconnect"] == [first]

    def test_an_unknown_number_is_reported_by_its_last_four_digits(
        self, stack: Stack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        first, _ = set_up(stack)
        with pytest.raises(InvalidInput, match=r"telephoneNumbers: …0000 is not a number of this stack"):
            plan(telephoneNumbers=[first, "+19195550000"])
        assert "9195550000" not in capsys.readouterr().out

    def test_an_unknown_set_up_and_a_release_are_rejected(self, stack: Stack) -> None:
        with pytest.raises(InvalidInput, match="customerOrderId: 'nothing' is unknown"):
            plan(customerOrderId="nothing")
        with pytest.raises(InvalidInput, match="'release-1' belongs to a release"):
            plan("release-2", customerOrderId=RELEASE)

    def test_released_numbers_are_not_planned_again(self, stack: Stack) -> None:
        first, second = set_up(stack)
        planned = plan(telephoneNumbers=[first])
        stop(planned)
        disconnect([first])

        again = plan("release-2", customerOrderId=SETUP)

        assert again["disconnect"] == [second]
        assert again["plan"]["numbers"]["releasedBefore"] == 1

    def test_hosted_numbers_are_removed_by_site_under_a_stable_id(
        self, stack: Stack, generation: str
    ) -> None:
        host(stack)
        planned = plan(customerOrderId=SETUP, everything=True)
        assert planned["disconnect"] == []

        (removal,) = planned["remove"]
        assert (removal["siteId"], removal["numbers"]) == ("1001", HOSTED)
        assert removal["customerOrderId"] == f"{RELEASE}-removal-1"
        assert what_of(planned["delete"]) == OF_HOSTED[generation]
        assert plan(customerOrderId=SETUP, everything=True) == planned

    @only_classic
    def test_a_hosted_number_that_only_catapult_rejected_is_removed(self, stack: Stack) -> None:
        refusal = '{"category": "bad-request", "code": "validation-error", "message": "not this one"}'
        stack.add_fault(
            "/phoneNumbers", method="POST", match=HOSTED[1], answer={"status": 400, "body": refusal}
        )

        host(stack)

        assert number(HOSTED[1])["state"] == "failed"
        assert plan(customerOrderId=SETUP)["remove"][0]["numbers"] == HOSTED

    def test_a_set_up_with_an_open_order_is_not_undone(self, stack: Stack) -> None:
        stack.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="BACKORDERED"))
        set_up(stack)
        with pytest.raises(
            InvalidInput, match="is still BACKORDERED at Bandwidth, and more numbers may come"
        ):
            plan(customerOrderId=SETUP, everything=True)

    def test_numbers_completed_after_the_deadline_of_the_set_up_are_released(self, stack: Stack) -> None:
        stack.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="BACKORDERED"))
        assert set_up(stack) == []
        stack.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="COMPLETE"))
        planned = plan(customerOrderId=SETUP, everything=True)
        assert (len(planned["disconnect"]), what_of(planned["delete"])) == (2, RESOURCES)
        stop(planned)

        disconnect(planned["disconnect"])

        assert [number(each)["state"] for each in planned["disconnect"]] == ["released"] * 2
        assert [each["outcome"] for each in delete(planned)] == ["deleted"] * 5

    def test_a_released_number_is_not_activated_by_a_set_up_that_still_polls(self, stack: Stack) -> None:
        stack.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="BACKORDERED"))
        set_up(stack)
        stack.simulator.simulator.orders.decide_order(SETUP, OrderOutcome(fate="COMPLETE"))
        planned = plan(customerOrderId=SETUP)
        stop(planned)
        assert check_order_again() == planned["disconnect"]
        assert [number(each)["state"] for each in planned["disconnect"]] == ["releasing"] * 2
        disconnect(planned["disconnect"])

        check_order_again()

        assert [number(each)["state"] for each in planned["disconnect"]] == ["released"] * 2

    def test_a_repeated_set_up_does_not_activate_released_numbers(self, stack: Stack) -> None:
        numbers = set_up(stack)
        planned = plan(customerOrderId=SETUP)
        stop(planned)

        disconnect(planned["disconnect"])

        assert set_up(stack) == numbers
        assert [number(each)["state"] for each in numbers] == ["released"] * 2

    def test_a_repeated_hosted_set_up_does_not_activate_released_numbers(self, stack: Stack) -> None:
        host(stack)
        planned = plan(customerOrderId=SETUP)
        stop(planned)
        record_released(HOSTED)
        imports = stack.requests("POST", "/phoneNumbers")

        host(stack)

        assert [number(each)["state"] for each in HOSTED] == ["released"] * 2
        assert stack.requests("POST", "/phoneNumbers") == imports


class TestKeptResources:
    def test_resources_that_numbers_of_another_set_up_use_are_kept(self, stack: Stack) -> None:
        set_up(stack)
        set_up(stack, OTHER)
        planned = plan(customerOrderId=SETUP, everything=True)
        assert planned["delete"] == []
        assert set(reasons(planned)) == set(RESOURCES)

        location = planned["leave"][0]["locationId"]
        assert reasons(planned)["location"] == f"2 other numbers at location {location}"
        assert reasons(planned)["application"] == f"in use by location {location}"

    def test_the_last_set_up_deletes_what_the_first_one_created(self, stack: Stack) -> None:
        set_up(stack)
        set_up(stack, OTHER)
        first = plan(customerOrderId=SETUP, everything=True)
        stop(first)
        disconnect(first["disconnect"])

        last = plan("release-2", customerOrderId=OTHER, everything=True)

        assert (what_of(last["delete"]), last["leave"]) == (RESOURCES, [])

    def test_resources_that_another_system_created_are_kept(self, stack: Stack) -> None:
        bandwidth = stack.simulator.simulator.account
        bandwidth.create_application("bandwidth-messaging", CALLBACK_URL)
        bandwidth.create_location("1001", "bandwidth messaging", True)
        set_up(stack)

        planned = plan(customerOrderId=SETUP, everything=True)

        # The set-up enabled these features at the location of another system.
        assert what_of(planned["delete"]) == ["assignment", "mms", "sms"]
        assert reasons(planned) == {
            "location": "no set-up of this stack created it",
            "application": "no set-up of this stack created it",
        }

    def test_a_feature_that_was_enabled_before_is_kept(self, stack: Stack) -> None:
        bandwidth = stack.simulator.simulator.account
        bandwidth.create_location("1001", "bandwidth messaging", True)
        (place,) = bandwidth.locations()
        bandwidth_clients.dashboard().enable_sms("1001", place.id, toll_free=True, short_code=True)
        set_up(stack)

        planned = plan(customerOrderId=SETUP, everything=True)

        assert what_of(planned["delete"]) == ["assignment", "mms", "application"]
        assert reasons(planned)["sms"] == "no set-up of this stack created it"

    def test_an_assignment_of_another_application_is_kept(self, stack: Stack) -> None:
        set_up(stack)
        bandwidth = stack.simulator.simulator.account
        (place,) = bandwidth.locations()
        other = bandwidth.create_application("other", "https://other.example/v2")
        place.application_id = other.id

        planned = plan(customerOrderId=SETUP, everything=True)

        assert reasons(planned)["assignment"] == (
            f"location {place.id} sends its messages to the application {other.id}"
        )

    def test_the_default_location_is_kept_while_the_site_has_others(self, stack: Stack) -> None:
        set_up(stack)
        stack.simulator.simulator.account.create_location("1001", "other", False)

        planned = plan(customerOrderId=SETUP, everything=True)

        assert what_of(planned["delete"]) == ["assignment", "mms", "sms", "application"]
        assert "it is the default location of site 1001" in reasons(planned)["location"]

    def test_a_location_whose_creation_got_no_response_is_owned(self, stack: Stack) -> None:
        stack.add_fault("/sippeers$", method="POST", lose_answer=True)
        with pytest.raises(BandwidthOutcomeUnknown):
            set_up(stack)

        set_up(stack)

        assert what_of(plan(customerOrderId=SETUP, everything=True)["delete"]) == RESOURCES

    @only_classic
    def test_a_catapult_application_that_other_numbers_use_is_kept(self, stack: Stack) -> None:
        application = host(stack)
        given = {"telephoneNumbers": ["+19199918390"], "customerOrderId": OTHER, "applicationId": application}
        call(check_input, sample("setups/check_input") | {"kind": "hosted_messaging", "input": given})
        event = sample("hosted_messaging/create_application") | {"customerOrderId": OTHER}

        call(create_catapult_application, event | {"applicationId": application})

        assert reasons(plan(customerOrderId=OTHER, everything=True)) == {
            "catapultApplication": "in use by 2 other numbers"
        }


class TestDisconnect:
    @pytest.fixture
    def numbers(self, stack: Stack) -> list[str]:
        numbers = sorted(set_up(stack))
        stop(plan(telephoneNumbers=numbers))
        return numbers

    def test_a_releasing_number_cannot_send(self, stack: Stack, numbers: list[str]) -> None:
        assert [number(each)["state"] for each in numbers] == ["releasing"] * 2
        body = {"from": numbers[0], "to": "+19195551234", "text": "hello"}
        assert call_api(send_message, "POST", "/messages", body=body)[0] == 422

    def test_releasing_numbers_stay_with_their_set_up(self, stack: Stack, numbers: list[str]) -> None:
        assert {number(each)["customerOrderId"] for each in numbers} == {SETUP}

    def test_disconnected_numbers_are_released_with_the_time(self, stack: Stack, numbers: list[str]) -> None:
        assert disconnect(numbers) == {"state": "completed", "status": "COMPLETE", "detail": "COMPLETE"}
        for each in numbers:
            assert number(each)["state"] == "released"
            assert number(each)["times"].keys() >= {"active", "releasing", "released"}
        assert account(stack)["numbers"] == []

    def test_a_repeated_step_places_no_second_order(self, stack: Stack, numbers: list[str]) -> None:
        first = step(disconnect_numbers, numbers=numbers)

        second = step(disconnect_numbers, numbers=numbers)

        assert first["orderId"] == second["orderId"]
        assert second["detail"] == "recorded"
        assert stack.requests("POST", "/disconnects") == 1

    def test_an_order_whose_response_was_lost_is_looked_up(self, stack: Stack, numbers: list[str]) -> None:
        stack.add_fault("/disconnects", method="POST", lose_answer=True)

        with pytest.raises(BandwidthOutcomeUnknown):
            step(disconnect_numbers, numbers=numbers)

        assert step(disconnect_numbers, numbers=numbers)["detail"] == "found"
        assert len(account(stack)["disconnects"]) == 1

    def test_a_step_killed_after_the_request_looks_the_order_up(
        self, stack: Stack, numbers: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as killed:
            killed.setattr(stores.orders(), "record_ordered", _die)
            with pytest.raises(Killed):
                step(disconnect_numbers, numbers=numbers)
        assert step(disconnect_numbers, numbers=numbers)["detail"] == "found"
        assert len(account(stack)["disconnects"]) == 1

    def test_a_step_killed_before_the_request_places_the_order_after_the_claim(
        self, stack: Stack, numbers: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        times = iter(f"2026-01-01T00:0{minute}:00.000Z" for minute in (0, 3, 4, 5, 6))
        monkeypatch.setattr(order_placement, "now", lambda: next(times))
        with monkeypatch.context() as killed:
            killed.setattr(bandwidth_clients.dashboard(), "disconnect", _die)
            with pytest.raises(Killed):
                step(disconnect_numbers, numbers=numbers)
        for _ in ("three minutes later", "four minutes later: the attempt is given up"):
            with pytest.raises(BandwidthOutcomeUnknown):
                step(disconnect_numbers, numbers=numbers)

        assert step(disconnect_numbers, numbers=numbers)["detail"] == "created"
        assert len(account(stack)["disconnects"]) == 1

    def test_a_number_that_left_the_account_is_released(self, stack: Stack, numbers: list[str]) -> None:
        stack.simulator.simulator.account.numbers.remove(numbers[0].removeprefix("+1"))
        assert disconnect(numbers)["status"] == "PARTIAL"
        assert [number(each)["state"] for each in numbers] == ["released"] * 2

    def test_all_numbers_that_left_the_account_are_released(self, stack: Stack, numbers: list[str]) -> None:
        for each in numbers:
            stack.simulator.simulator.account.numbers.remove(each.removeprefix("+1"))
        assert disconnect(numbers)["status"] == "FAILED"
        assert [number(each)["state"] for each in numbers] == ["released"] * 2

    def test_an_order_rejected_for_missing_numbers_is_placed_for_the_others(
        self, stack: Stack, numbers: list[str]
    ) -> None:
        stack.simulator.simulator.account.numbers.remove(numbers[0].removeprefix("+1"))
        gone = (
            "<r><ErrorList><Error><Code>5006</Code><Description>not with your account</Description>"
            "</Error></ErrorList></r>"
        )
        stack.add_fault("/disconnects", method="POST", answer={"status": 400, "body": gone})

        step(disconnect_numbers, numbers=numbers)

        assert number(numbers[0])["state"] == "released"
        assert account(stack)["disconnects"][0]["numbers"] == [numbers[1]]

    def test_without_remaining_numbers_no_order_is_placed(self, stack: Stack, numbers: list[str]) -> None:
        for each in numbers:
            stack.simulator.simulator.account.numbers.remove(each.removeprefix("+1"))
        gone = "<r><ErrorList><Error><Code>5006</Code><Description>no</Description></Error></ErrorList></r>"
        stack.add_fault("/disconnects", method="POST", answer={"status": 400, "body": gone})

        assert step(disconnect_numbers, numbers=numbers)["orderId"] is None
        assert [number(each)["state"] for each in numbers] == ["released"] * 2

    def test_another_rejection_ends_the_step(self, stack: Stack, numbers: list[str]) -> None:
        locked = (
            "<r><ErrorList><Error><Code>5012</Code><Description>The account is locked</Description>"
            "</Error></ErrorList></r>"
        )
        stack.add_fault("/disconnects", method="POST", answer={"status": 400, "body": locked})

        with pytest.raises(BandwidthRejected, match="5012 The account is locked"):
            step(disconnect_numbers, numbers=numbers)

        assert [number(each)["state"] for each in numbers] == ["releasing"] * 2

    def test_a_number_that_was_not_disconnected_keeps_the_reason(
        self, stack: Stack, numbers: list[str]
    ) -> None:
        errors = [{"code": 5006, "description": "TelephoneNumber Disconnect Error", "numbers": numbers[:1]}]
        fate = OrderOutcome(fate="PARTIAL", failed_numbers=numbers[:1], errors=errors)
        stack.simulator.simulator.orders.decide_order(RELEASE, fate)

        disconnect(numbers)

        kept = number(numbers[0])
        assert (kept["state"], kept["errorCode"]) == ("releasing", "5006")
        assert kept["reason"] == "TelephoneNumber Disconnect Error"
        assert number(numbers[1])["state"] == "released"

    def test_an_open_order_is_pending(self, stack: Stack, numbers: list[str]) -> None:
        stack.simulator.simulator.orders.decide_order(RELEASE, OrderOutcome(fate="RECEIVED"))
        assert disconnect(numbers)["state"] == "pending"
        assert [number(each)["state"] for each in numbers] == ["releasing"] * 2


@only_current
class TestTheSubscriptionToLostNumbers:
    """All hosted set-ups of the stack share it."""

    def undo(self, name: str) -> dict[str, str]:
        """Undo a set-up; return the outcome of each resource."""
        planned = plan(f"undo {name}", customerOrderId=name, everything=True)
        stop(planned, f"undo {name}")
        for removal in planned["remove"]:
            record_released(removal["numbers"])
            self.remove(removal["numbers"])
        taken = delete(planned, f"undo {name}")
        return {each["what"]: each["outcome"] or "left" for each in [*taken, *planned["leave"]]}

    def remove(self, numbers: list[str]) -> None:
        for each in numbers:
            self.account.numbers.remove(each.removeprefix("+1"))

    @pytest.fixture(autouse=True)
    def _account(self, stack: Stack) -> None:
        self.account = stack.simulator.simulator.account

    def test_it_is_deleted_with_the_last_hosted_set_up(self, stack: Stack) -> None:
        host(stack)

        host(stack, OTHER, ["+19199918390"])

        assert self.undo(SETUP)["subscription"] == "left"
        assert len(account(stack)["subscriptions"]) == 1
        assert self.undo(OTHER)["subscription"] == "deleted"
        assert account(stack)["subscriptions"] == []

    def test_it_is_kept_while_other_hosted_numbers_exist(self, stack: Stack) -> None:
        host(stack)
        host(stack, OTHER, ["+19199918390"])

        planned = plan(customerOrderId=SETUP, everything=True)

        assert reasons(planned)["subscription"] == (
            "still in use: it reports losses of 1 other hosted number"
        )

    def test_ordered_numbers_do_not_affect_it(self, stack: Stack) -> None:
        set_up(stack, OTHER)

        host(stack)

        assert "subscription" not in self.undo(OTHER)
        assert "subscription" in what_of(plan(customerOrderId=SETUP, everything=True)["delete"])

    def test_subscriptions_to_orders_and_of_other_stacks_are_kept(self, stack: Stack) -> None:
        host(stack)
        credentials = bandwidth_clients.callback_credentials()
        bandwidth = bandwidth_clients.dashboard()
        bandwidth.subscribe(
            "IMPORT", "order-1", callback_url=NOTIFICATION_URL, credentials=credentials, seconds=3600
        )
        bandwidth.subscribe_to_lost_numbers(callback_url="https://other.example", credentials=credentials)

        self.undo(SETUP)

        assert [each["order_id"] or each["url"] for each in account(stack)["subscriptions"]] == [
            "order-1",
            "https://other.example",
        ]

    def test_it_is_kept_if_a_set_up_ran_since_the_plan(self, stack: Stack) -> None:
        host(stack)
        planned = plan(customerOrderId=SETUP, everything=True)
        stop(planned)

        host(stack, OTHER, ["+19199918390"])

        (resource,) = [each for each in planned["delete"] if each["what"] == "subscription"]
        assert delete_one(resource) == "left"
        assert len(account(stack)["subscriptions"]) == 1

    def test_a_repeated_deletion_reports_it_as_gone(self, stack: Stack) -> None:
        host(stack)
        planned = plan(customerOrderId=SETUP, everything=True)

        stop(planned)

        resource = planned["delete"][-1]
        assert [delete_one(resource), delete_one(resource)] == ["deleted", "gone"]

    def test_a_list_that_bandwidth_denies_does_not_stop_the_other_deletions(self, stack: Stack) -> None:
        host(stack)
        stack.add_fault("/subscriptions$", method="GET", answer={"status": 403})

        planned = plan(customerOrderId=SETUP, everything=True)

        assert what_of(planned["delete"]) == RESOURCES
        assert NOTIFICATION_URL in reasons(planned)["subscription"]


class Killed(BaseException):
    """The end of a Lambda environment, which no code catches."""


def _die(*_: Any, **__: Any) -> Any:
    raise Killed


class TestDelete:
    @pytest.fixture
    def planned(self, stack: Stack) -> Any:
        set_up(stack)
        planned = plan(customerOrderId=SETUP, everything=True)
        stop(planned)
        disconnect(planned["disconnect"])
        return planned

    def test_everything_is_deleted_and_the_account_is_empty(self, stack: Stack, planned: Any) -> None:
        taken = delete(planned)
        assert [(each["what"], each["outcome"]) for each in taken] == [
            (what, "deleted") for what in RESOURCES
        ]
        assert record(planned, taken)["state"] == "completed"
        left = account(stack)
        assert [left[kind] for kind in ("applications", "locations", "numbers")] == [[], [], []]

        released, setup = order(RELEASE), order(SETUP)
        assert (released["state"], released["requested"], released["completed"]) == ("completed", 2, 2)
        assert released["setupOrderId"] == SETUP
        assert [(each["what"], each["outcome"]) for each in released["resources"]] == [
            (what, "deleted") for what in RESOURCES
        ]
        assert [each["name"] for each in released["steps"]] == [
            "Plan Release",
            "Stop Sending",
            "Disconnect Numbers",
            "Check Disconnect",
            *(f"Delete Resource: {what}" for what in RESOURCES),
            "Record Release",
        ]
        assert (setup["undoneBy"], setup["times"]["undone"]) == (RELEASE, released["times"]["completed"])

    def test_an_undone_set_up_is_not_started_again(self, stack: Stack, planned: Any) -> None:
        record(planned, delete(planned))
        with pytest.raises(InvalidInput, match=rf"customerOrderId: {SETUP} was undone .* Choose a new"):
            set_up(stack)
        assert [number(each)["state"] for each in planned["disconnect"]] == ["released"] * 2

    def test_a_repeated_deletion_reports_gone(self, stack: Stack, planned: Any) -> None:
        for resource in planned["delete"]:
            assert [delete_one(resource), delete_one(resource)] == ["deleted", "gone"]
        assert account(stack)["locations"] == account(stack)["applications"] == []

    def test_a_deletion_whose_response_was_lost_reports_gone(self, stack: Stack, planned: Any) -> None:
        for resource in planned["delete"]:
            method = "PUT" if resource["what"] == "assignment" else "DELETE"
            stack.add_fault("", method=method, lose_answer=True)
            with pytest.raises(BandwidthUnavailable):
                delete_one(resource)
            assert delete_one(resource) == "gone"
        assert account(stack)["locations"] == account(stack)["applications"] == []

    @pytest.mark.parametrize(("after", "outcome"), [(False, "deleted"), (True, "gone")])
    def test_a_step_killed_around_a_deletion_is_continued(
        self, stack: Stack, planned: Any, after: bool, outcome: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for resource in planned["delete"]:
            with monkeypatch.context() as killed:
                _kill(killed, after=after)
                with pytest.raises(Killed):
                    delete_one(resource)
            assert delete_one(resource) == outcome
        assert account(stack)["locations"] == account(stack)["applications"] == []

    def test_a_location_that_got_a_number_since_the_plan_is_kept(self, stack: Stack, planned: Any) -> None:
        (place,) = stack.simulator.simulator.account.locations()
        arrived = AccountNumber("9105550199", "1001", place.id)
        stack.simulator.simulator.account.numbers.add(arrived)
        taken = delete(planned)
        assert [each["outcome"] for each in taken] == ["left"] * 5
        assert taken[0]["reason"] == f"1 other number at location {place.id}"
        assert place.application_id is not None
        outcome = record(planned, taken)

        assert outcome["state"] == "partial"
        assert f"location {place.id} not deleted (1 other number at location {place.id})" in outcome["reason"]
        assert "start the release again with the same input" in outcome["reason"]
        assert "undoneBy" not in order(SETUP)

    def test_a_rejection_is_kept_as_the_reason(self, stack: Stack, planned: Any) -> None:
        stack.simulator.simulator.account.create_location("1001", "other", False)

        taken = delete(planned)

        assert {each["what"]: each["outcome"] for each in taken} == dict.fromkeys(RESOURCES, "deleted") | {
            "location": "left"
        }
        assert taken[3]["reason"].startswith("13558 The default location")

    def test_a_number_in_a_rejection_is_not_logged(
        self, stack: Stack, planned: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = (
            "<r><ResponseStatus><ErrorCode>13555</ErrorCode>"
            "<Description>9195551212 is still there</Description></ResponseStatus></r>"
        )
        stack.add_fault("", method="DELETE", answer={"status": 400, "body": words})
        taken = step(delete_resource, resource=planned["delete"][-1])
        assert taken["resource"]["reason"] == "13555 9195551212 is still there"

        output = capsys.readouterr().out
        assert "left: 13555 …1212 is still there" in json.loads(output.splitlines()[-1])["detail"]
        assert "9195551212" not in output


def _kill(patch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Kill the function right before, or right after, its request to Bandwidth."""
    delete: Callable[..., Any] = ResourceDeletion._delete

    def dying(*given: Any) -> Any:
        if after:
            delete(*given)
        raise Killed

    patch.setattr(ResourceDeletion, "_delete", dying)
