"""Messages whose `from` is a pool: which number sends, what the pool remembers, and whose opt-outs count."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.domain.lanes import to_interval
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.pools import MAX_NUMBERS
from bandwidth_messaging.domain.registration import build_unlisted_registration
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores
from functions.control import browse, change_opt_outs, change_pools
from functions.messages import deliver_message, receive_callback, send_message
from tests.functions.conftest import PASSED, Stack, call, call_api, sample
from tests.generations import both_generations, only_current

pytestmark = both_generations

FIRST, SECOND, THIRD = NUMBERS = ("+19102398766", "+19102398767", "+19102398768")
RECIPIENT = "+19195551234"
RECIPIENTS = [f"+1919555{last:04}" for last in range(1000, 1010)]
HOME = Home(api="v2", customer_order_id="order-1", order_id="o-1", application_id="app-1", site_id="1001")
V1_HOME = Home(api="v1", customer_order_id="order-2", order_id="o-2", site_id="1001")
AT = "2026-01-01T00:00:00.000Z"


@pytest.fixture(autouse=True)
def pool(stack: Stack) -> Stack:
    """A pool of three numbers that may send."""
    for number in NUMBERS:
        stores.numbers().activate(number, HOME, AT, preflight=PASSED)
    put(*NUMBERS)
    return stack


def put(*numbers: str, name: str = "reminders", **fields: Any) -> None:
    body = {"numbers": list(numbers)} | fields
    assert call_api(change_pools, "PUT", f"/pools/{name}", body=body)[0] == 200


def delete() -> None:
    assert call_api(change_pools, "DELETE", "/pools/reminders")[0] == 200


def post(
    to: Any = RECIPIENT, key: str | None = None, pool: str = "reminders", **fields: Any
) -> tuple[int, Any]:
    headers = {"Idempotency-Key": key} if key else None
    body = {"from": pool, "to": to, "text": "Good morning!"} | fields
    return call_api(send_message, "POST", "/messages", body=body, headers=headers)


def send(to: Any = RECIPIENT, **fields: Any) -> Any:
    status, message = post(to, **fields)
    assert status == 202, message
    return message


def sender(to: Any = RECIPIENT, **fields: Any) -> str:
    return str(send(to, **fields)["from"])


def deliver(message: Any) -> Any:
    """Run the worker with the record of a message, and return the message."""
    (record,) = sample("messages/deliver_message")["Records"]
    record = record | {"body": message["messageId"]}
    assert call(deliver_message, {"Records": [record]}) == {"batchItemFailures": []}
    return call_api(browse, "GET", f"/messages/{message['messageId']}")[1]


def text(words: str, to: str, message_id: str) -> None:
    """Let the recipient send a text to a number."""
    event = json.loads(json.dumps(sample("messages/receive_callback")))
    (received,) = json.loads(event["body"])[:1]
    details = received["message"] | {
        "id": message_id, "owner": to, "from": RECIPIENT, "to": [to], "text": words, "time": now(),
    }  # fmt: skip
    body = json.dumps([received | {"to": to, "message": details}])
    assert call(receive_callback, event | {"body": body})["statusCode"] < 300


def later(**after: float) -> str:
    return to_rfc3339((datetime.now(UTC) + timedelta(**after)).isoformat())


def opt_in(number: str, keyword: str = "start") -> None:
    stores.opt_outs().record(number, RECIPIENT, opted_out=False, keyword=keyword, at=later(seconds=5))


def create_again(*numbers: str) -> None:
    delete()
    put(*numbers)


def release(*numbers: str) -> None:
    for number in numbers:
        stores.numbers().start_release(number, HOME, now())
        stores.numbers().release(number, now())


def use(monkeypatch: pytest.MonkeyPatch, **parameters: str) -> None:
    """Set parameters of the stack."""
    for name, value in parameters.items():
        monkeypatch.setenv(name, value)
    settings_module.settings.cache_clear()


def count_writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which each recorded conversation adds its number."""
    written: list[str] = []
    pools = stores.pools()
    record = pools.record_conversation

    def record_and_count(name: str, recipients: Any, number: str) -> None:
        written.append(number)
        record(name, recipients, number)

    monkeypatch.setattr(pools, "record_conversation", record_and_count)
    return written


