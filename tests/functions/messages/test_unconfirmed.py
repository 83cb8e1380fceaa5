"""An unconfirmed message is looked up, and resolved if exactly one candidate matches."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.domain.messages import MessageState, Receipt
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services import message_delivery
from bandwidth_messaging.services.unconfirmed import UnconfirmedMessages
from functions.control import browse
from functions.messages import deliver_message, send_message
from tests.functions.conftest import PASSED, Stack, call, call_api, sample
from tests.generations import only_current

pytestmark = only_current

OWNER, RECIPIENT = "+19102398766", "+19195551234"
HOME = Home(
    api="v2",
    customer_order_id="order-1",
    order_id="bandwidth-order-1",
    application_id="app-1",
    location_id="500001",
    site_id="1001",
)
PATIENCE = timedelta(minutes=180)


class Clock:
    """The clock of the worker."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> str:
        return to_rfc3339((datetime.now(UTC) + self.ahead).isoformat())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(message_delivery, "now", clock.now)
    return clock


@pytest.fixture
def ready(stack: Stack) -> Stack:
    """An account with one active number."""
    stores.numbers().activate(OWNER, HOME, "2026-01-01T00:00:00.000Z", preflight=PASSED)
    return stack


def sent(stack: Stack, **trouble: Any) -> str:
    """Send a message with a fault and return its id."""
    if trouble:
        stack.add_fault("/messages", method="POST", **trouble)
    message_id = accepted()
    worker(stack, message_id)
    return message_id


def accepted(**fields: Any) -> str:
    body = {"from": OWNER, "to": RECIPIENT, "text": "Good morning"} | fields
    status, message = call_api(send_message, "POST", "/messages", body=body)
    assert status == 202
    message_id: str = message["messageId"]
    return message_id


def worker(stack: Stack, message_id: str) -> bool:
    """Run the worker with the record of a message. Return whether the record is redelivered."""
    stack.make_visible()
    (handle,) = {
        each["ReceiptHandle"]
        for each in stack.receive_messages(stack.send_queue)
        if each["Body"] == message_id
    }
    (record,) = sample("messages/deliver_message")["Records"]
    record |= {"body": message_id, "receiptHandle": handle}
    return bool(call(deliver_message, {"Records": [record]})["batchItemFailures"])


def message(message_id: str) -> Any:
    return call_api(browse, "GET", f"/messages/{message_id}")[1]


def at_bandwidth(stack: Stack) -> list[Any]:
    return list(stack.simulator.simulator.messages.sent())


def searches(stack: Stack) -> int:
    return stack.requests("GET", "/messages")


LOST, NEVER_ARRIVED = {"lose_answer": True}, {"answer": {"status": 500}}


def test_a_single_candidate_resolves_the_message(ready: Stack, clock: Clock) -> None:
    message_id = sent(ready, **LOST)
    clock.ahead = timedelta(minutes=5)
    assert not worker(ready, message_id)

    shown, (at,) = message(message_id), at_bandwidth(ready)
    # The simulated account does not have the number: it accepted the message and failed it.
    assert (shown["bandwidthId"], shown["state"], shown["errorCode"]) == (at.id, "failed", 4407)
    assert shown["errorClass"] == "sender"


def test_a_message_is_looked_up_after_five_minutes_and_at_the_end(ready: Stack, clock: Clock) -> None:
    message_id = sent(ready, **NEVER_ARRIVED)
    assert worker(ready, message_id)
    assert searches(ready) == 0
    clock.ahead = timedelta(minutes=5)
    assert worker(ready, message_id)
    assert searches(ready) == 1
    assert message(message_id)["state"] == "send_unconfirmed"
    clock.ahead = PATIENCE

    assert not worker(ready, message_id)
    assert searches(ready) == 2
    assert message(message_id)["state"] == "delivery_unknown"


def test_the_id_of_another_message_is_no_candidate(ready: Stack, clock: Clock) -> None:
    sent(ready)
    message_id = sent(ready, **NEVER_ARRIVED)
    clock.ahead = timedelta(minutes=5)

    assert worker(ready, message_id)
    assert message(message_id)["state"] == "send_unconfirmed"


def test_two_unconfirmed_messages_to_one_recipient_stay_unconfirmed(ready: Stack, clock: Clock) -> None:
    both = [sent(ready, **LOST), sent(ready, **NEVER_ARRIVED)]
    clock.ahead = timedelta(minutes=5)

    assert [worker(ready, message_id) for message_id in both] == [True, True]
    assert {message(message_id)["state"] for message_id in both} == {"send_unconfirmed"}


def test_a_second_candidate_of_another_system_resolves_nothing(ready: Stack, clock: Clock) -> None:
    message_id = sent(ready, **LOST)
    ready.simulator.simulator.messages.send(OWNER, [RECIPIENT], "Good evening", "app-2")
    clock.ahead = timedelta(minutes=5)

    assert worker(ready, message_id)
    assert message(message_id)["state"] == "send_unconfirmed"


def test_a_message_with_another_segment_count_is_no_candidate(ready: Stack, clock: Clock) -> None:
    message_id = sent(ready, **NEVER_ARRIVED)
    ready.simulator.simulator.messages.send(OWNER, [RECIPIENT], "long " * 100, "app-2")
    clock.ahead = timedelta(minutes=5)

    assert worker(ready, message_id)


def test_an_earlier_unconfirmed_message_does_not_block_the_look_up(ready: Stack, clock: Clock) -> None:
    earlier = sent(ready, **NEVER_ARRIVED)
    item = stores.messages().get(earlier)
    assert item is not None
    table = stores.messages()._table
    table.update({"messageId": earlier}, assign={"sendingAt": "2026-01-01T00:00:00.000Z"})
    message_id = sent(ready, **LOST)
    clock.ahead = timedelta(minutes=5)

    assert not worker(ready, message_id)
    assert message(message_id)["state"] == "failed"


