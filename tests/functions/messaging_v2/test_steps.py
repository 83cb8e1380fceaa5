"""The steps of "Messaging 2.0 API Setup", each against an account that keeps state."""

from typing import Any

import pytest

from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.errors import (
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.bandwidth.locations import Location
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services import order_placement
from functions.control import browse
from functions.messaging_v2 import (
    assign_application,
    check_order_status,
    create_application,
    create_location,
    enable_mms,
    enable_sms,
    order_numbers,
)
from functions.setups import check_input, record_failure
from simulator.account.order_outcomes import OrderOutcome
from tests.functions.conftest import CALLBACK_URL, Stack, call, call_api, sample
from tests.generations import both_generations

pytestmark = both_generations

ORDER = sample("setups/check_input")["executionName"]


@pytest.fixture
def opened(stack: Stack) -> Stack:
    """A set-up whose input was checked, so that its order exists."""
    call(check_input, sample("setups/check_input"))
    return stack


def location(stack: Stack, *, sms: bool = False) -> dict[str, str]:
    made = call(create_location, sample("messaging_v2/create_location"))
    at = {"customerOrderId": ORDER, "siteId": "1001", "locationId": made["locationId"]}
    if sms:
        call(enable_sms, sample("messaging_v2/enable_sms") | at)
    return at


def order_of(customer_order_id: str = ORDER) -> dict[str, Any]:
    status, order = call_api(browse, "GET", f"/orders/{customer_order_id}")
    assert status == 200
    return order


def account(stack: Stack) -> Any:
    return stack.simulator.simulator.account


class TestCheckInput:
    def test_defaults_are_filled_in_and_the_order_is_opened(self, stack: Stack) -> None:
        checked = call(check_input, sample("setups/check_input"))

        assert (checked["search"], checked["quantity"]) == ({"areaCode": "910"}, 2)
        assert checked["siteId"] == "1001"
        assert checked["customerOrderId"] == ORDER
        assert checked["applicationName"] == "bandwidth-messaging"
        assert checked["locationName"] == "bandwidth messaging"
        assert order_of()["state"] == "started"
        assert order_of()["requested"] == 2

    def test_the_order_records_its_generation_and_no_action(self, stack: Stack, generation: str) -> None:
        call(check_input, sample("setups/check_input"))

        order: Any = stores.orders().get(ORDER)
        assert order["generation"] == generation
        assert "action" not in order

    def test_every_wrong_field_is_named(self, stack: Stack) -> None:
        wrong = {"areaCode": "91", "quantity": 0, "deadlineHours": 1000}
        with pytest.raises(InvalidInput) as error:
            call(check_input, sample("setups/check_input") | {"input": wrong})
        assert {field for field, _ in error.value.problems} == {"areaCode", "quantity", "deadlineHours"}

    def test_the_sample_input_of_the_console_is_recognized(self, stack: Stack) -> None:
        with pytest.raises(
            InvalidInput, match="Comment: is not a field of this input; areaCode: give this or one of"
        ):
            call(
                check_input,
                sample("setups/check_input") | {"input": {"Comment": "Insert your JSON here"}},
            )


class TestCreateApplication:
    def test_it_is_created_with_the_callback_url_and_credentials(self, opened: Stack) -> None:
        result = call(create_application, sample("messaging_v2/create_application"))
        (made,) = account(opened).applications()
        assert result["applicationId"] == made.id
        for direction in ("in", "out"):
            endpoint = made.endpoint(direction)
            assert (endpoint.url, endpoint.user) == (CALLBACK_URL, "bandwidth")
            assert endpoint.password == "callback:password"

    def test_a_second_run_finds_it_by_name(self, opened: Stack) -> None:
        first = call(create_application, sample("messaging_v2/create_application"))

        second = call(create_application, sample("messaging_v2/create_application"))

        assert second == first | {"outcome": "found", "detail": "found"}
        assert len(account(opened).applications()) == 1

    def test_a_failed_look_up_creates_no_second_one(self, opened: Stack) -> None:
        opened.add_fault("/applications", method="GET", answer={"status": 500})
        with pytest.raises(BandwidthUnavailable):
            call(create_application, sample("messaging_v2/create_application"))
        assert account(opened).applications() == []

    def test_one_whose_response_was_lost_is_found(self, opened: Stack) -> None:
        opened.add_fault("/applications", method="POST", lose_answer=True)
        with pytest.raises(BandwidthOutcomeUnknown):
            call(create_application, sample("messaging_v2/create_application"))

        call(create_application, sample("messaging_v2/create_application"))

        assert len(account(opened).applications()) == 1

    def test_one_with_another_callback_url_is_rejected(
        self, opened: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        call(create_application, sample("messaging_v2/create_application"))
        monkeypatch.setenv("CALLBACK_URL_V2", "https://elsewhere.example/callbacks/v2")
        settings.cache_clear()
        with pytest.raises(BandwidthRejected, match="another callback URL"):
            call(create_application, sample("messaging_v2/create_application"))


class TestCreateLocation:
    def test_the_first_location_of_a_site_becomes_its_default(self, opened: Stack) -> None:
        result = call(create_location, sample("messaging_v2/create_location"))
        (made,) = account(opened).locations()
        assert (result["locationId"], made.name, made.is_default) == (made.id, "bandwidth messaging", True)

    def test_a_further_location_becomes_the_default_only_on_request(self, opened: Stack) -> None:
        call(create_location, sample("messaging_v2/create_location"))
        call(create_location, sample("messaging_v2/create_location") | {"locationName": "Second"})
        assert [made.is_default for made in account(opened).locations()] == [True, False]

    def test_a_second_run_finds_it_by_name(self, opened: Stack) -> None:
        first = call(create_location, sample("messaging_v2/create_location"))

        second = call(create_location, sample("messaging_v2/create_location"))

        assert first["locationId"] == second["locationId"]
        assert len(account(opened).locations()) == 1

    def test_an_unknown_site_is_named(self, opened: Stack) -> None:
        with pytest.raises(BandwidthRejected):
            call(create_location, sample("messaging_v2/create_location") | {"siteId": "9"})


class TestFeatures:
    def test_sms_then_mms_are_enabled_once(self, opened: Stack) -> None:
        at = location(opened)

        assert call(enable_sms, sample("messaging_v2/enable_sms") | at)["outcome"] == "created"
        assert call(enable_mms, sample("messaging_v2/enable_mms") | at)["outcome"] == "created"
        assert call(enable_sms, sample("messaging_v2/enable_sms") | at)["outcome"] == "found"
        assert call(enable_mms, sample("messaging_v2/enable_mms") | at)["outcome"] == "found"

    def test_mms_before_sms_is_rejected_with_the_code(self, opened: Stack) -> None:
        with pytest.raises(BandwidthRejected) as error:
            call(enable_mms, sample("messaging_v2/enable_mms") | location(opened))
        assert error.value.code == "13623"


class TestAssignApplication:
    def test_the_location_has_the_application_afterwards(self, opened: Stack) -> None:
        application = call(create_application, sample("messaging_v2/create_application"))["applicationId"]
        at = location(opened, sms=True) | {"applicationId": application}

        call(assign_application, sample("messaging_v2/assign_application") | at)

        assert account(opened).locations()[0].application_id == application

    def test_an_unknown_application_is_rejected(self, opened: Stack) -> None:
        with pytest.raises(BandwidthRejected) as error:
            call(
                assign_application,
                sample("messaging_v2/assign_application") | location(opened, sms=True),
            )
        assert error.value.code == "13629"

    def test_an_assignment_without_effect_is_an_error(self, opened: Stack) -> None:
        at = location(opened, sms=True) | {"applicationId": "299ab22a-d7e6-4cf6-9f4d-2089efc0c031"}
        opened.add_fault("applicationSettings", method="PUT", answer={"status": 200})
        with pytest.raises(BandwidthRejected, match="has the application None after the assignment"):
            call(assign_application, sample("messaging_v2/assign_application") | at)


class TestOrderNumbers:
    @pytest.fixture
    def event(self, opened: Stack) -> dict[str, Any]:
        event: dict[str, Any] = sample("messaging_v2/order_numbers") | location(opened, sms=True)
        return event

    def test_the_order_has_the_customer_order_id(self, opened: Stack, event: dict[str, Any]) -> None:
        result = call(order_numbers, event)

        (order,) = opened.simulator.simulator.orders.find()
        assert (result["orderId"], order.customer_order_id) == (order.id, ORDER)
        assert order_of()["state"] == "ordered"
        assert order_of()["orderId"] == order.id

    def test_a_repeated_step_returns_the_recorded_order_without_a_request(
        self, opened: Stack, event: dict[str, Any]
    ) -> None:
        first = call(order_numbers, event)
        asked = opened.requests("GET", "/orders")

        second = call(order_numbers, event)

        assert first["orderId"] == second["orderId"]
        assert opened.requests("POST", "/orders") == 1
        assert opened.requests("GET", "/orders") == asked

    def test_an_order_whose_response_was_lost_is_looked_up(
        self, opened: Stack, event: dict[str, Any]
    ) -> None:
        opened.add_fault("/orders", method="POST", lose_answer=True)
        with pytest.raises(BandwidthOutcomeUnknown):
            call(order_numbers, event)

        result = call(order_numbers, event)

        (order,) = opened.simulator.simulator.orders.find()
        assert result == {"orderId": order.id, "outcome": "found", "detail": "found"}

    def test_an_order_that_was_not_accepted_is_placed_again_at_once(
        self, opened: Stack, event: dict[str, Any]
    ) -> None:
        opened.add_fault("/orders", method="POST", answer={"status": 429})

        with pytest.raises(BandwidthUnavailable):
            call(order_numbers, event)

        assert call(order_numbers, event)["detail"] == "created"
        assert len(opened.simulator.simulator.orders.find()) == 1

    def test_after_a_503_of_a_proxy_the_order_is_looked_up_first(
        self, opened: Stack, event: dict[str, Any]
    ) -> None:
        opened.add_fault("/orders", method="POST", answer={"status": 503})
        with pytest.raises(BandwidthOutcomeUnknown):
            call(order_numbers, event)

        with pytest.raises(BandwidthOutcomeUnknown):
            call(order_numbers, event)

        assert opened.requests("POST", "/orders") == 1

    def test_a_used_customer_order_id_places_no_other_order(
        self, opened: Stack, event: dict[str, Any]
    ) -> None:
        call(order_numbers, event)
        again = sample("setups/check_input")
        assert call(check_input, again)["customerOrderId"] == ORDER
        with pytest.raises(InvalidInput, match=r"customerOrderId: .* belongs to another order"):
            call(check_input, again | {"input": {"areaCode": "910", "quantity": 3}})

    def test_an_unlisted_order_is_placed_again_only_after_its_claim(
        self, opened: Stack, event: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened.add_fault("/orders", method="POST", answer={"status": 500})
        times = iter(f"2026-01-01T00:0{minute}:00.000Z" for minute in (0, 3, 4, 5, 6))
        monkeypatch.setattr(order_placement, "now", lambda: next(times))
        for _ in ("the POST itself", "three minutes later", "four minutes later: the attempt is given up"):
            with pytest.raises(BandwidthOutcomeUnknown):
                call(order_numbers, event)
            assert opened.requests("POST", "/orders") == 1

        assert call(order_numbers, event)["detail"] == "created"
        assert len(opened.simulator.simulator.orders.find()) == 1

    def test_a_location_that_does_not_exist_is_named(self, opened: Stack, event: dict[str, Any]) -> None:
        with pytest.raises(BandwidthRejected) as error:
            call(order_numbers, event | {"locationId": "9"})
        assert error.value.code == "5023"


class TestCheckOrderStatus:
    @pytest.fixture
    def event(self, opened: Stack) -> dict[str, Any]:
        at = location(opened, sms=True)
        event: dict[str, Any] = sample("messaging_v2/check_order_status") | at
        return event

    def ended(self, stack: Stack, event: dict[str, Any], **fate: Any) -> dict[str, Any]:
        event = {name: value for name, value in event.items() if name != "detail"}
        stack.simulator.simulator.orders.decide_order(ORDER, OrderOutcome(**fate))
        at = {name: event[name] for name in ("siteId", "locationId")}
        ordered = call(order_numbers, sample("messaging_v2/order_numbers") | at)
        result: dict[str, Any] = call(check_order_status, event | {"orderId": ordered["orderId"]})
        return result

    def test_complete_records_every_number(self, opened: Stack, event: dict[str, Any]) -> None:
        result = self.ended(opened, event, fate="COMPLETE")
        assert (result["state"], len(result["numbers"]), result["failed"]) == ("completed", 2, 0)
        for number in result["numbers"]:
            status, shown = call_api(browse, "GET", f"/numbers/{number}")
            assert (status, shown["state"], shown["api"]) == (200, "active", "v2")
            assert shown["applicationId"] == event["applicationId"]

        assert order_of()["state"] == "completed"
        assert (order_of()["completed"], order_of()["failed"]) == (2, 0)

    def test_one_preflight_serves_all_numbers(self, opened: Stack, event: dict[str, Any]) -> None:
        application = call(create_application, sample("messaging_v2/create_application"))
        created = {"applicationId": application["applicationId"]}
        at = {name: event[name] for name in ("siteId", "locationId")} | created
        call(assign_application, sample("messaging_v2/assign_application") | at)
        asked = opened.requests("GET", "/applicationSettings")
        result = self.ended(opened, event | created, fate="COMPLETE")
        for number in result["numbers"]:
            found = call_api(browse, "GET", f"/numbers/{number}")[1]["preflight"]
            assert (found["ok"], found["problems"]) == (True, [])

        assert opened.requests("GET", "/applicationSettings") == asked + 1

    def test_a_failed_preflight_names_the_problems(self, opened: Stack, event: dict[str, Any]) -> None:
        (first, _) = self.ended(opened, event, fate="COMPLETE")["numbers"]

        found = call_api(browse, "GET", f"/numbers/{first}")[1]["preflight"]
        assert found["ok"] is False
        assert [problem.partition(";")[0] for problem in found["problems"]] == [
            f"location {event['locationId']} does not exist, or has no application",
            f"application {event['applicationId']} does not exist",
        ]

    def test_numbers_are_activated_without_a_preflight(self, opened: Stack, event: dict[str, Any]) -> None:
        opened.add_fault("/applicationSettings", method="GET", answer={"status": 503})

        (first, _) = self.ended(opened, event, fate="COMPLETE")["numbers"]

        shown = call_api(browse, "GET", f"/numbers/{first}")[1]
        assert (shown["state"], shown.get("preflight")) == ("active", None)

    def test_a_partial_order_records_numbers_and_failures(self, opened: Stack, event: dict[str, Any]) -> None:
        errors = [{"code": 5017, "description": "Only part of it is available"}]
        result = self.ended(opened, event, fate="PARTIAL", completed=1, errors=errors)
        assert (result["state"], len(result["numbers"]), result["failed"]) == ("partial", 1, 1)
        assert result["failures"][0]["code"] == "5017"

        order = order_of()
        assert (order["state"], order["completed"], order["failed"]) == ("partial", 1, 1)
        assert order["failures"][0]["code"] == "5017"

    def test_a_failed_order_has_the_reason(self, opened: Stack, event: dict[str, Any]) -> None:
        errors = [{"code": 5018, "description": "None available"}]

        result = self.ended(opened, event, fate="FAILED", errors=errors)

        assert (result["state"], result["numbers"]) == ("failed", [])
        assert "5018 None available" in result["reason"]
        assert order_of()["state"] == "failed"
        assert "5018 None available" in order_of()["reason"]

    def test_a_backordered_order_is_pending(self, opened: Stack, event: dict[str, Any]) -> None:
        result = self.ended(opened, event, fate="BACKORDERED")
        assert (result["state"], result["status"]) == ("pending", "BACKORDERED")
        assert order_of()["state"] == "ordered"

    def test_a_repeated_check_changes_no_number(self, opened: Stack, event: dict[str, Any]) -> None:
        first = self.ended(opened, event, fate="COMPLETE")
        before = call_api(browse, "GET", "/numbers")

        second = call(check_order_status, event | {"orderId": order_of()["orderId"]})

        assert second["numbers"] == first["numbers"]
        assert call_api(browse, "GET", "/numbers") == before


class TestTheOrdersRecord:
    def test_each_step_is_listed_with_time_and_ids(self, opened: Stack) -> None:
        application = call(create_application, sample("messaging_v2/create_application"))["applicationId"]

        at = location(opened)

        order = order_of()
        assert [(step["name"], step["state"]) for step in order["steps"]] == [
            ("Create application", "succeeded"),
            ("Create location", "succeeded"),
        ]
        assert (order["applicationId"], order["locationId"]) == (application, at["locationId"])

    def test_a_running_step_is_shown(self, opened: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        made = call(create_application, sample("messaging_v2/create_application"))
        seen: list[dict[str, Any]] = []
        locations = Dashboard.list_locations

        def look(self: Dashboard, site_id: str) -> list[Location]:
            seen.append(order_of())
            return locations(self, site_id)

        monkeypatch.setattr(Dashboard, "list_locations", look)

        location(opened)

        first, second = seen[0]["steps"]
        assert (first["state"], first["applicationId"]) == ("succeeded", made["applicationId"])
        assert first["startedAt"] <= first["at"] <= second["startedAt"] == second["at"]
        assert (second["name"], second["state"]) == ("Create location", "running")

    def test_a_failed_step_has_the_reason(self, opened: Stack, generation: str) -> None:
        secret, reason = {
            "classic": (
                '{"dashboardUser": "dashboard", "dashboardPassword": "wrong-password-in-tests"}',
                "GET /accounts/5000001/applications returned 401",
            ),
            "current": (
                '{"clientId": "client-in-tests", "clientSecret": "wrong-password-in-tests"}',
                "Bandwidth issued no token to this client (HTTP 401 invalid_client)",
            ),
        }[generation]
        opened.secrets.update_secret(SecretId="bandwidth-messaging/bandwidth", SecretString=secret)

        with pytest.raises(BandwidthUnauthorized, match="Check ") as error:
            call(create_application, sample("messaging_v2/create_application"))

        (step,) = order_of()["steps"]
        assert step["state"] == "failed"
        assert step["detail"].startswith(f"BandwidthUnauthorized: {reason}")
        assert "wrong-password-in-tests" not in f"{step} {error.value!r}"
        assert order_of()["nextSteps"].startswith("Create application failed. Resolve the cause and redrive")

    def test_a_set_up_that_ended_is_failed_with_the_reason(self, opened: Stack) -> None:
        result = call(record_failure, sample("setups/record_failure"))

        assert result["reason"] == "POST /accounts/5000001/orders was rejected: 5018 none available"
        assert (order_of()["state"], order_of()["reason"]) == ("failed", result["reason"])
        assert order_of()["nextSteps"] == result["nextSteps"]
        assert "start messaging_v2 again with the same input" in result["nextSteps"]

    def test_a_set_up_that_is_started_again_loses_the_failure(self, opened: Stack) -> None:
        call(record_failure, sample("setups/record_failure"))

        call(order_numbers, sample("messaging_v2/order_numbers") | location(opened, sms=True))

        order = order_of()
        assert order["state"] == "ordered"
        assert "reason" not in order

    def test_a_set_up_that_waits_again_loses_the_failure_at_once(self, opened: Stack) -> None:
        call(order_numbers, sample("messaging_v2/order_numbers") | location(opened, sms=True))
        call(record_failure, sample("setups/record_failure"))
        start = sample("setups/check_input")
        again = {"executionName": "wait-on", "executionArn": start["executionArn"] + "-on"}

        call(check_input, start | again | {"input": start["input"] | {"customerOrderId": ORDER}})

        order = order_of()
        assert (order["state"], order["executionArn"]) == ("ordered", again["executionArn"])
        assert not order.keys() & {"reason", "nextSteps"}
        assert "failed" not in order["times"]

    def test_a_completed_set_up_does_not_fail_later(self, opened: Stack) -> None:
        stores.orders().finish(ORDER, "completed", at="2026-01-01T00:00:00.000Z", completed=2)
        call(record_failure, sample("setups/record_failure"))
        assert order_of()["state"] == "completed"