# Which number sends


def test_the_message_shows_the_chosen_number_and_the_pool() -> None:
    message = send()

    assert message["from"] in NUMBERS
    assert message["owner"] == message["from"]
    assert message["pool"] == "reminders"
    assert call_api(browse, "GET", f"/messages/{message['messageId']}")[1] == message
    assert deliver(message)["state"] == "sent"


def test_bandwidth_gets_the_chosen_number(pool: Stack) -> None:
    message = send()

    deliver(message)

    (sent,) = pool.simulator.simulator.messages.sent()
    assert message["from"] in json.dumps(sent, default=vars)


def test_a_message_from_a_number_has_no_pool() -> None:
    assert "pool" not in send(pool=FIRST)


@only_current
def test_every_number_sends_to_some_recipients() -> None:
    assert {sender(each) for each in RECIPIENTS} == set(NUMBERS)


@only_current
def test_a_conversation_keeps_its_number_when_the_pool_changes() -> None:
    before = {each: sender(each) for each in RECIPIENTS}
    extra = [f"+191023988{last:02}" for last in range(9)]
    for number in extra:
        stores.numbers().activate(number, HOME, AT, preflight=PASSED)
    put(*NUMBERS, *extra)

    assert {each: sender(each) for each in RECIPIENTS} == before
    assert {sender(f"+1919556{last:04}") for last in range(5)} - set(NUMBERS)


@only_current
def test_a_conversation_keeps_its_number_although_another_has_the_area_code() -> None:
    number = sender()
    local = "+19195550100"
    stores.numbers().activate(local, HOME, AT, preflight=PASSED)
    put(*NUMBERS, local, matchAreaCode=True)

    assert sender() == number
    assert sender("+19195559999") == local
    assert sender("+12125559999") in {*NUMBERS, local}


@only_current
def test_pools_have_conversations_of_their_own() -> None:
    put(FIRST, name="a")
    put(SECOND, name="b")

    assert [sender(pool=name) for name in ("a", "b", "a")] == [FIRST, SECOND, FIRST]


@only_current
def test_a_group_has_a_conversation_of_its_own() -> None:
    group = [RECIPIENT, "+19195551235"]

    message = send(group)

    assert message["to"] == group
    assert sender(group[::-1]) == message["from"]


@only_current
def test_a_rate_decides_how_many_recipients_a_number_gets() -> None:
    stores.lanes().set_rate(f"number:{FIRST}", to_interval(1000))
    for number in (SECOND, THIRD):
        stores.lanes().set_rate(f"number:{number}", to_interval(0.01))

    assert {sender(each) for each in RECIPIENTS[:10]} == {FIRST}


@only_current
def test_a_steady_conversation_is_recorded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written = count_writes(monkeypatch)

    numbers = [sender() for _ in range(3)]

    assert written == numbers[:1]


@only_current
def test_a_conversation_is_recorded_again_before_it_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    written = count_writes(monkeypatch)
    number = sender()
    days = int(settings_module.settings().message_retention_days)
    half = datetime.now(UTC) + timedelta(days=days / 2, minutes=1)
    monkeypatch.setattr("bandwidth_messaging.store.pool_store.time.time", half.timestamp)

    assert sender() == number
    assert sender() == number
    assert written == [number, number]


def test_a_conversation_that_is_not_recorded_fails_no_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: Any) -> None:
        message = "secret"
        raise RuntimeError(message)

    monkeypatch.setattr(stores.pools(), "record_conversation", fail)

    assert post()[0] == 202
    logged = capsys.readouterr().out
    assert "conversation not recorded" in logged
    assert "secret" not in logged
    assert RECIPIENT not in logged


# Which numbers are usable


@only_current
@pytest.mark.parametrize(
    "leave",
    [
        release,
        lambda number: stores.numbers().start_release(number, HOME, now()),
        lambda number: stores.numbers().record_messaging_lost(number, now()),
        lambda number: stores.numbers().record_registration(number, build_unlisted_registration(AT)),
        lambda number: put(*(each for each in NUMBERS if each != number)),
    ],
    ids=["released", "releasing", "messaging lost", "unregistered", "removed"],
)
def test_a_number_that_cannot_send_is_never_chosen(
    leave: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, UNREGISTERED_SENDERS="warn")
    before = {each: sender(each) for each in RECIPIENTS}

    leave(FIRST)
    after = {each: sender(each) for each in RECIPIENTS}

    assert FIRST in before.values()
    assert FIRST not in after.values()
    assert all(after[each] == number for each, number in before.items() if number != FIRST)


