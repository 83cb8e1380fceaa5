"""Toll-free verification: submitted once, resubmitted if Bandwidth allows it, and reported by a webhook."""

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services import number_verification
from bandwidth_messaging.services.find_or_create import LEASE_DURATION
from functions.control import browse, verify_number
from functions.messages import replay_quarantine
from functions.setups import receive_notification
from simulator.account.numbers import AccountNumber
from simulator.account.registrations import Verification
from tests.functions.conftest import NOTIFICATION_URL, Stack, call, call_api, clear_caches, sample
from tests.generations import only_classic, only_current

NUMBER, LOCAL = "+18885551212", "+19195551212"
AT = "2026-02-03T04:05:06.000Z"
PATH = f"/numbers/{NUMBER}/toll-free-verification"
SUBMISSION = json.loads(sample("control/verify_number")["body"])
DENIED = Verification("UNVERIFIED", "Website is not accessible", resubmit_allowed=True)
POSTED, NUMBERED = "/tollFreeVerification$", "/phoneNumbers/"


@pytest.fixture(autouse=True)
def _number(stack: Stack) -> None:
    account = stack.simulator.simulator.account
    location = account.create_location("1001", "texts", is_default=True)
    account.numbers.add(AccountNumber(NUMBER.removeprefix("+1"), location.site_id, location.id))
    for number in (NUMBER, LOCAL):
        stores.numbers().activate(number, Home(api="v2", customer_order_id="order-1", site_id="1001"), AT)


def put(body: Any = None, path: str = PATH) -> tuple[int, Any]:
    return call_api(verify_number, "PUT", path, body=SUBMISSION | (body or {}))


def get(path: str = PATH) -> tuple[int, Any]:
    return call_api(verify_number, "GET", path)


def registration() -> Any:
    return call_api(browse, "GET", f"/numbers/{NUMBER}")[1].get("registration")


def decide(stack: Stack, decision: Verification) -> None:
    stack.simulator.simulator.verifications.decide(NUMBER.removeprefix("+1"), decision)


def submissions(stack: Stack) -> int:
    return stack.requests("POST", "/tollFreeVerification") - stack.requests("POST", "/webhooks/subscriptions")


def notify(**changes: Any) -> Any:
    body = {"accountId": "5000001", "phoneNumber": NUMBER, "status": "VERIFIED", "internalTicketNumber": "t"}
    event = sample("setups/receive_notification") | {"body": json.dumps(body | changes)}
    assert call(receive_notification, event)["statusCode"] == HTTPStatus.NO_CONTENT
    return event


@only_current
class TestRequesting:
    def test_a_number_is_submitted_with_every_field(self, stack: Stack) -> None:
        assert put() == (
            HTTPStatus.OK,
            {"number": NUMBER, "state": "pending", "status": "PENDING", "outcome": "submitted"},
        )

        found = stack.simulator.simulator.registrations.verification(NUMBER.removeprefix("+1"))
        assert found is not None
        assert found.submission == SUBMISSION
        assert registration()["state"] == "pending"

    def test_bandwidth_gets_one_subscription_with_the_current_password(self, stack: Stack) -> None:
        put()
        stack.secrets.update_secret(
            SecretId="callback", SecretString='{"username": "bandwidth", "password": "rotated"}'
        )
        clear_caches()

        assert put()[1]["outcome"] == "unchanged"

        (subscription,) = stack.simulator.simulator.verifications.subscriptions()
        assert subscription.endpoint.url == NOTIFICATION_URL
        assert (subscription.endpoint.user, subscription.endpoint.password) == ("bandwidth", "rotated")

    def test_a_failed_subscription_does_not_stop_the_submission(self, stack: Stack) -> None:
        stack.add_fault("/subscriptions$", times=9, answer={"status": 500, "body": ""})

        assert put()[1]["outcome"] == "submitted"

    @pytest.mark.parametrize("status", ["PENDING", "VERIFIED"])
    def test_a_number_that_is_reviewed_or_verified_is_not_submitted_again(
        self, stack: Stack, status: str
    ) -> None:
        decide(stack, Verification(status, submission=SUBMISSION))

        code, shown = put()

        assert (code, shown["outcome"], shown["status"]) == (HTTPStatus.OK, "unchanged", status)
        assert submissions(stack) == stack.requests("PUT", NUMBERED) == 0

    def test_repeating_a_request_changes_nothing(self, stack: Stack) -> None:
        put()
        before = stores.numbers().get(NUMBER)

        assert put()[1]["outcome"] == "unchanged"

        assert submissions(stack) == 1
        # The item has a version, which each write raises.
        assert stores.numbers().get(NUMBER) == before

    def test_a_denied_submission_is_replaced(self, stack: Stack) -> None:
        put()
        decide(stack, DENIED)
        better = {"useCaseSummary": "Acme texts customers who asked for it."}

        assert put(better)[1]["outcome"] == "resubmitted"

        found = stack.simulator.simulator.registrations.verification(NUMBER.removeprefix("+1"))
        assert found is not None
        assert (found.status, found.submission) == ("PENDING", SUBMISSION | better)

    @pytest.mark.parametrize(
        "decision",
        [Verification("UNVERIFIED", "Spam"), Verification("VERIFIED", blocked_reason="Spam")],
        ids=["denied", "blocked"],
    )
    def test_a_submission_that_may_not_be_replaced_is_a_conflict(
        self, stack: Stack, decision: Verification
    ) -> None:
        decide(stack, decision)

        status, problem = put()

        assert (status, problem["code"]) == (HTTPStatus.CONFLICT, "verification_not_allowed")
        assert "(Spam)" in problem["detail"]
        assert submissions(stack) == stack.requests("PUT", NUMBERED) == 0


