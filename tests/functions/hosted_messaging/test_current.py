"""Hosted Messaging with the current API, each step against an account that keeps state."""

from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import BandwidthOutcomeUnknown, BandwidthRejected
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores
from functions.control import browse
from functions.hosted_messaging import (
    activate_numbers,
    check_numbers,
    create_import_request,
    get_status,
    prepare_location,
    release_numbers,
    send_letter,
    stop_sending,
)
from functions.messages import deliver_message, send_message
from functions.setups import check_input, receive_notification, record_failure
from simulator.account.importability import WORDS
from simulator.account.number_list_orders import NumbersError
from simulator.account.order_outcomes import OrderOutcome
from simulator.account.subscriptions import NotificationFaults
from tests.functions.conftest import CALLBACK_URL, CONFIG, NOTIFICATION_URL, Stack, call, call_api, sample
from tests.generations import only_current

pytestmark = only_current

ORDER = sample("hosted_messaging/create_import_request")["customerOrderId"]
NUMBERS: list[str] = sample("hosted_messaging/create_import_request")["batches"][0]
GIVEN = sample("executions/hosted_messaging") | {"customerOrderId": ORDER}
AUTHORITY = {name: GIVEN[name] for name in ("subscriber", "loaAuthorizingPerson")}
LETTER = {"bucket": "letters-of-example", "key": "2026/example.pdf"}
PDF = b"%PDF-1.7 signed by Ada Example"
DIGITS = [number.removeprefix("+1") for number in NUMBERS]


@pytest.fixture
def opened(stack: Stack) -> Stack:
    """A set-up whose input was checked, so that its order has a record. Orders need no letter."""
    stack.simulator.simulator.imports.needs_letter = False
    check(GIVEN)
    return stack