@only_current
def test_a_recipient_of_the_message_does_not_send_it() -> None:
    put(FIRST, SECOND)

    assert sender(FIRST) == SECOND
    assert sender(SECOND) == FIRST


@only_current
def test_only_numbers_whose_api_supports_the_message_send_it() -> None:
    stores.numbers().activate(FIRST, V1_HOME, AT)

    assert {sender([each, RECIPIENT]) for each in RECIPIENTS} == {SECOND, THIRD}
    assert {sender(each, priority="high") for each in RECIPIENTS} <= {SECOND, THIRD}
    assert FIRST in {sender(f"+1919557{last:04}") for last in range(10)}


def test_an_unknown_pool_is_a_422() -> None:
    status, problem = post(pool="unknown")

    assert status == 422
    assert problem["errors"] == [
        {"field": "from", "detail": "unknown is not a pool of this stack. GET /pools lists the pools."}
    ]


def test_a_deleted_pool_sends_nothing() -> None:
    delete()

    assert post()[0] == 422


@only_current
def test_without_a_usable_number_the_409_says_why() -> None:
    put(FIRST, SECOND)
    release(FIRST)
    stores.numbers().record_registration(SECOND, build_unlisted_registration(AT))

    status, problem = post()

    assert status == 409
    assert problem["detail"].startswith("No number of the pool reminders can send this message. ")
    assert f"{FIRST} is released. GET /numbers?state=active" in problem["detail"]
    assert f"{SECOND} is not registered" in problem["detail"]


@only_current
def test_a_409_names_the_first_numbers_only() -> None:
    numbers = [f"+191023987{last:02}" for last in range(5)]
    for number in numbers:
        stores.numbers().activate(number, HOME, AT)
    put(*numbers)
    for number in numbers:
        stores.numbers().start_release(number, HOME, now())

    detail = post()[1]["detail"]

    assert detail.count("is releasing") == 3
    assert detail.endswith("And 2 more: GET /pools/reminders shows the state of each.")


@only_current
def test_a_message_in_the_past_is_a_422() -> None:
    status, problem = post(sendAt=AT)

    assert status == 422
    assert [error["field"] for error in problem["errors"]] == ["sendAt"]


# Opt-outs


def test_a_stop_to_one_number_stops_the_whole_pool() -> None:
    number = sender()
    text("STOP", number, "in-1")

    status, problem = post()

    assert status == 409
    assert problem["detail"].startswith(f"{RECIPIENT} opted out of texts from {number} at ")
    assert problem["detail"].endswith("An opt-out from one number applies to the whole pool reminders.")
    assert post(pool=next(each for each in NUMBERS if each != number))[0] == 202


def test_a_start_to_the_number_resumes_the_conversation() -> None:
    number = sender()
    text("STOP", number, "in-1")
    opt_in(number)

    assert sender() == number


def test_a_start_to_another_number_resumes_with_numbers_that_the_person_did_not_leave() -> None:
    number = sender()
    other = next(each for each in NUMBERS if each != number)
    text("STOP", number, "in-1")
    opt_in(other)

    message = send()

    assert message["from"] != number
    assert deliver(message)["state"] == "sent"


def test_a_start_to_a_number_that_left_the_pool_does_not_count_for_the_pool() -> None:
    first, second, third = NUMBERS
    text("STOP", first, "in-1")
    put(first, second)

    opt_in(third)

    assert post()[0] == 409


def test_a_start_to_a_number_that_left_the_pool_does_not_count_for_a_message_that_waits() -> None:
    number = sender()
    message = send()
    first, other = (each for each in NUMBERS if each != number)
    text("STOP", first, "in-1")
    put(number, first)

    opt_in(other)

    assert deliver(message)["state"] == "failed"


def test_a_yes_does_not_end_an_opt_out_from_the_pool() -> None:
    first, second, _ = NUMBERS
    text("STOP", first, "in-1")

    opt_in(second, "yes")

    assert post()[0] == 409


