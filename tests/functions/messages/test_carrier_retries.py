"""Messages that a carrier failed temporarily are sent again under the same id."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bandwidth_messaging.bandwidth.errors import BandwidthOutcomeUnknown
from bandwidth_messaging.domain.failures import retry_delay
from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.services import message_delivery, unconfirmed
from bandwidth_messaging.store.schedule import Schedule
from functions.messages import cancel_message, receive_callback
from tests.functions.conftest import Stack, call, call_api, clear_caches, sample
from tests.functions.messages.test_callbacks import receipt
from tests.functions.messages.test_sending import OWNER, RECIPIENT, at_bandwidth, message, send, worker
from tests.functions.messages.test_sending import ready as ready  # noqa: PLC0414 - a fixture
from tests.generations import only_current

pytestmark = only_current


@pytest.fixture
def retrying(ready: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack that sends a message again up to two times."""
    monkeypatch.setenv("CARRIER_RETRIES", "2")
    monkeypatch.setenv("RETRY_ERROR_CLASSES", "volume, carrier")
    clear_caches()
    return ready


def sent(**fields: Any) -> str:
    """Send a message, and return its id."""
    status, shown = send(**fields)
    assert status == 202, shown
    worker(shown["messageId"])
    message_id: str = shown["messageId"]
    return message_id


def bandwidth_id(message_id: str) -> str:
    item = stores.messages().get(message_id)
    assert item is not None
    return item["bandwidthId"]


def report(message_id: str, kind: str, bandwidth_id: str, **event: Any) -> None:
    import json  # noqa: PLC0415

    reported = receipt(kind, message_id, **event)
    reported["message"] |= {"id": bandwidth_id, "owner": OWNER, "from": OWNER, "to": [RECIPIENT]}
    body = json.dumps([reported | {"to": RECIPIENT}])
    status = call(receive_callback, sample("messages/receive_callback") | {"body": body})["statusCode"]
    assert status == 204


def fail(message_id: str, code: int = 5600, *, times: int = 1) -> str:
    """Let the carrier fail the current attempt. Return Bandwidth's id of the attempt."""
    attempt = bandwidth_id(message_id)
    for _ in range(times):
        report(message_id, "message-failed", attempt, errorCode=code)
    return attempt


