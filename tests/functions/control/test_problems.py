"""The codes of problems that requests to the ControlApi get."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.problems import ProblemCode
from bandwidth_messaging.runtime import stores, wiring
from functions.control import browse, change_opt_outs, change_pools, set_replies, start_setup
from functions.messages import cancel_message, send_message
from tests.functions.conftest import Stack, api_event, call, call_api
from tests.functions.control.setups import end_setup, start

OURS, THEIRS = "+19102398766", "+19195551234"
AT = "2026-01-01T00:00:00.000Z"
HOME = Home(api="v2", customer_order_id="order-1", location_id="500001", site_id="1001")
URN = "urn:problem-type:bandwidth-messaging:"


@pytest.fixture(autouse=True)
def _number(stack: Stack, state_machine: str) -> None:
    """Store an active number. The settings are read then, so the state machine comes first."""
    stores.numbers().activate(OURS, HOME, AT)


def send(key: str = "key-1", **fields: Any) -> tuple[int, Any]:
    body = {"from": OURS, "to": THEIRS, "text": "Hello"} | fields
    return call_api(send_message, "POST", "/messages", body=body, headers={"Idempotency-Key": key})


def send_from_another_number() -> tuple[int, Any]:
    return send(**{"from": "+19102390000"})


def send_from_an_unknown_pool() -> tuple[int, Any]:
    return send(**{"from": "reminders"})


def send_from_a_pool_without_registered_numbers() -> tuple[int, Any]:
    status, pool = call_api(change_pools, "PUT", "/pools/reminders", body={"numbers": [OURS]})
    assert status == 200, pool
    stores.numbers().record_registration(OURS, registration.build_unlisted_registration(AT))
    return send_from_an_unknown_pool()


def send_from_an_unregistered_number() -> tuple[int, Any]:
    stores.numbers().record_registration(OURS, registration.build_unlisted_registration(AT))
    return send()


def send_to_an_opted_out_recipient() -> tuple[int, Any]:
    stores.opt_outs().record(OURS, THEIRS, opted_out=True, keyword="stop", at=AT)
    return send()


def send_another_text_with_the_same_key() -> tuple[int, Any]:
    send()
    return send(text="Another text")


def cancel_a_sent_message() -> tuple[int, Any]:
    message_id = send()[1]["messageId"]
    stores.receipts().advance(message_id, MessageState.SENT, AT)
    return call_api(cancel_message, "DELETE", f"/messages/{message_id}")


def request(module: ModuleType, method: str, path: str, **parts: Any) -> Callable[[], tuple[int, Any]]:
    return lambda: call_api(module, method, path, **parts)


@pytest.mark.parametrize(
    ("make_request", "status", "code"),
    [
        (lambda: send(text=""), 422, ProblemCode.INVALID_FIELD),
        (request(browse, "GET", "/messages", query={"colour": "red"}), 422, ProblemCode.INVALID_FIELD),
        (request(browse, "GET", "/numbers", query={"cursor": "x"}), 422, ProblemCode.INVALID_FIELD),
        (send_from_another_number, 422, ProblemCode.SENDER_NOT_ACTIVE),
        (send_from_an_unknown_pool, 422, ProblemCode.SENDER_NOT_ACTIVE),
        (send_from_a_pool_without_registered_numbers, 409, ProblemCode.POOL_UNUSABLE),
        (request(browse, "GET", "/pools/reminders"), 404, ProblemCode.NOT_FOUND),
        (send_from_an_unregistered_number, 422, ProblemCode.SENDER_UNREGISTERED),
        (send_another_text_with_the_same_key, 422, ProblemCode.IDEMPOTENCY_KEY_REUSED),
        (send_to_an_opted_out_recipient, 409, ProblemCode.OPTED_OUT),
        (cancel_a_sent_message, 409, ProblemCode.MESSAGE_NOT_CANCELABLE),
        (request(browse, "GET", "/messages/out_1"), 404, ProblemCode.NOT_FOUND),
        (request(browse, "GET", "/numbers/+19102390000"), 404, ProblemCode.NOT_FOUND),
        (request(browse, "GET", "/orders/order-9"), 404, ProblemCode.NOT_FOUND),
        (request(cancel_message, "DELETE", "/messages/out_1"), 404, ProblemCode.NOT_FOUND),
        (
            request(set_replies, "PUT", "/numbers/+19102390000/replies", body={}),
            404,
            ProblemCode.NOT_FOUND,
        ),
        (
            request(change_opt_outs, "PUT", f"/numbers/+19102390000/opt-outs/{THEIRS}"),
            404,
            ProblemCode.NOT_FOUND,
        ),
        (request(browse, "GET", "/nowhere"), 404, ProblemCode.PATH_NOT_FOUND),
        (
            request(send_message, "POST", "/messages", headers={"Content-Type": "text/plain"}, body={}),
            415,
            ProblemCode.UNSUPPORTED_MEDIA_TYPE,
        ),
    ],
)
def test_a_problem_has_a_code_and_its_type(
    make_request: Callable[[], tuple[int, Any]], status: int, code: ProblemCode
) -> None:
    actual_status, problem = make_request()

    assert (actual_status, problem["code"], problem["type"]) == (status, code, URN + code)


def test_a_used_customer_order_id_has_its_code() -> None:
    _, started = start(areaCode="910", quantity=1, customerOrderId="order-7")
    end_setup(started, "completed")

    status, problem = start(areaCode="910", quantity=1, customerOrderId="order-7")

    assert (status, problem["code"]) == (409, ProblemCode.CUSTOMER_ORDER_ID_USED)


def test_another_set_up_with_the_same_key_has_the_code_of_the_key() -> None:
    statuses = [
        call_api(
            start_setup,
            "POST",
            "/setups/messaging-v2",
            body={"areaCode": "910", "quantity": quantity},
            headers={"Idempotency-Key": "key-1"},
        )
        for quantity in (1, 2)
    ]

    assert statuses[0][0] == 202
    assert (statuses[1][0], statuses[1][1]["code"]) == (422, ProblemCode.IDEMPOTENCY_KEY_REUSED)


def test_an_internal_error_has_the_request_id_of_its_log_entry(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr(wiring, "message_acceptance", fail)

    status, problem = send()

    assert (status, problem["code"]) == (500, ProblemCode.INTERNAL_ERROR)
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    (entry,) = [each for each in entries if each.get("message") == "request failed"]
    assert entry["request_id"] == problem["requestId"]
    assert entry["exception_name"] == "RuntimeError"


def test_a_problem_has_the_request_id_of_api_gateway() -> None:
    event = api_event("GET", "/messages/out_1")
    event["requestContext"]["requestId"] = "6f7a9c1e"

    response = call(browse, event)

    assert json.loads(response["body"])["requestId"] == "6f7a9c1e"