@pytest.mark.parametrize(
    "forget",
    [
        lambda: put(SECOND, THIRD),
        lambda: release(FIRST),
        lambda: create_again(SECOND, THIRD),
    ],
    ids=["removed", "released", "created again"],
)
def test_an_opt_out_from_a_number_that_left_still_counts(forget: Callable[[], None]) -> None:
    stores.opt_outs().record(FIRST, RECIPIENT, opted_out=True, keyword="stop", at=AT)

    forget()

    assert post()[0] == 409


def test_an_opt_out_from_all_numbers_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, OPT_OUT_SCOPE="stack")
    path = f"/numbers/%2B{THIRD[1:]}/opt-outs/%2B{RECIPIENT[1:]}"
    stores.opt_outs.cache_clear()
    assert call_api(change_opt_outs, "PUT", path, body={})[0] == 200

    assert post()[0] == 409


@only_current
def test_an_opt_out_of_one_recipient_stops_a_group() -> None:
    stores.opt_outs().record(FIRST, RECIPIENT, opted_out=True, keyword="stop", at=AT)

    assert post(["+19195551235", RECIPIENT])[0] == 409
    assert post(["+19195551235", "+19195551236"])[0] == 202


def test_without_enforcement_opt_outs_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, ENFORCE_OPT_OUTS="false")
    for number in NUMBERS:
        stores.opt_outs().record(number, RECIPIENT, opted_out=True, keyword="stop", at=AT)

    assert deliver(send())["state"] == "sent"


def test_a_stop_to_another_number_of_the_pool_reaches_a_message_that_waits() -> None:
    message = send()
    other = next(each for each in NUMBERS if each != message["from"])
    text("STOP", other, "in-1")

    shown = deliver(message)

    assert (shown["state"], shown["errorClass"]) == ("failed", "opt_out")
    assert f"{RECIPIENT} opted out of texts from {other}" in shown["reason"]


def test_a_deleted_pool_still_protects_messages_that_wait() -> None:
    message = send()
    other = next(each for each in NUMBERS if each != message["from"])
    delete()
    text("STOP", other, "in-1")

    assert deliver(message)["errorClass"] == "opt_out"


def test_a_stop_to_another_number_does_not_stop_a_message_from_a_number() -> None:
    message = send(pool=FIRST)
    text("STOP", SECOND, "in-1")

    assert deliver(message)["state"] == "sent"


# Repeated requests


@pytest.mark.parametrize(
    "change",
    [
        lambda number: put(*(each for each in NUMBERS if each != number)),
        lambda _: release(*NUMBERS),
        lambda number: text("STOP", number, "in-1"),
        lambda _: delete(),
    ],
    ids=["removed", "released", "opted out", "deleted"],
)
@pytest.mark.parametrize("rate", [None, 1000])
def test_a_repeated_request_gets_its_first_number(change: Callable[[str], None], rate: float | None) -> None:
    if rate:
        stores.lanes().set_rate("account", to_interval(rate))
    first = post(key="key-1")

    change(first[1]["from"])

    assert post(key="key-1") == first


def test_another_pool_under_the_same_key_is_a_422() -> None:
    put(*NUMBERS, name="other")
    send(key="key-1")

    assert post(key="key-1", pool="other")[0] == 422


@only_current
def test_a_repeated_request_does_not_change_the_conversation() -> None:
    number = send(key="key-1")["from"]
    put(*(each for each in NUMBERS if each != number))

    assert send(key="key-1")["from"] == number

    put(*NUMBERS)
    assert sender() == number


# Large pools


@only_current
def test_a_full_pool_and_a_group_are_read_in_batches() -> None:
    numbers = [f"+19102390{last:03}" for last in range(MAX_NUMBERS)]
    for number in numbers:
        stores.numbers().activate(number, HOME, AT, preflight=PASSED)
    put(*numbers, name="large")
    group = RECIPIENTS[:10]

    message = send(group, pool="large")

    assert message["from"] in numbers
    stores.opt_outs().record(numbers[-1], group[-1], opted_out=True, keyword="stop", at=AT)
    assert deliver(message)["errorClass"] == "opt_out"
    assert post(group, pool="large")[0] == 409