def send_again(message_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the worker when the message is due again."""
    item = stores.messages().get(message_id)
    assert item is not None
    with monkeypatch.context() as later:
        later.setattr(message_delivery, "now", lambda: item["dueAt"])
        assert worker(message_id) == []


def test_a_message_that_a_carrier_failed_is_sent_again_and_delivered(
    retrying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = sent()
    first = fail(message_id)
    waiting = message(message_id)
    assert (waiting["state"], "errorCode" in waiting) == ("accepted", False)

    send_again(message_id, monkeypatch)
    second = bandwidth_id(message_id)
    report(message_id, "message-delivered", second)

    shown = message(message_id)
    assert (shown["state"], shown["bandwidthId"]) == ("delivered", second)
    assert [each["bandwidthId"] for each in shown["attempts"]] == [first]
    assert shown["attempts"][0]["errorClass"] == "carrier"
    assert [each.tag for each in at_bandwidth(retrying)] == [message_id, message_id]


def test_a_repeated_receipt_of_the_first_attempt_changes_nothing(
    retrying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = sent()
    first = fail(message_id, times=3)
    send_again(message_id, monkeypatch)
    report(message_id, "message-failed", first, errorCode=5600)
    report(message_id, "message-sending", first)

    shown = message(message_id)

    assert (shown["state"], len(shown["attempts"]), len(at_bandwidth(retrying))) == ("sent", 1, 2)


def test_a_first_attempt_that_arrives_after_all_ends_the_wait(retrying: Stack) -> None:
    message_id = sent()
    first = fail(message_id)
    report(message_id, "message-delivered", first)

    assert worker(message_id) == []

    assert message(message_id)["state"] == "delivered"
    assert len(at_bandwidth(retrying)) == 1


def test_a_lost_response_after_the_failure_keeps_the_retry(
    retrying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, shown = send()
    message_id = shown["messageId"]

    def fail_without_response(*_: Any) -> Any:
        report(message_id, "message-failed", "first", errorCode=5600)
        raise BandwidthOutcomeUnknown

    with monkeypatch.context() as lost:
        lost.setattr(message_delivery.MessageDelivery, "_prepare_request", lambda *_: fail_without_response)
        lost.setattr(stores.send_queue(), "delay", lambda *_: None)
        worker(message_id)

    item = stores.messages().get(message_id)
    assert status == 202
    assert item is not None
    assert (item["state"], item["waiting"], item["attempts"]) == ("accepted", "retry", 1)
    assert "claim" not in item


def test_a_failure_at_the_end_of_the_wait_for_a_receipt_keeps_the_retry(
    retrying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, shown = send()
    message_id = shown["messageId"]
    claimed, _ = stores.claims().claim(message_id, to_rfc3339("2026-01-01T00:00:00Z"))
    assert claimed is not None
    stores.receipts().advance(message_id, MessageState.SEND_UNCONFIRMED, claimed["sendingAt"], reason="lost")

    def fail_during_the_search(*_: Any) -> bool:
        report(message_id, "message-failed", "first", errorCode=5600)
        return False

    monkeypatch.setattr(unconfirmed.UnconfirmedMessages, "resolve", fail_during_the_search)
    assert worker(message_id) == []

    assert message(message_id)["waiting"] == "retry"


def test_a_message_that_waits_for_its_retry_cannot_be_canceled(retrying: Stack) -> None:
    message_id = sent()
    first = fail(message_id)

    status, problem = call_api(cancel_message, "DELETE", f"/messages/{message_id}")

    assert status == 409
    assert "waits for a retry" in problem["detail"]
    report(message_id, "message-delivered", first)
    assert message(message_id)["state"] == "delivered"


@pytest.mark.parametrize(("writes", "state"), [(2, "accepted"), (3, "failed")])
def test_a_retry_is_decided_again_after_another_write(
    retrying: Stack, monkeypatch: pytest.MonkeyPatch, writes: int, state: str
) -> None:
    message_id = sent()
    retry = Schedule.retry
    others = iter(range(writes))

    def write_first(schedule: Schedule, *arguments: Any, **more: Any) -> Any:
        if (number := next(others, None)) is not None:
            schedule._table.update({"messageId": message_id}, assign={"bandwidthSegmentCount": number + 5})
        return retry(schedule, *arguments, **more)

    monkeypatch.setattr(Schedule, "retry", write_first)
    fail(message_id)

    assert message(message_id)["state"] == state


def test_after_the_last_retry_the_failure_is_final(retrying: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    message_id = sent()
    for _ in range(2):
        fail(message_id)
        send_again(message_id, monkeypatch)
    fail(message_id)

    shown = message(message_id)

    assert (shown["state"], shown["errorCode"], len(shown["attempts"])) == ("failed", 5600, 2)


def test_the_queues_exist_before_threads_store_receipts(retrying: Stack) -> None:
    # botocore's session is not thread-safe.
    wiring.callback_intake()

    assert stores.send_queue.cache_info().currsize == stores.high_send_queue.cache_info().currsize == 1


@pytest.mark.parametrize("code", [4775, 4770, 4750, 4720, 4702, 9902])
def test_other_failures_are_final(retrying: Stack, code: int) -> None:
    message_id = sent()

    fail(message_id, code)

    assert message(message_id)["state"] in {"failed", "delivery_unknown"}
    assert "attempts" not in message(message_id)


def test_without_the_parameter_every_failure_is_final(ready: Stack) -> None:
    message_id = sent()

    fail(message_id)

    assert message(message_id)["state"] == "failed"


def test_a_group_message_is_not_repeated(retrying: Stack) -> None:
    message_id = sent(to=[RECIPIENT, "+19195551235"])

    fail(message_id)

    assert "attempts" not in message(message_id)


def test_a_message_that_expires_before_the_retry_is_not_repeated(retrying: Stack) -> None:
    expiration = to_rfc3339((datetime.now(UTC) + timedelta(minutes=5)).isoformat())
    message_id = sent(expiration=expiration)

    fail(message_id)

    assert message(message_id)["state"] == "failed"


def test_a_recipient_who_opts_out_before_the_retry_gets_nothing(
    retrying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = sent()
    fail(message_id)
    at = to_rfc3339(datetime.now(UTC).isoformat())
    stores.opt_outs().record(OWNER, RECIPIENT, opted_out=True, keyword="stop", at=at)

    send_again(message_id, monkeypatch)

    assert message(message_id)["errorClass"] == "opt_out"
    assert len(at_bandwidth(retrying)) == 1


def test_the_first_retry_is_queued_and_a_later_one_scheduled(
    retrying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = sent()
    retrying.receive_messages(retrying.send_queue)
    fail(message_id)
    first = stores.messages().get(message_id)
    send_again(message_id, monkeypatch)
    fail(message_id)
    second = stores.messages().get(message_id)

    assert first is not None
    assert second is not None
    assert "scheduleKey" not in first
    assert second["scheduleKey"].startswith(second["dueAt"])


def test_a_message_is_kept_for_the_retention_after_its_retry(retrying: Stack) -> None:
    message_id = sent()
    fail(message_id, 4780)

    item = stores.messages().get(message_id)

    assert item is not None
    left = item["expiresAt"] - datetime.fromisoformat(item["dueAt"]).timestamp()
    assert left == pytest.approx(90 * 24 * 3600, abs=1)


def test_a_message_that_cannot_be_queued_is_reported_again(
    retrying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = sent()

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(stores.send_queue(), "add", refuse)
    with pytest.raises(ConnectionError):
        fail(message_id)

    assert message(message_id)["state"] == "sent"


@pytest.mark.parametrize(
    ("code", "attempts", "minutes"),
    [
        (5600, 1, 10),
        (5650, 2, 60),
        (4781, 1, 10),
        (4780, 1, 24 * 60),
        (600, 1, 10),
        (780, 1, 24 * 60),
        (781, 1, 10),
        (4799, 1, None),
        (4702, 1, None),
        (4770, 1, None),
        (9999, 1, None),
        (None, 1, None),
    ],
)
def test_delay_of_a_retry_by_code(code: int | None, attempts: int, minutes: int | None) -> None:
    delay = retry_delay(code, attempts, {"volume", "carrier"})

    assert delay == (timedelta(minutes=minutes) if minutes else None)


def test_a_phone_that_is_away_is_tried_again_only_if_wanted() -> None:
    assert retry_delay(4702, 1, {"away"}) == timedelta(minutes=10)
    assert retry_delay(4475, 1, {"opt_out", "spam"}) is None