def test_a_failed_search_resolves_nothing(ready: Stack, clock: Clock) -> None:
    message_id = sent(ready, **LOST)
    ready.add_fault("/messages", method="GET", answer={"status": 429})
    clock.ahead = timedelta(minutes=5)

    assert worker(ready, message_id)
    assert message(message_id)["state"] == "send_unconfirmed"


def test_a_group_message_waits_for_its_receipts(ready: Stack, clock: Clock) -> None:
    ready.add_fault("/messages", method="POST", **LOST)
    message_id = accepted(to=[RECIPIENT, "+19195551235"])
    worker(ready, message_id)
    clock.ahead = timedelta(minutes=5)

    assert worker(ready, message_id)
    assert searches(ready) == 0


def test_a_message_with_a_receipt_is_not_looked_up(ready: Stack, clock: Clock) -> None:
    message_id = sent(ready, **LOST)
    stores.receipts().advance(message_id, MessageState.DELIVERED, clock.now(), bandwidth_id="id-of-receipt")
    clock.ahead = timedelta(minutes=5)

    assert not worker(ready, message_id)
    assert searches(ready) == 0
    assert message(message_id)["bandwidthId"] == "id-of-receipt"


def foreign(ready: Stack, number: int) -> None:
    """Record the receipt of a message that another system sent between the same two numbers."""
    at = to_rfc3339((datetime.now(UTC) - timedelta(seconds=number)).isoformat())
    stores.receipts().record_receipt(
        Receipt(
            message_id=f"foreign-{number}", bandwidth_id=f"foreign-{number}", time=at,
            state=MessageState.SENT, api="v2", owner=OWNER, recipient=RECIPIENT, recipients=(RECIPIENT,),
        )
    )  # fmt: skip


def test_many_messages_of_another_system_do_not_block_the_look_up(ready: Stack, clock: Clock) -> None:
    # More than one page, so that the time of the last message counts.
    for number in range(110):
        foreign(ready, number)
    message_id = sent(ready, **LOST)
    clock.ahead = timedelta(minutes=5)
    assert worker(ready, message_id)
    clock.ahead = PATIENCE

    assert not worker(ready, message_id)
    assert message(message_id)["state"] == "delivery_unknown"


@pytest.mark.parametrize(
    "body", ["[" * 100_000, "null", '{"messages": [null]}', '{"messages": [{"messageStatus": 5}]}', ""]
)
def test_a_message_gets_a_final_state_despite_a_garbled_search(ready: Stack, clock: Clock, body: str) -> None:
    message_id = sent(ready, **LOST)
    ready.add_fault("/messages", method="GET", times=2, answer={"status": 200, "body": body})
    clock.ahead = timedelta(minutes=5)
    assert worker(ready, message_id)
    clock.ahead = PATIENCE

    assert not worker(ready, message_id)
    assert message(message_id)["state"] == "delivery_unknown"


def test_a_message_gets_a_final_state_despite_an_unexpected_error(
    ready: Stack, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = sent(ready, **NEVER_ARRIVED)

    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("receivedAt")

    monkeypatch.setattr(stores.messages(), "list_by_conversation", broken)
    monkeypatch.setattr(UnconfirmedMessages, "resolve", broken)
    clock.ahead = PATIENCE

    assert not worker(ready, message_id)
    assert message(message_id)["state"] == "delivery_unknown"


def test_a_search_without_recipient_counts_resolves_a_message(ready: Stack, clock: Clock) -> None:
    message_id = sent(ready, **LOST)
    found = {"messageId": "found-1", "messageStatus": "DELIVERED", "segmentCount": 1, "recipientCount": None}
    ready.add_fault(
        "/messages", method="GET", answer={"status": 200, "body": json.dumps({"messages": [found]})}
    )
    clock.ahead = timedelta(minutes=5)

    assert not worker(ready, message_id)
    assert message(message_id)["state"] == "delivered"


def test_an_mms_without_a_recipient_count_is_no_candidate(ready: Stack, clock: Clock) -> None:
    message_id = sent(ready, **LOST)
    found = {
        "messageId": "found-1",
        "messageStatus": "DELIVERED",
        "messageType": "mms",
        "recipientCount": None,
    }
    ready.add_fault(
        "/messages", method="GET", answer={"status": 200, "body": json.dumps({"messages": [found]})}
    )
    clock.ahead = timedelta(minutes=5)

    assert worker(ready, message_id)
    assert message(message_id)["state"] == "send_unconfirmed"


def test_an_incomplete_search_resolves_nothing(ready: Stack, clock: Clock) -> None:
    message_id = sent(ready, **LOST)
    found = {"messageId": "found-1", "messageStatus": "DELIVERED", "segmentCount": 1}
    body = json.dumps({"totalCount": 2, "messages": [found]})
    ready.add_fault("/messages", method="GET", answer={"status": 200, "body": body})
    clock.ahead = timedelta(minutes=5)

    assert worker(ready, message_id)
    assert message(message_id)["state"] == "send_unconfirmed"


@pytest.mark.parametrize("missing", ["sendingAt", "send_unconfirmedAt"])
def test_a_message_without_one_of_its_times_gets_a_final_state(
    ready: Stack, clock: Clock, missing: str
) -> None:
    message_id = sent(ready, **NEVER_ARRIVED)
    stores.messages()._table.update({"messageId": message_id}, assign={missing: None})
    clock.ahead = PATIENCE

    assert not worker(ready, message_id)
    assert message(message_id)["state"] == "delivery_unknown"