@pytest.fixture
def letters(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bucket of letters, which has one letter."""
    stack.s3.create_bucket(Bucket=LETTER["bucket"])
    stack.s3.put_object(Bucket=LETTER["bucket"], Key=LETTER["key"], Body=PDF)
    monkeypatch.setenv("LETTERS_BUCKET", LETTER["bucket"])
    settings_module.settings.cache_clear()
    return stack.s3


def check(given: Any) -> Any:
    event = sample("setups/check_input") | {"kind": "hosted_messaging", "input": given}
    return call(check_input, event)


def event(name: str, **fields: Any) -> dict[str, Any]:
    """Return a step's sample event, at the simulated account's site."""
    given: dict[str, Any] = sample(f"hosted_messaging/{name}")
    at = {"siteId": CONFIG.site_id, "sipPeerId": None, "api": "v2"}
    return given | {key: value for key, value in at.items() if key in given} | fields


def prepared(**fields: Any) -> dict[str, str]:
    """Prepare application and location; return their ids."""
    result = call(prepare_location, event("prepare_location", **fields))
    return {name: result[name] for name in ("applicationId", "locationId")}


def ordered(location_id: str, **fields: Any) -> str:
    """Order the import; return the order's id."""
    given = event("create_import_request", sipPeerId=location_id, **AUTHORITY)
    order_id: str = call(create_import_request, given | fields)["orderId"]
    return order_id


def number(e164: str) -> Any:
    status, shown = call_api(browse, "GET", f"/numbers/{e164}")
    assert status == 200
    return shown


def order() -> Any:
    return call_api(browse, "GET", f"/orders/{ORDER}")[1]


def refuse(stack: Stack, ten_digits: str, code: int) -> None:
    stack.simulator.simulator.importability.decide(ten_digits, code)


def active(*numbers: str, order_id: str = "import-1") -> None:
    """Record numbers as active on V2 through an import."""
    home = Home(api="v2", customer_order_id=ORDER, site_id=CONFIG.site_id, order_id=order_id)
    for each in numbers:
        stores.numbers().activate(each, home, "2026-11-22T09:30:00.000Z")


def text(sender: str) -> tuple[int, Any]:
    """Request a message from a number; return status and response."""
    body = {"from": sender, "to": "+19195551234", "text": "Good morning"}
    return call_api(send_message, "POST", "/messages", body=body)


def lost(stack: Stack, *ten_digits: str) -> str:
    """Return Bandwidth's notification of lost numbers."""
    prepared()
    subscriptions = stack.simulator.simulator.subscriptions
    # No server listens at the address.
    subscriptions.set_faults(NotificationFaults(lose=1))
    subscriptions.report_messaging_lost(ten_digits)
    body: str = subscriptions.notifications()[-1]["body"]
    return body


def notify(body: str) -> None:
    given = sample("setups/receive_notification") | {"body": body}
    assert call(receive_notification, given) == {"statusCode": 204}


def made(stack: Stack) -> tuple[int, int, int]:
    """Count the applications, locations and import orders of the account."""
    simulator = stack.simulator.simulator
    return (
        len(simulator.account.applications()),
        len(simulator.account.locations()),
        len(simulator.imports.find()),
    )


class TestCheckInput:
    def test_the_result_has_the_generation(self, stack: Stack) -> None:
        checked = check(GIVEN)
        assert (checked["bandwidthApi"], checked["locationName"]) == ("current", "bandwidth messaging")
        assert checked["subscriber"]["county"] is None

    def test_an_import_without_its_authority_opens_no_order(self, stack: Stack) -> None:
        texts = "subscriber: is required for an import; loaAuthorizingPerson: is required for an import"
        with pytest.raises(InvalidInput, match=texts):
            check({"telephoneNumbers": NUMBERS, "customerOrderId": ORDER})
        assert stores.orders().get(ORDER) is None

    def test_a_readable_letter_is_accepted(self, letters: Any) -> None:
        assert check(GIVEN | {"letterOfAuthorization": LETTER})["letterOfAuthorization"] == LETTER

    @pytest.mark.parametrize(
        ("letter", "problem"),
        [
            ({"key": "2026/missing.pdf"}, "key: does not exist in letters-of-example"),
            ({"bucket": "elsewhere"}, "bucket: must be letters-of-example, the stack's LettersBucket"),
        ],
    )
    def test_an_unreadable_letter_is_rejected(
        self, letters: Any, letter: dict[str, str], problem: str
    ) -> None:
        with pytest.raises(InvalidInput, match=f"letterOfAuthorization.{problem}"):
            check(GIVEN | {"letterOfAuthorization": LETTER | letter})

    @pytest.mark.parametrize("size", [0, 10 * 1024 * 1024 + 1])
    def test_a_letter_is_neither_empty_nor_above_ten_megabytes(self, letters: Any, size: int) -> None:
        letters.put_object(Bucket=LETTER["bucket"], Key=LETTER["key"], Body=b"x" * size)
        with pytest.raises(InvalidInput, match=f"has {size} bytes; up to 10 MB may be sent"):
            check(GIVEN | {"letterOfAuthorization": LETTER})

    def test_a_letter_requires_the_parameter_letters_bucket(self, stack: Stack) -> None:
        with pytest.raises(InvalidInput, match="needs the stack's parameter LettersBucket"):
            check(GIVEN | {"letterOfAuthorization": LETTER})


class TestPrepareLocation:
    def test_application_and_location_are_created_once(self, opened: Stack) -> None:
        ids = prepared()
        assert prepared() == ids
        assert made(opened) == (1, 1, 0)

        (location,) = opened.simulator.simulator.account.locations()
        assert (location.id, location.application_id) == (ids["locationId"], ids["applicationId"])
        assert location.sms is not None
        assert location.mms_proxy_peer_id is not None

    def test_a_location_with_another_application_is_rejected(self, opened: Stack) -> None:
        account = opened.simulator.simulator.account
        prepared()
        (location,) = account.locations()
        other = prepared(applicationName="another", locationName="another")
        location.application_id = other["applicationId"]

        with pytest.raises(BandwidthRejected, match="replaceApplication: true"):
            prepared()

        assert prepared(replaceApplication=True)["locationId"] == location.id


class TestLostNumbers:
    def test_all_imports_share_one_subscription(self, opened: Stack) -> None:
        subscriptions = opened.simulator.simulator.subscriptions
        prepared()
        (before,) = subscriptions.find()
        detail = call(prepare_location, event("prepare_location"))["detail"]
        (made,) = subscriptions.find()
        assert detail == "location found, subscription to lost numbers updated"
        assert (made.id, made.topic, made.order_id) == (before.id, "MESSAGING_LOST", None)
        assert made.created > before.created

        endpoint = made.endpoint
        assert endpoint.url == NOTIFICATION_URL
        assert (endpoint.user, endpoint.password) == ("bandwidth", "callback:password")

    def test_another_stack_keeps_its_own_subscription(
        self, opened: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prepared()
        monkeypatch.setenv("NOTIFICATION_URL", "https://another.example/live/callbacks/orders")
        settings_module.settings.cache_clear()

        prepared()

        urls = [each.endpoint.url for each in opened.simulator.simulator.subscriptions.find()]
        assert urls == [NOTIFICATION_URL, "https://another.example/live/callbacks/orders"]

    @pytest.mark.parametrize(("method", "status"), [("GET", 404), ("GET", 500), ("POST", 403)])
    def test_a_failed_subscription_does_not_stop_the_import(
        self, opened: Stack, method: str, status: int
    ) -> None:
        opened.add_fault("/subscriptions$", method=method, answer={"status": status})
        assert prepared()

        subscribed = len(opened.simulator.simulator.subscriptions.find())
        assert subscribed == (status == 404)

    @pytest.mark.parametrize("written", ["{}", "+1{}"])
    def test_a_lost_number_is_released_and_cannot_send(self, opened: Stack, written: str) -> None:
        active(*NUMBERS[:2])
        notify(lost(opened, DIGITS[0]).replace(NUMBERS[0], written.format(DIGITS[0])))
        shown = number(NUMBERS[0])
        assert (shown["state"], shown["errorCode"]) == ("released", "MESSAGING_LOST")
        assert shown["reason"] == "Bandwidth reported that another provider now carries the number's messages"
        assert shown["times"]["released"]
        status, answer = text(NUMBERS[0])

        assert status == 422
        assert "is released. GET /numbers" in str(answer)
        assert text(NUMBERS[1])[0] == 202

    def test_a_lost_number_becomes_active_after_another_import(self, opened: Stack) -> None:
        active(NUMBERS[0])
        notify(lost(opened, DIGITS[0]))

        active(NUMBERS[0], order_id="another")

        shown = number(NUMBERS[0])
        assert (shown["state"], shown.get("reason"), shown.get("errorCode")) == ("active", None, None)

    def test_unknown_and_releasing_numbers_do_not_change(self, opened: Stack) -> None:
        active(NUMBERS[0])
        call(stop_sending, event("stop_sending", batches=[[NUMBERS[0]]]))

        notify(lost(opened, DIGITS[0], DIGITS[1], "no number"))

        assert number(NUMBERS[0])["state"] == "releasing"
        assert call_api(browse, "GET", f"/numbers/{NUMBERS[1]}")[0] == 404


class TestCheckNumbers:
    def test_a_number_that_cannot_be_imported_fails_with_its_reason(self, opened: Stack) -> None:
        refuse(opened, DIGITS[0], 19001)
        result = call(check_numbers, event("check_numbers", sipPeerId=prepared()["locationId"]))
        failure = {"number": NUMBERS[0], "code": "19001", "reason": WORDS[19001]}
        assert (result["batches"], result["failed"]) == ([NUMBERS[1:]], 1)
        assert result["failures"] == [failure]

        shown = number(NUMBERS[0])
        assert (shown["state"], shown["errorCode"], shown["reason"], shown["api"]) == (
            "failed",
            "19001",
            failure["reason"],
            "v2",
        )

    def test_a_dry_run_stores_no_record_with_any_outcome(self, stack: Stack) -> None:
        check({"telephoneNumbers": NUMBERS, "customerOrderId": "a look", "dryRun": True})
        look = {"customerOrderId": "a look", "dryRun": True}
        call(check_numbers, event("check_numbers", sipPeerId=prepared()["locationId"]) | look)
        failed = call(record_failure, sample("setups/record_failure") | {"customerOrderId": "a look"})
        assert failed["nextSteps"] == ""
        assert call_api(browse, "GET", "/orders/a%20look")[0] == 404

        items = stack.dynamodb.scan(TableName="NumbersTable")["Items"]
        assert "a look" not in str(items)

    def test_a_dry_run_groups_numbers_by_reason_and_changes_nothing(self, opened: Stack) -> None:
        location_id = prepared()["locationId"]
        before = made(opened)
        refuse(opened, DIGITS[0], 19001)
        refuse(opened, DIGITS[1], 19006)
        refuse(opened, DIGITS[2], 19001)

        result = call(check_numbers, event("check_numbers", sipPeerId=location_id, dryRun=True))

        assert result["importable"] == NUMBERS[3:]
        assert [(each["code"], each["numbers"]) for each in result["refused"]] == [
            ("19001", [NUMBERS[0], NUMBERS[2]]),
            ("19006", [NUMBERS[1]]),
        ]
        assert made(opened) == before
        assert [call_api(browse, "GET", f"/numbers/{each}")[0] for each in NUMBERS] == [404] * 4

    def test_5000_rejected_numbers_fit_into_a_state_payload(self, opened: Stack) -> None:
        location_id = prepared()["locationId"]
        numbers = [f"+1919{2_000_000 + each}" for each in range(5000)]
        for each in numbers:
            refuse(opened, each.removeprefix("+1"), 19001)
        batches = [numbers[start : start + 100] for start in range(0, 5000, 100)]
        given = event("check_numbers", sipPeerId=location_id, dryRun=True, batches=batches)

        result = call(check_numbers, given)

        assert [len(each["numbers"]) for each in result["refused"]] == [5000]
        assert len(str(result)) < 200_000

    def test_reasons_that_differ_only_in_the_number_are_one_reason(
        self, opened: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reject_each_with_its_own_reason(opened, monkeypatch, "{number} is not ours, +1{number} neither")

        result = call(check_numbers, event("check_numbers", sipPeerId=prepared()["locationId"], dryRun=True))

        assert result["refused"] == [
            {"code": "19006", "reason": "(number) is not ours, (number) neither", "numbers": NUMBERS}
        ]

    def test_a_dry_run_has_the_most_frequent_reasons_and_every_number(
        self, opened: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        numbers = [f"+1919{2_000_000 + each}" for each in range(200)]
        reject_each_with_its_own_reason(opened, monkeypatch, "held by carrier {rank}")
        given = event(
            "check_numbers",
            sipPeerId=prepared()["locationId"],
            dryRun=True,
            batches=[numbers[:100], numbers[100:]],
        )

        refused = call(check_numbers, given)["refused"]

        # Ranks 0 to 99 are two numbers each.
        assert len(refused) == 50
        assert {len(each["numbers"]) for each in refused[:-1]} == {2}
        assert refused[-1]["reason"] == "other reasons; a dry run of these numbers alone shows them"
        assert sorted(number for each in refused for number in each["numbers"]) == numbers

    def test_numbers_are_not_checked_again_after_the_order(self, opened: Stack) -> None:
        location_id = prepared()["locationId"]
        refuse(opened, DIGITS[0], 19001)
        first = call(check_numbers, event("check_numbers", sipPeerId=location_id))
        ordered(location_id, batches=first["batches"])
        # They are the account's now, and so would be refused.
        for each in DIGITS:
            refuse(opened, each, 19006)

        again = call(check_numbers, event("check_numbers", sipPeerId=location_id))

        assert (again["batches"], again["failures"]) == (first["batches"], first["failures"])
        assert opened.requests("POST", "/importTnChecker") == 1

    def test_an_invalid_location_is_rejected_with_its_reason(self, opened: Stack) -> None:
        with pytest.raises(BandwidthRejected, match="7312 The sippeer id is invalid"):
            call(check_numbers, event("check_numbers", sipPeerId="99", dryRun=True))


def reject_each_with_its_own_reason(stack: Stack, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Reject every number with `words`, formatted with its ten digits and its last two digits."""

    def errors(numbers: list[str]) -> list[NumbersError]:
        return [NumbersError(19006, words.format(number=each, rank=each[-2:]), [each]) for each in numbers]

    monkeypatch.setattr(stack.simulator.simulator.importability, "errors", errors)


class TestCreateImportRequest:
    def test_one_order_is_placed_with_subscriber_and_authorizing_person(self, opened: Stack) -> None:
        location_id = prepared()["locationId"]
        order_id = ordered(location_id)
        assert ordered(location_id) == order_id
        (placed,) = opened.simulator.simulator.imports.find()
        assert (placed.loa_authorizing_person, placed.loa_type) == ("Ada Example", "SUBSCRIBER")
        assert placed.subscriber is not None
        assert placed.subscriber.findtext("ServiceAddress/City") == "Raleigh"
        assert (placed.numbers, placed.location_id) == (tuple(DIGITS), location_id)

        shown = number(NUMBERS[0])
        assert (shown["state"], shown["api"], shown["locationId"]) == ("pending", "v2", location_id)

    def test_an_order_whose_response_was_lost_is_found_by_its_customer_order_id(self, opened: Stack) -> None:
        location_id = prepared()["locationId"]
        opened.add_fault("/importTnOrders", method="POST", lose_answer=True)
        with pytest.raises(BandwidthOutcomeUnknown):
            ordered(location_id)

        order_id = ordered(location_id)

        (placed,) = opened.simulator.simulator.imports.find()
        assert placed.id == order_id


class TestSendLetter:
    def test_a_letter_is_sent_once(self, letters: Any, opened: Stack) -> None:
        order_id = ordered(prepared()["locationId"])
        request = event("send_letter", orderId=order_id, letterOfAuthorization=LETTER)

        outcomes = [call(send_letter, request)["outcome"] for _ in range(2)]

        assert outcomes == ["created", "found"]

        (letter,) = opened.simulator.simulator.imports.get(order_id).letters
        assert (letter.content_type, letter.size) == ("application/pdf", len(PDF))

    def test_a_letter_whose_response_was_lost_is_not_sent_again(self, letters: Any, opened: Stack) -> None:
        order_id = ordered(prepared()["locationId"])
        request = event("send_letter", orderId=order_id, letterOfAuthorization=LETTER)
        opened.add_fault("/loas", method="POST", lose_answer=True)

        with pytest.raises(BandwidthOutcomeUnknown):
            call(send_letter, request)

        assert call(send_letter, request)["outcome"] == "found"
        assert len(opened.simulator.simulator.imports.get(order_id).letters) == 1

    def test_a_rejected_letter_is_reported_and_the_order_continues(self, letters: Any, opened: Stack) -> None:
        order_id = ordered(prepared()["locationId"])
        opened.add_fault(
            "/loas", method="POST", answer={"status": 400, "body": "<Error><Code>5151</Code></Error>"}
        )

        result = call(send_letter, event("send_letter", orderId=order_id, letterOfAuthorization=LETTER))

        (failure,) = result["failures"]
        assert (failure["number"], failure["code"], result["sent"]) == (None, "5151", True)
        assert failure["reason"].startswith("Bandwidth rejected the letter of authorization")
        assert (result["outcome"], result["detail"]) == ("rejected", "rejected")


def activated(stack: Stack) -> dict[str, str]:
    """Run every step of the import."""
    ids = prepared()
    order_id = ordered(ids["locationId"])
    ended = call(get_status, event("get_status", orderId=order_id, sipPeerId=ids["locationId"]))
    call(activate_numbers, event("activate_numbers", orderId=order_id, batches=ended["batches"], **ids))
    return ids


class TestTheNumbers:
    def test_imported_numbers_send_through_v2_with_application_and_location(self, opened: Stack) -> None:
        ids = activated(opened)
        shown = number(NUMBERS[0])
        assert (shown["state"], shown["api"]) == ("active", "v2")
        assert {name: shown[name] for name in ids} == ids
        assert shown["preflight"]["ok"]
        assert text(NUMBERS[0])[0] == 202
        (queued,) = opened.receive_messages(opened.send_queue)
        (record,) = sample("messages/deliver_message")["Records"]

        call(deliver_message, {"Records": [record | {"body": queued["Body"]}]})

        (sent,) = opened.simulator.simulator.messages.sent()
        assert (sent.from_, sent.application_id) == (NUMBERS[0], ids["applicationId"])

    def test_numbers_that_bandwidth_did_not_import_have_failed(self, opened: Stack) -> None:
        location_id = prepared()["locationId"]
        opened.simulator.simulator.orders.decide_order(
            ORDER, OrderOutcome(fate="PARTIAL", failed_numbers=DIGITS[:1])
        )
        order_id = ordered(location_id)
        ended = call(get_status, event("get_status", orderId=order_id, sipPeerId=location_id))
        assert (ended["state"], ended["batches"], ended["failed"]) == ("partial", [NUMBERS[1:]], 1)

        shown = number(NUMBERS[0])
        assert (shown["state"], shown["api"], shown["errorCode"]) == ("failed", "v2", "19010")


def removed() -> Any:
    """Release the numbers; return the result of the stop and the final status."""
    removal = {"action": "REMOVE", "customerOrderId": "removal"}
    check({"telephoneNumbers": NUMBERS, **removal})
    stopped = call(stop_sending, event("stop_sending", customerOrderId="removal"))
    for batch in stopped["atCatapult"]:
        call(release_numbers, event("release_numbers", customerOrderId="removal", numbers=batch))
    order_id = call(create_import_request, event("create_import_request", **removal))["orderId"]
    return stopped, call(get_status, event("get_status", orderId=order_id, **removal))


class TestRemoval:
    def test_removing_v2_numbers_sends_no_request_to_catapult(self, opened: Stack) -> None:
        activated(opened)

        stopped, ended = removed()

        assert (stopped["atCatapult"], ended["state"]) == ([], "completed")
        assert {number(each)["state"] for each in NUMBERS} == {"released"}
        assert opened.simulator.simulator.account.numbers.find(is_hosted=True) == []
        assert opened.requests("GET", "/phoneNumbers") == 0

    def test_removing_v1_numbers_releases_them_at_catapult_first(self, opened: Stack) -> None:
        activated(opened)
        home = Home(api="v1", customer_order_id="old", order_id="old", site_id=CONFIG.site_id)
        stores.numbers().activate(NUMBERS[0], home, "2026-01-01T00:00:00.000Z", number_id="n-1")

        stopped, _ = removed()

        assert stopped["atCatapult"] == [[NUMBERS[0]]]
        assert opened.requests("DELETE", "/phoneNumbers/n-1") == 1

    def test_removing_numbers_that_are_no_longer_hosted_completes(self, opened: Stack) -> None:
        _, ended = removed()
        assert (ended["state"], ended["completed"], ended["failures"]) == ("completed", 4, [])


def test_a_number_imported_for_v1_sends_through_catapult(opened: Stack) -> None:
    home = Home(
        api="v1", customer_order_id="old", order_id="old", site_id=CONFIG.site_id, application_id="a-1"
    )
    stores.numbers().activate(NUMBERS[0], home, "2026-01-01T00:00:00.000Z", number_id="n-1")
    assert text(NUMBERS[0])[0] == 202
    (queued,) = opened.receive_messages(opened.send_queue)
    (record,) = sample("messages/deliver_message")["Records"]

    call(deliver_message, {"Records": [record | {"body": queued["Body"]}]})

    assert opened.requests("POST", f"/v1/users/{CONFIG.user_id}/messages") == 1


def test_both_callback_urls_are_the_callback_url_of_the_stack(opened: Stack) -> None:
    prepared()
    (application,) = opened.simulator.simulator.account.applications()
    for direction in ("in", "out"):
        endpoint = application.endpoint(direction)
        assert endpoint is not None
        assert endpoint.url == CALLBACK_URL
