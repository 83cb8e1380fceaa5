"""The steps of "Hosted Messaging", each against an account that keeps state."""

from dataclasses import replace
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import BandwidthError, BandwidthOutcomeUnknown, BandwidthRejected
from bandwidth_messaging.domain.numbers import Home, Preflight
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.runtime import bandwidth_clients, stores
from bandwidth_messaging.runtime.settings import settings
from functions.control import browse
from functions.hosted_messaging import (
    create_application,
    create_import_request,
    get_status,
    import_numbers,
    release_numbers,
    stop_sending,
)
from functions.messages import send_message
from functions.setups import check_input, record_outcome
from simulator.account.order_outcomes import OrderOutcome
from tests.functions.conftest import CONFIG, Stack, call, call_api, sample
from tests.generations import only_classic

pytestmark = only_classic

ORDER = sample("hosted_messaging/create_import_request")["customerOrderId"]
NUMBERS = sample("hosted_messaging/import_numbers")["numbers"]


@pytest.fixture
def opened(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A set-up whose input was checked, so that its order has a record."""
    monkeypatch.setenv(
        "CALLBACK_URL_V1", "https://abcdef1234.execute-api.us-east-1.amazonaws.com/live/callbacks/v1"
    )
    check({"telephoneNumbers": NUMBERS, "customerOrderId": ORDER})
    return stack


def check(given: Any) -> Any:
    event = sample("setups/check_input") | {"kind": "hosted_messaging", "input": given}
    return call(check_input, event)


def event(name: str, **fields: Any) -> dict[str, Any]:
    """Return a step's sample event, at the simulated account's site and location."""
    given: dict[str, Any] = sample(f"hosted_messaging/{name}")
    at = {"siteId": CONFIG.site_id, "sipPeerId": None}
    return given | {key: value for key, value in at.items() if key in given} | fields


def imported(**fate: Any) -> Any:
    """Place the import order and return its outcome."""
    ordered = call(create_import_request, event("create_import_request"))
    return call(get_status, event("get_status", orderId=ordered["orderId"]))


def decide(stack: Stack, **fate: Any) -> None:
    stack.simulator.simulator.orders.decide_order(ORDER, OrderOutcome(**fate))


def refuse(stack: Stack, method: str) -> None:
    """Let Bandwidth reject the next request of the method that is about imports."""
    words = "<Error><Code>25012</Code><Description>No such peer</Description></Error>"
    body = f"<ImportTnOrderResponse><Errors>{words}</Errors></ImportTnOrderResponse>"
    stack.add_fault("/externalTns", method=method, answer={"status": 400, "body": body})


def application() -> str:
    application_id: str = call(create_application, event("create_application"))["applicationId"]
    return application_id


def import_batch(**fields: Any) -> Any:
    order_id = stores.orders().get(ORDER)["orderId"]  # type: ignore[index]
    return call(
        import_numbers,
        event("import_numbers", applicationId=application(), orderId=order_id, **fields),
    )


def number(e164: str) -> Any:
    status, shown = call_api(browse, "GET", f"/numbers/{e164}")
    assert status == 200
    return shown


def states() -> list[str]:
    return [number(each)["state"] for each in NUMBERS]


class TestCheckInput:
    def test_numbers_are_normalized_without_repetitions_in_batches(self, stack: Stack) -> None:
        written = ["(919) 991-8388", "19199918388", "+1 415 871 4245"]

        checked = check({"telephoneNumbers": written})

        assert checked["batches"] == [["+19199918388", "+14158714245"]]
        assert (checked["quantity"], checked["action"], checked["callbackHttpMethod"]) == (
            2,
            "IMPORT",
            "POST",
        )

    @pytest.mark.parametrize("action", ["IMPORT", "REMOVE"])
    def test_the_order_records_its_action_and_generation(self, stack: Stack, action: str) -> None:
        checked = check({"telephoneNumbers": ["+19199918388"], "action": action})

        order: Any = stores.orders().get(checked["customerOrderId"])
        assert (order["action"], order["generation"]) == (action, "classic")

    def test_5000_numbers_are_batches_of_a_hundred(self, stack: Stack) -> None:
        checked = check({"telephoneNumbers": [f"+1919555{n:04}" for n in range(5000)]})
        assert [len(batch) for batch in checked["batches"]] == [100] * 50

    def test_more_than_5000_numbers_are_rejected_with_the_number_of_parts(self, stack: Stack) -> None:
        with pytest.raises(InvalidInput, match=r"telephoneNumbers: are 5001\. .* start 2 set-ups"):
            check({"telephoneNumbers": [f"+1919555{n:04}" for n in range(5001)]})

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            ({}, ["telephoneNumbers"]),
            ({"telephoneNumbers": []}, ["telephoneNumbers"]),
            (
                {"telephoneNumbers": ["home", "+19199918388", "1"]},
                ["telephoneNumbers[0]", "telephoneNumbers[2]"],
            ),
            ({"telephoneNumbers": ["+442071838750"]}, ["telephoneNumbers[0]"]),
            ({"telephoneNumbers": NUMBERS, "action": "DELETE"}, ["action"]),
        ],
    )
    def test_every_invalid_field_is_reported(self, stack: Stack, given: Any, named: list[str]) -> None:
        with pytest.raises(InvalidInput) as error:
            check(given)
        assert [field for field, _ in error.value.problems] == named


class TestCreateImportRequest:
    def test_records_the_numbers_as_pending_and_orders_once(self, opened: Stack) -> None:
        first = call(create_import_request, event("create_import_request"))

        second = call(create_import_request, event("create_import_request"))

        assert first["orderId"] == second["orderId"]
        assert second["detail"] == "recorded"
        assert opened.requests("POST", "/externalTns") == 1
        assert states() == ["pending"] * 4

    def test_an_order_whose_response_was_lost_is_looked_up(self, opened: Stack) -> None:
        opened.add_fault("/externalTns", method="POST", lose_answer=True)

        with pytest.raises(BandwidthOutcomeUnknown):
            call(create_import_request, event("create_import_request"))

        assert call(create_import_request, event("create_import_request"))["detail"] == "found"
        assert opened.requests("POST", "/externalTns") == 1

    def test_a_rejected_import_marks_its_numbers_failed_and_a_retry_marks_them_pending(
        self, opened: Stack
    ) -> None:
        refuse(opened, "POST")

        with pytest.raises(BandwidthRejected):
            call(create_import_request, event("create_import_request"))

        assert states() == ["failed"] * 4
        assert (number(NUMBERS[0])["reason"], number(NUMBERS[0])["errorCode"]) == ("No such peer", "25012")
        assert call(create_import_request, event("create_import_request"))["detail"] == "created"
        assert states() == ["pending"] * 4

    def test_a_rejected_import_does_not_change_numbers_of_other_orders(self, opened: Stack) -> None:
        others = Home(api="v1", customer_order_id="another", site_id=CONFIG.site_id)
        at = "2026-01-01T00:00:00.000Z"
        stores.numbers().expect(NUMBERS[0], others, at)
        stores.numbers().activate(NUMBERS[1], replace(others, order_id="order-2"), at)
        refuse(opened, "POST")

        with pytest.raises(BandwidthRejected):
            call(create_import_request, event("create_import_request"))

        assert states() == ["pending", "active", "failed", "failed"]

    @pytest.mark.parametrize("status", [401, 429, 500, 503])
    def test_without_a_rejection_the_numbers_stay_pending(self, opened: Stack, status: int) -> None:
        opened.add_fault("/externalTns", method="POST", answer={"status": status}, times=2)
        with pytest.raises(BandwidthError):
            call(create_import_request, event("create_import_request"))
        assert states() == ["pending"] * 4

    def test_a_rejected_lookup_leaves_the_numbers_pending(self, opened: Stack) -> None:
        opened.add_fault("/externalTns", method="POST", lose_answer=True)
        with pytest.raises(BandwidthOutcomeUnknown):
            call(create_import_request, event("create_import_request"))
        refuse(opened, "GET")

        with pytest.raises(BandwidthRejected):
            call(create_import_request, event("create_import_request"))

        assert states() == ["pending"] * 4


class TestGetStatus:
    def test_a_complete_order_returns_every_number(self, opened: Stack) -> None:
        result = imported()
        assert (result["state"], result["completed"], result["failed"]) == ("completed", 4, 0)
        assert result["batches"] == [NUMBERS]

    def test_a_partial_order_returns_imported_numbers_and_records_the_reason_of_failed_ones(
        self, opened: Stack
    ) -> None:
        errors = [{"code": 25080, "description": "Cannot be provisioned"}]
        decide(opened, fate="PARTIAL", failed_numbers=NUMBERS[:1], errors=errors)
        result = imported()
        assert (result["state"], result["completed"], result["failed"]) == ("partial", 3, 1)
        assert result["batches"] == [NUMBERS[1:]]
        assert result["failures"][0] == {
            "number": NUMBERS[0],
            "code": "25080",
            "reason": "Cannot be provisioned",
        }

        failed = number(NUMBERS[0])
        assert (failed["state"], failed["errorCode"], failed["reason"]) == (
            "failed",
            "25080",
            "Cannot be provisioned",
        )

    def partial_without_numbers(self, stack: Stack) -> None:
        """Let the first number fail without an error that names the number."""
        errors = [{"code": 25080, "description": "Some cannot be provisioned", "numbers": []}]
        decide(stack, fate="PARTIAL", failed_numbers=NUMBERS[:1], keep_failed_numbers=True, errors=errors)

    def test_a_partial_order_without_numbers_is_resolved_by_the_numbers_of_the_location(
        self, opened: Stack
    ) -> None:
        opened.simulator.simulator.account.create_location(CONFIG.site_id, "default", True)
        self.partial_without_numbers(opened)
        result = imported()
        assert (result["state"], result["completed"], result["failed"]) == ("partial", 3, 1)
        assert result["batches"] == [NUMBERS[1:]]
        reason = "Some cannot be provisioned"

        assert result["failures"] == [{"number": NUMBERS[0], "code": "25080", "reason": reason}]
        assert (number(NUMBERS[0])["state"], number(NUMBERS[0])["reason"]) == ("failed", reason)

    def test_a_partial_order_without_numbers_or_location_returns_every_number(self, opened: Stack) -> None:
        self.partial_without_numbers(opened)

        result = imported()

        assert (result["state"], result["completed"], result["failed"]) == ("partial", 4, 0)
        assert [failure["number"] for failure in result["failures"]] == [None]

    def test_a_failed_order_fails_every_number(self, opened: Stack) -> None:
        decide(opened, fate="FAILED", errors=[{"code": 25060, "description": "Bandwidth-owned"}])

        result = imported()

        assert (result["state"], result["completed"], result["failed"]) == ("failed", 0, 4)
        assert "25060 Bandwidth-owned" in result["reason"]
        assert states() == ["failed"] * 4


class TestCreateApplication:
    def test_an_application_is_found_by_name_before_it_is_created(self, opened: Stack) -> None:
        assert application() == application()
        assert opened.requests("POST", "/applications") == 1

    def test_a_given_application_is_used(self, opened: Stack) -> None:
        given = application()
        result = call(create_application, event("create_application", applicationId=given))
        assert result == {"applicationId": given, "outcome": "given", "detail": "given"}

    def test_a_given_application_that_does_not_exist_is_rejected_with_a_reason(self, opened: Stack) -> None:
        with pytest.raises(BandwidthRejected, match="application a-none does not exist"):
            call(create_application, event("create_application", applicationId="a-none"))


class TestImportNumbers:
    @pytest.fixture
    def ordered(self, opened: Stack) -> Stack:
        imported()
        return opened

    def test_every_number_becomes_active_with_its_catapult_application(self, ordered: Stack) -> None:
        result = import_batch()
        assert (result["completed"], result["failed"], result["waitSeconds"]) == (4, 0, 0)
        assert states() == ["active"] * 4

        shown = number(NUMBERS[0])
        assert (shown["api"], shown["applicationId"]) == ("v1", application())

    def test_the_preflight_of_a_number_checks_the_callback_url_of_its_application(
        self, ordered: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import_batch(numbers=NUMBERS[:2])
        assert number(NUMBERS[0])["preflight"]["ok"] is True
        given = {"numbers": NUMBERS, "applicationId": application(), "orderId": number(NUMBERS[0])["orderId"]}
        monkeypatch.setenv("CALLBACK_URL_V1", "https://elsewhere.example/callbacks/v1")
        settings.cache_clear()

        call(import_numbers, event("import_numbers", **given))

        found = number(NUMBERS[2])["preflight"]
        assert found["ok"] is False
        assert "sends incoming messages to another URL; set it to https://elsewhere" in found["problems"][0]

    def test_a_failed_preflight_does_not_stop_a_v1_number(
        self, ordered: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import_batch()
        problem: Preflight = {"at": "2026-01-01T00:00:00.000Z", "ok": False, "problems": ["elsewhere"]}
        stores.numbers().record_preflight(NUMBERS[0], problem)
        body = {"from": NUMBERS[0], "to": "+19195551234", "text": "hello"}

        message_id = call_api(send_message, "POST", "/messages", body=body)[1]["messageId"]

        stored = stores.messages().get(message_id)
        assert stored is not None
        assert "preflight" not in stored

    def test_a_second_run_imports_only_the_remaining_numbers(self, ordered: Stack) -> None:
        import_batch(numbers=NUMBERS[:3])
        before = ordered.requests("POST", "/phoneNumbers")

        assert import_batch()["completed"] == 4
        assert ordered.requests("POST", "/phoneNumbers") == before + 1

    def test_an_existing_number_counts_as_imported(self, ordered: Stack) -> None:
        ordered.add_fault("/phoneNumbers", method="POST", lose_answer=True)

        with pytest.raises(BandwidthOutcomeUnknown):
            import_batch()

        assert import_batch()["completed"] == 4
        assert states() == ["active"] * 4

    def test_an_existing_number_of_another_application_is_moved(self, ordered: Stack) -> None:
        other = call(create_application, event("create_application", applicationName="Other"))
        bandwidth_clients.catapult().import_number(
            NUMBERS[0],
            other["applicationId"],
            account_id=CONFIG.account_id,
            dashboard=bandwidth_clients.dashboard_credentials(),
        )
        import_batch()

        found = bandwidth_clients.catapult().find_number(NUMBERS[0])

        assert found is not None
        assert found[1] == application()

    def test_a_rejected_number_does_not_stop_the_others(self, ordered: Stack) -> None:
        refusal = '{"category": "bad-request", "code": "validation-error", "message": "not this one"}'
        ordered.add_fault(
            "/phoneNumbers", method="POST", match=NUMBERS[1], answer={"status": 400, "body": refusal}
        )

        result = import_batch()

        assert (result["completed"], result["failed"]) == (3, 1)
        assert result["failures"] == [
            {"number": NUMBERS[1], "code": "validation-error", "reason": "not this one"}
        ]
        assert states() == ["active", "failed", "active", "active"]

    def test_at_catapults_limit_the_result_has_the_seconds_to_wait(self, ordered: Stack) -> None:
        import time  # noqa: PLC0415

        reset = str(int((time.time() + 90) * 1000))
        ordered.add_fault(
            "/phoneNumbers",
            method="POST",
            match=NUMBERS[2],
            answer={"status": 429, "headers": {"X-RateLimit-Reset": reset}},
        )

        result = import_batch()

        assert result["completed"] == 2
        assert 88 <= result["waitSeconds"] <= 91
        assert import_batch()["completed"] == 4

    def test_the_dashboard_password_stays_in_the_request(self, ordered: Stack) -> None:
        import_batch()
        captured = ordered.simulator.simulator.capture.requests("/phoneNumbers", None, bodies=True)
        assert CONFIG.dashboard_password not in str(captured)


class TestRecordOutcome:
    @pytest.mark.parametrize(
        ("completed", "failed", "state"), [(4, 0, "completed"), (3, 1, "partial"), (0, 4, "failed")]
    )
    def test_the_state_of_the_order_follows_its_counts(
        self, opened: Stack, completed: int, failed: int, state: str
    ) -> None:
        counts = {"customerOrderId": ORDER, "completed": completed, "failed": failed}
        assert call(record_outcome, sample("setups/record_outcome") | counts)["state"] == state

        order = call_api(browse, "GET", f"/orders/{ORDER}")[1]
        assert (order["state"], order["completed"], order["failed"]) == (state, completed, failed)


class TestRemoval:
    @pytest.fixture
    def active(self, opened: Stack) -> Stack:
        imported()
        import_batch()
        return opened

    def test_messages_are_rejected_when_the_removal_starts(self, active: Stack) -> None:
        call(stop_sending, event("stop_sending", batches=[NUMBERS]))
        assert states() == ["releasing"] * 4
        body = {"from": NUMBERS[0], "to": "+19195551234", "text": "hello"}

        status, problem = call_api(send_message, "POST", "/messages", body=body)

        assert status == 422
        assert "is releasing. GET /numbers" in problem["errors"][0]["detail"]

    def test_ordered_numbers_are_rejected_before_any_number_is_stopped(self, active: Stack) -> None:
        own = "+19195550142"
        stores.orders().open(
            "ordered",
            kind="messaging_v2",
            requested=1,
            execution_arn="arn:1",
            at="2026-01-01T00:00:00.000Z",
            digest="d",
        )
        home = Home(api="v2", customer_order_id="ordered", site_id=CONFIG.site_id)
        stores.numbers().activate(own, home, "2026-01-01T00:00:00.000Z")

        with pytest.raises(
            InvalidInput, match=r"^telephoneNumbers: the number that ends in 0142 was ordered, not imported"
        ):
            call(stop_sending, event("stop_sending", batches=[[*NUMBERS, own]]))

        assert states() == ["active"] * 4
        assert number(own)["state"] == "active"

    def test_numbers_are_released_at_catapult_and_then_at_the_dashboard(self, active: Stack) -> None:
        removal = {"customerOrderId": "removal-1"}
        check({"telephoneNumbers": NUMBERS, "action": "REMOVE", **removal})
        call(stop_sending, event("stop_sending", batches=[NUMBERS], **removal))
        call(release_numbers, event("release_numbers", numbers=NUMBERS, **removal))
        assert [bandwidth_clients.catapult().find_number(each) for each in NUMBERS] == [None] * 4
        ordered = call(create_import_request, event("create_import_request", action="REMOVE", **removal))

        status = event("get_status", action="REMOVE", orderId=ordered["orderId"], **removal)

        assert call(get_status, status)["completed"] == 4
        assert states() == ["released"] * 4

    def test_a_number_that_is_no_longer_hosted_is_released(self, active: Stack) -> None:
        active.simulator.simulator.account.numbers.remove(NUMBERS[0].removeprefix("+1"))
        removal = {"customerOrderId": "removal-1", "action": "REMOVE"}
        check({"telephoneNumbers": NUMBERS, **removal})
        call(stop_sending, event("stop_sending", batches=[NUMBERS], customerOrderId="removal-1"))
        ordered = call(create_import_request, event("create_import_request", **removal))

        result = call(get_status, event("get_status", orderId=ordered["orderId"], **removal))

        assert (result["completed"], result["failed"]) == (4, 0)
        assert states() == ["released"] * 4

    def test_a_second_run_releases_no_number_twice(self, active: Stack) -> None:
        call(stop_sending, event("stop_sending", batches=[NUMBERS]))
        for _ in range(2):
            call(release_numbers, event("release_numbers", numbers=NUMBERS))
        assert active.requests("DELETE", "/phoneNumbers") == 4