@only_current
class TestLostResponses:
    def test_a_submission_without_a_response_is_looked_up(self, stack: Stack) -> None:
        stack.add_fault(POSTED, method="POST", lose_answer=True)

        status, shown = put()

        assert (status, shown["outcome"], shown["status"]) == (HTTPStatus.OK, "submitted", "PENDING")
        assert submissions(stack) == 1

    def test_a_submission_that_bandwidth_does_not_list_yet_is_not_repeated(self, stack: Stack) -> None:
        not_found = {"status": 404, "body": '{"type": "not-found", "description": "none"}'}
        stack.add_fault(NUMBERED, times=3, answer=not_found)
        stack.add_fault(POSTED, method="POST", lose_answer=True)

        first, second = put(), put()

        assert first[0] == second[0] == HTTPStatus.SERVICE_UNAVAILABLE
        assert first[1]["code"] == second[1]["code"] == "bandwidth_unavailable"
        assert submissions(stack) == 1

    @pytest.mark.parametrize("answer", [{"status": 503, "body": ""}, {"status": 200, "body": "[" * 100_000}])
    def test_a_look_up_that_fails_does_not_release_the_number(self, stack: Stack, answer: Any) -> None:
        not_found = {"status": 404, "body": '{"type": "not-found", "description": "none"}'}
        stack.add_fault(NUMBERED, answer=not_found)
        stack.add_fault(POSTED, method="POST", lose_answer=True)
        stack.add_fault(NUMBERED, answer=answer)

        assert [put()[0] for _ in range(2)] == [HTTPStatus.SERVICE_UNAVAILABLE] * 2

        assert submissions(stack) == 1

    def test_a_request_can_be_repeated_at_once_after_a_failure_without_effect(self, stack: Stack) -> None:
        stack.add_fault(POSTED, method="POST", answer={"status": 429, "headers": {"Retry-After": "7"}})
        response = call(verify_number, sample("control/verify_number"))

        assert response["statusCode"] == HTTPStatus.SERVICE_UNAVAILABLE
        assert response["multiValueHeaders"]["Retry-After"] == ["7"]
        assert put()[1]["outcome"] == "submitted"

    def test_a_submission_that_did_not_arrive_is_sent_again_after_the_lease(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stack.add_fault(POSTED, method="POST", answer={"status": 500, "body": ""})
        response = call(verify_number, sample("control/verify_number"))
        assert response["multiValueHeaders"]["Retry-After"] == [str(LEASE_DURATION.seconds)]
        later = datetime.now(UTC) + LEASE_DURATION + timedelta(seconds=1)
        monkeypatch.setattr(number_verification, "now", lambda: to_rfc3339(later.isoformat()))

        assert put()[1]["outcome"] == "submitted"

        assert submissions(stack) == 2


@only_current
class TestReading:
    def test_a_number_without_a_verification_is_unregistered(self) -> None:
        assert get() == (HTTPStatus.OK, {"number": NUMBER, "state": "unregistered"})

    def test_a_denial_has_its_reason_and_whether_it_may_be_replaced(self, stack: Stack) -> None:
        decide(stack, DENIED)

        status, shown = get()

        assert status == HTTPStatus.OK
        assert (shown["status"], shown["state"]) == ("UNVERIFIED", "unregistered")
        assert (shown["reason"], shown["resubmitAllowed"]) == ("Website is not accessible", True)
        assert shown["ticket"]
        assert shown["createdAt"].endswith("Z")

    def test_missing_access_is_explained(self, stack: Stack) -> None:
        stack.simulator.simulator.registrations.toll_free_denied = True

        status, problem = get()

        assert (status, problem["code"]) == (HTTPStatus.CONFLICT, "not_enabled")
        assert "role TFV" in problem["detail"]


@only_current
class TestInvalidRequests:
    def test_bandwidths_errors_name_the_fields(self) -> None:
        status, problem = put({"businessRegistrationNumber": None})

        assert status == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "businessRegistrationNumber is required" in problem["errors"][0]["detail"]

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"messageVolume": 9}, "messageVolume"),
            ({"businessContact": SUBMISSION["businessContact"] | {"phoneNumber": "12"}}, "phoneNumber"),
            ({"optInWorkflow": {"description": "A form", "imageUrls": []}}, "imageUrls"),
            ({"privacyPolicyUrl": "acme"}, "privacyPolicyUrl"),
            ({"useCase": " "}, "useCase"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_a_wrong_field_is_named(self, stack: Stack, change: Any, field: str) -> None:
        status, problem = put(change)

        assert status == HTTPStatus.UNPROCESSABLE_ENTITY
        (error,) = problem["errors"]
        assert error["field"].endswith(field)
        assert stack.requests("GET", NUMBERED) == 0

    def test_a_local_number_is_rejected(self) -> None:
        status, problem = get(PATH.replace(NUMBER, LOCAL))

        assert status == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "10DLC" in problem["errors"][0]["detail"]

    def test_an_unknown_number_is_not_found(self) -> None:
        assert put(path=PATH.replace(NUMBER, "+18885551213"))[0] == HTTPStatus.NOT_FOUND

    def test_a_released_number_is_not_submitted(self, stack: Stack) -> None:
        stores.numbers().start_release(
            NUMBER, Home(api="v2", customer_order_id="order-2", site_id="1001"), AT
        )

        status, problem = put()

        assert (status, problem["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "sender_not_active")
        assert submissions(stack) == 0


@only_classic
def test_the_classic_generation_has_no_verification() -> None:
    status, problem = put()

    assert (status, problem["code"]) == (HTTPStatus.CONFLICT, "not_enabled")
    assert "BandwidthApi=current" in problem["detail"]


@only_current
class TestWebhooks:
    def test_a_verified_number_is_registered(self) -> None:
        put()

        notify()

        assert registration()["state"] == "registered"

    def test_a_denied_number_shows_the_reason(self) -> None:
        put()

        notify(status="UNVERIFIED", declineReasonDescription="Website is not accessible")

        assert registration()["state"] == "unregistered"
        assert "Website is not accessible" in registration()["reason"]

    def test_a_blocked_number_is_unregistered(self) -> None:
        notify(blocked=True, blockedReason="Spam")

        assert (registration()["state"], "Spam" in registration()["reason"]) == ("unregistered", True)

    def test_a_repeated_webhook_changes_nothing(self) -> None:
        notify()
        before = stores.numbers().get(NUMBER)

        notify()

        assert stores.numbers().get(NUMBER) == before

    def test_a_number_of_another_system_is_ignored(self, stack: Stack) -> None:
        notify(phoneNumber="+18885551213")

        assert stores.numbers().get("+18885551213") is None
        assert stack.receive_messages(stack.quarantine_queue) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"status": None},
            {"status": {"code": "VERIFIED"}},
            {"phoneNumber": None},
            {"phoneNumber": "8885551212"},
            {"phoneNumber": LOCAL},
        ],
    )
    def test_an_unreadable_webhook_is_quarantined(self, stack: Stack, change: Any) -> None:
        before = stores.numbers().get_all([NUMBER, LOCAL])

        notify(**change)

        assert len(stack.receive_messages(stack.quarantine_queue)) == 1
        assert stores.numbers().get_all([NUMBER, LOCAL]) == before

    def test_a_quarantined_webhook_can_be_replayed(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as failing:
            failing.setattr(stores.numbers().__class__, "record_registration", None)
            notify()
        assert registration() is None

        assert call(replay_quarantine, sample("messages/replay_quarantine"))["stored"] == 1

        assert registration()["state"] == "registered"
