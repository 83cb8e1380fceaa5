""" "Send Text Message": accepted, queued, sent at most once."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services import message_acceptance, message_delivery
from functions.control import browse
from functions.messages import deliver_message, send_message
from tests.functions.conftest import PASSED, Stack, call, call_api, sample
from tests.generations import both_generations, only_current

pytestmark = both_generations

OWNER, RECIPIENT = "+19102398766", "+19195551234"
STOPPED_AT = "2026-02-03T04:05:06.000Z"
TEXT = "Good morning, this is a test message"
SEGMENTS = ("encoding", "segmentCount")
HOME = Home(
    api="v2",
    customer_order_id="order-1",
    order_id="bandwidth-order-1",
    application_id="app-1",
    location_id="500001",
    site_id="1001",
)


@pytest.fixture
def ready(stack: Stack) -> Stack:
    """An account with one active number."""
    stores.numbers().activate(OWNER, HOME, "2026-01-01T00:00:00.000Z", preflight=PASSED)
    return stack


def send(key: str | None = None, *, through: Any = send_message, **fields: Any) -> tuple[int, Any]:
    headers = {"Idempotency-Key": key} if key is not None else None
    body = {"from": OWNER, "to": RECIPIENT, "text": TEXT} | fields
    return call_api(through, "POST", "/messages", body=body, headers=headers)


def copy_of(module: ModuleType) -> ModuleType:
    """Return the module as loaded by another Lambda environment."""
    spec = module.__spec__
    assert spec is not None
    assert spec.loader is not None
    copy = module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


def accepted(stack: Stack) -> str:
    status, message = send()
    assert status == 202
    message_id: str = message["messageId"]
    return message_id


def deliver(stack: Stack, message_id: str, receives: int = 1) -> Any:
    """Run the worker with the queue record of a message. Return its `batchItemFailures`."""
    (queued,) = stack.receive_messages(stack.send_queue)
    assert queued["Body"] == message_id
    return worker(message_id, queued["ReceiptHandle"], receives)


def worker(
    message_id: str, receipt_handle: str = "none", receives: int = 1, queued_at: datetime | None = None
) -> Any:
    (record,) = sample("messages/deliver_message")["Records"]
    record = record | {
        "body": message_id,
        "receiptHandle": receipt_handle,
        "attributes": {
            "ApproximateReceiveCount": str(receives),
            "SentTimestamp": str(int((queued_at or datetime.now(UTC)).timestamp() * 1000)),
        },
    }
    return call(deliver_message, {"Records": [record]})["batchItemFailures"]


def later(**after: float) -> str:
    return to_rfc3339((datetime.now(UTC) + timedelta(**after)).isoformat())


def never(*_: Any) -> None:
    pytest.fail("called")


def refuse(_: Any) -> None:
    raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "SendMessage")


def message(message_id: str) -> Any:
    status, shown = call_api(browse, "GET", f"/messages/{message_id}")
    assert status == 200
    return shown


def at_bandwidth(stack: Stack) -> list[Any]:
    return list(stack.simulator.simulator.messages.sent())


def recorded(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the metrics that were written to the log since the last call."""
    entries = [
        json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line
    ]
    return {
        metric["Name"]: entry[metric["Name"]][0]
        for entry in entries
        for group in entry["_aws"]["CloudWatchMetrics"]
        for metric in group["Metrics"]
    }


class TestPostMessages:
    def test_the_backlog_of_a_limited_lane_is_recorded(
        self, ready: Stack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        send()
        assert recorded(capsys) == {}

        stores.lanes().set_rate("account", 10_000_000)
        for key in ("first", "second", "third"):
            send(key)

        assert recorded(capsys)["LaneBacklogSeconds"] == pytest.approx(20, abs=2)

    def test_a_message_is_stored_and_queued_by_its_id_only(self, ready: Stack) -> None:
        status, shown = send(to="(919) 555-1234", tag="invoice 7")

        assert status == 202
        assert (shown["from"], shown["to"], shown["text"], shown["tag"]) == (
            OWNER,
            [RECIPIENT],
            TEXT,
            "invoice 7",
        )
        assert (shown["state"], shown["direction"], shown["api"]) == ("accepted", "out", "v2")
        assert shown["times"].keys() == {"accepted"}
        assert shown["recipients"] == {RECIPIENT: {"state": "accepted"}}
        assert message(shown["messageId"]) == shown
        assert [queued["Body"] for queued in ready.receive_messages(ready.send_queue)] == [shown["messageId"]]

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"from": "+19195550000"}, {"from"}),
            ({"to": "home"}, {"to[0]"}),
            ({"to": [f"+191955512{n:02}" for n in range(11)]}, {"to"}),
            ({"media": ["picture.png"]}, {"media[0]"}),
            ({"expiration": "2020-01-01T00:00:00Z"}, {"expiration"}),
            ({"expiration": "tomorrow"}, {"expiration"}),
            ({"priority": "urgent"}, {"priority"}),
            ({"text": ""}, {"text"}),
            ({"text": "x" * 2049}, {"text"}),
            ({"from": "1", "to": [], "text": None, "colour": "red"}, {"from", "to", "text", "colour"}),
        ],
    )
    def test_a_422_names_every_wrong_field(
        self, ready: Stack, fields: dict[str, Any], named: set[str]
    ) -> None:
        status, problem = send(**fields)

        assert status == 422
        assert {error["field"] for error in problem["errors"]} == named
        assert all(error["detail"] for error in problem["errors"])
        assert ready.receive_messages(ready.send_queue) == []

    def test_a_body_that_is_not_json_is_a_422(self, ready: Stack) -> None:
        event = json.loads(json.dumps(sample("messages/send_message"))) | {"body": "{"}
        assert call(send_message, event)["statusCode"] == 422

    def test_a_number_that_is_not_active_cannot_send(self, ready: Stack) -> None:
        failure = {"number": "+19102398767", "code": "5005", "reason": "not available"}
        stores.numbers().fail(failure, HOME, "2026-01-01T00:00:00.000Z")  # type: ignore[arg-type]
        other: Any = {"from": "+19102398767"}

        status, problem = send(**other)

        assert status == 422
        assert "is failed. GET /numbers" in problem["errors"][0]["detail"]

    @pytest.mark.parametrize("key", [None, "key-1"])
    def test_a_message_that_cannot_be_queued_is_not_stored(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch, key: str | None
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(stores.send_queue(), "add", refuse)
            status, problem = send(key)
        assert (status, problem["title"]) == (500, "Internal Server Error")
        assert call_api(browse, "GET", "/messages", query={"number": OWNER})[1]["items"] == []

    def test_a_retry_after_a_failed_queueing_is_accepted_at_its_own_time(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(stores.send_queue(), "add", refuse)
            assert send("key-1")[0] == 500
        five_hours_later = later(hours=5)
        for module in (message_acceptance, message_delivery):
            monkeypatch.setattr(module, "now", lambda: five_hours_later)

        status, shown = send("key-1")

        assert (status, shown["state"]) == (202, "accepted")
        assert shown["times"] == {"accepted": five_hours_later}
        assert deliver(ready, shown["messageId"]) == []
        assert message(shown["messageId"])["state"] == "sent"

    def test_a_message_is_queued_before_it_is_stored(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as dying:
            dying.setattr(stores.messages(), "add", refuse)
            assert send("key-1")[0] == 500

        (queued,) = ready.receive_messages(ready.send_queue)
        # The record is redelivered until a repeated request stores the message.
        assert len(worker(queued["Body"], queued["ReceiptHandle"])) == 1
        assert send("key-1")[0] == 202
        assert worker(queued["Body"], queued["ReceiptHandle"], receives=2) == []
        assert message(queued["Body"])["state"] == "sent"
        assert len(at_bandwidth(ready)) == 1

    def test_the_response_has_encoding_and_segment_count(self, ready: Stack) -> None:
        assert [send(text=text)[1][name] for text in ("x" * 161, "é😀") for name in SEGMENTS] == [
            "GSM-7", 2, "UCS-2", 1,
        ]  # fmt: skip

    def test_a_message_with_media_needs_no_text(self, ready: Stack) -> None:
        status, shown = send(text="", media=["https://media.example/a.png"])
        assert (status, shown["segmentCount"]) == (202, 1)
        deliver(ready, shown["messageId"])

        (sent,) = at_bandwidth(ready)
        assert list(sent.media) == ["https://media.example/a.png"]


class TestIdempotencyKey:
    def test_the_same_key_and_body_give_one_message_and_one_response(self, ready: Stack) -> None:
        first = send("key-1")
        deliver(ready, first[1]["messageId"])
        assert send("key-1") == first
        worker(first[1]["messageId"])

        assert len(at_bandwidth(ready)) == 1

    def test_another_notation_of_numbers_is_the_same_body(self, ready: Stack) -> None:
        assert send("key-1") == send("key-1", to="(919) 555-1234")

    def test_later_changes_do_not_change_the_response_to_a_repeated_request(self, ready: Stack) -> None:
        first = send("key-1")
        deliver(ready, first[1]["messageId"])
        stores.opt_outs().record(OWNER, RECIPIENT, opted_out=True, keyword="stop", at=STOPPED_AT)
        assert send("key-1") == first
        assert (send()[0], send("key-2")[0], send("key-1", text="something else")[0]) == (409, 409, 409)
        stores.numbers().start_release(OWNER, HOME, "2026-02-03T04:05:06.000Z")
        assert send("key-1") == first
        assert send("key-2")[0] == 422
        worker(first[1]["messageId"])

        assert len(at_bandwidth(ready)) == 1

    def test_a_failed_queueing_of_a_repeated_request_does_not_fail_the_message(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_id = send("key-1")[1]["messageId"]
        with monkeypatch.context() as broken:
            broken.setattr(stores.send_queue(), "add", refuse)
            assert send("key-1")[0] == 500
            assert message(message_id)["state"] == "accepted"
            deliver(ready, message_id)
            assert send("key-1")[0] == 500
        assert message(message_id)["state"] == "sent"

    def test_a_queueing_without_response_does_not_fail_the_message_of_the_retry(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        accepted_by_retry: list[tuple[int, Any]] = []

        def time_out_after_the_retry(message_id: str, **delay: int) -> None:
            queue.undo()
            accepted_by_retry.append(send("key-1", through=copy_of(send_message)))
            raise ConnectTimeoutError(endpoint_url="https://sqs")

        with pytest.MonkeyPatch.context() as queue:
            queue.setattr(stores.send_queue(), "add", time_out_after_the_retry)
            assert send("key-1")[0] == 500

        ((status, shown),) = accepted_by_retry
        assert status == 202
        assert message(shown["messageId"])["state"] == "accepted"
        assert deliver(ready, shown["messageId"]) == []
        assert message(shown["messageId"])["state"] == "sent"
        assert len(at_bandwidth(ready)) == 1

    def test_another_body_with_the_same_key_is_rejected(self, ready: Stack) -> None:
        send("key-1")

        status, problem = send("key-1", text="something else")

        assert status == 422
        assert problem["errors"][0]["field"] == "Idempotency-Key"

    def test_concurrent_requests_with_one_key_give_one_message(self, ready: Stack) -> None:
        # A Lambda environment and its resolver process one request at a time.
        environments = [copy_of(send_message) for _ in range(16)]

        with ThreadPoolExecutor(8) as clients:
            answers = list(clients.map(lambda through: send("key-1", through=through), environments))

        assert {status for status, _ in answers} == {202}
        assert len({shown["messageId"] for _, shown in answers}) == 1
        assert len(call_api(browse, "GET", "/messages", query={"number": OWNER})[1]["items"]) == 1

    def test_each_request_without_a_key_is_a_message(self, ready: Stack) -> None:
        assert send()[1]["messageId"] != send()[1]["messageId"]


class TestGroups:
    GROUP = ("+19195551201", "+19195551202", "+19195551203")

    def test_a_group_message_is_sent_once_to_all_recipients(self, ready: Stack) -> None:
        status, shown = send(to=list(self.GROUP))
        assert (status, shown["to"], shown["segmentCount"]) == (202, list(self.GROUP), 1)
        deliver(ready, shown["messageId"])

        (sent,) = at_bandwidth(ready)
        assert tuple(sent.to) == self.GROUP

    def test_a_v1_number_supports_one_recipient_and_no_priority(self, stack: Stack) -> None:
        stores.numbers().activate(OWNER, replace(HOME, api="v1"), "2026-01-01T00:00:00.000Z")

        status, problem = send(to=list(self.GROUP), priority="high")

        assert status == 422
        assert {error["field"] for error in problem["errors"]} == {"to", "priority"}


class TestOptOuts:
    @pytest.fixture
    def opted_out(self, ready: Stack) -> Stack:
        stores.opt_outs().record(OWNER, RECIPIENT, opted_out=True, keyword="stop", at=STOPPED_AT)
        return ready

    def test_a_message_to_an_opted_out_recipient_is_rejected_with_time_and_keyword(
        self, opted_out: Stack
    ) -> None:
        status, problem = send()

        assert status == 409
        assert problem["detail"] == f"{RECIPIENT} opted out of texts from {OWNER} at {STOPPED_AT} (stop)"
        assert opted_out.receive_messages(opted_out.send_queue) == []

    def test_a_group_with_an_opted_out_recipient_is_rejected(self, opted_out: Stack) -> None:
        assert send(to=["+19195551201", RECIPIENT])[0] == 409

    def test_opt_outs_are_listed_with_the_number(self, opted_out: Stack) -> None:
        status, listed = call_api(browse, "GET", f"/numbers/{OWNER}/opt-outs")
        assert status == 200
        assert listed["items"] == [
            {
                "owner": OWNER,
                "number": RECIPIENT,
                "since": STOPPED_AT,
                "keyword": "stop",
                "source": "text",
            }
        ]

    def test_a_recipient_who_opted_in_again_receives_messages(self, opted_out: Stack) -> None:
        stores.opt_outs().record(
            OWNER, RECIPIENT, opted_out=False, keyword="start", at="2026-02-03T05:00:00.000Z"
        )
        assert send()[0] == 202
        assert call_api(browse, "GET", f"/numbers/{OWNER}/opt-outs")[1]["items"] == []

    def test_an_older_keyword_that_arrives_late_is_ignored(self, opted_out: Stack) -> None:
        stores.opt_outs().record(
            OWNER, RECIPIENT, opted_out=False, keyword="start", at="2026-02-03T01:00:00.000Z"
        )
        assert send()[0] == 409

    def test_enforcement_of_opt_outs_can_be_disabled(
        self, opted_out: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ENFORCE_OPT_OUTS", "false")
        settings.cache_clear()
        status, shown = send()
        assert status == 202
        deliver(opted_out, shown["messageId"])

        assert message(shown["messageId"])["state"] == "sent"


class TestWorker:
    def test_a_message_is_sent_once_with_its_id_as_tag(self, ready: Stack) -> None:
        message_id = accepted(ready)
        assert deliver(ready, message_id) == []
        (sent,) = at_bandwidth(ready)
        assert (sent.tag, sent.text) == (message_id, TEXT)

        shown = message(message_id)
        assert (shown["state"], shown["bandwidthId"], shown["segmentCount"]) == ("sent", sent.id, 1)

    def test_a_redelivered_record_does_not_send_the_message_again(self, ready: Stack) -> None:
        message_id = accepted(ready)

        deliver(ready, message_id)

        assert worker(message_id) == []
        assert len(at_bandwidth(ready)) == 1
        assert message(message_id)["state"] == "sent"

    def test_a_message_whose_worker_died_after_its_claim_becomes_unconfirmed(self, ready: Stack) -> None:
        message_id = accepted(ready)

        stores.claims().claim(message_id, "2026-01-01T00:00:00.000Z")

        assert len(deliver(ready, message_id, receives=2)) == 1
        assert at_bandwidth(ready) == []
        assert message(message_id)["state"] == "send_unconfirmed"

    def test_a_message_in_progress_is_left_to_its_worker(self, ready: Stack) -> None:
        message_id = accepted(ready)

        stores.claims().claim(message_id, later(seconds=-5))

        assert len(deliver(ready, message_id, receives=2)) == 1
        assert at_bandwidth(ready) == []
        assert message(message_id)["state"] == "sending"

    def test_a_slow_worker_can_still_release_its_claim(self, ready: Stack) -> None:
        message_id = accepted(ready)
        claimed, ours = stores.claims().claim(message_id, "2026-01-01T00:00:00.000Z")
        assert ours
        assert claimed is not None
        assert len(deliver(ready, message_id, receives=2)) == 1
        assert message(message_id)["state"] == "send_unconfirmed"
        stores.claims().release_claim(claimed)

        assert message(message_id)["state"] == "accepted"

    def test_a_repeated_claim_call_recognizes_its_own_claim(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_id = accepted(ready)
        table = stores.claims()._table
        attempt = table.attempt

        def repeated(*arguments: Any, **more: Any) -> Any:
            attempt(*arguments, **more)
            return attempt(*arguments, **more)

        with monkeypatch.context() as lossy:
            lossy.setattr(table, "attempt", repeated)
            _, ours = stores.claims().claim(message_id, later())

        assert ours

    def test_a_message_is_not_claimed_before_secret_and_url_are_known(
        self, ready: Stack, generation: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_id = accepted(ready)
        half, missing = {
            "classic": ({"messagingToken": "t"}, "messagingSecret"),
            "current": ({"clientId": "c"}, "clientSecret"),
        }[generation]
        ready.secrets.update_secret(SecretId="bandwidth-messaging/bandwidth", SecretString=json.dumps(half))
        monkeypatch.setattr(stores.claims(), "claim", never)

        with pytest.raises(RuntimeError, match=f"has no {missing}"):
            worker(message_id)

        assert message(message_id)["times"].keys() == {"accepted"}

    @pytest.mark.parametrize("status", [425, 429])
    def test_a_throttled_message_returns_to_the_queue_and_is_sent_later(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch, status: int
    ) -> None:
        message_id = accepted(ready)
        ready.add_fault("/messages", method="POST", answer={"status": status})
        assert len(deliver(ready, message_id)) == 1
        assert message(message_id)["state"] == "accepted"
        # After the pause of the account's lane.
        monkeypatch.setattr(message_delivery, "now", lambda: later(seconds=3))

        assert worker(message_id) == []
        assert message(message_id)["state"] == "sent"
        assert len(at_bandwidth(ready)) == 1

    @pytest.mark.parametrize(("retry_after", "delay"), [("120", 120), ("7200", 900)])
    def test_the_next_attempt_waits_as_long_as_bandwidth_requests(
        self, ready: Stack, retry_after: str, delay: int
    ) -> None:
        message_id = accepted(ready)
        throttled = {"status": 429, "headers": {"Retry-After": retry_after}}
        ready.add_fault("/messages", method="POST", answer=throttled)

        waited = wiring.message_delivery().deliver(message_id, {}, receives=1, queued_at=datetime.now(UTC))

        assert waited == delay

    @pytest.mark.parametrize("status", [500, 503])
    def test_a_message_that_bandwidth_reports_as_not_sent_is_sent_later(
        self, ready: Stack, generation: str, status: int
    ) -> None:
        own = json.dumps({"type": "internal-server-error", "description": "Try again."})
        message_id = accepted(ready)
        ready.add_fault("/messages", method="POST", answer={"status": status, "body": own})

        assert len(deliver(ready, message_id)) == 1
        assert message(message_id)["state"] == "accepted"
        assert worker(message_id) == []
        assert len(at_bandwidth(ready)) == 1

    @pytest.mark.parametrize("status", [408, 502, 503, 504])
    def test_a_5xx_page_of_a_proxy_leaves_the_message_unconfirmed(self, ready: Stack, status: int) -> None:
        message_id = accepted(ready)
        page = {"status": status, "body": "<html>Bad gateway</html>"}
        ready.add_fault("/messages", method="POST", replace_answer=page)

        assert len(deliver(ready, message_id)) == 1
        assert message(message_id)["state"] == "send_unconfirmed"
        assert len(at_bandwidth(ready)) == 1

    def test_a_redirect_sends_nothing_and_is_counted(
        self, ready: Stack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        message_id = accepted(ready)
        redirect = {"status": 302, "headers": {"Location": "https://example.com/"}}
        ready.add_fault("/messages", method="POST", answer=redirect)

        assert len(deliver(ready, message_id)) == 1
        assert message(message_id)["state"] == "accepted"
        assert '"SendRedirected":[1' in capsys.readouterr().out.replace(" ", "")

    def test_attempts_and_wait_are_recorded_when_bandwidth_accepted_the_message(
        self, ready: Stack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        message_id = accepted(ready)
        unavailable = json.dumps({"type": "service-unavailable", "description": "Try again."})
        ready.add_fault("/messages", method="POST", answer={"status": 503, "body": unavailable})
        deliver(ready, message_id)
        assert recorded(capsys) == {}

        worker(message_id, receives=2)

        metrics = recorded(capsys)
        assert metrics["SendAttempts"] == 2
        assert 0 < metrics["SendWaitSeconds"] < 60

    @pytest.mark.parametrize(
        ("fields", "billed"),
        [
            ({"text": "a" * 161}, {"Segments": 2, "Mms": 0}),
            ({"media": ["https://example.com/a.png"]}, {"Segments": 0, "Mms": 1}),
            ({"to": [RECIPIENT, "+19195551235"]}, {"Segments": 0, "Mms": 2}),
        ],
        ids=["long text", "media", "group"],
    )
    def test_what_bandwidth_bills_is_recorded_when_it_accepted_the_message(
        self, ready: Stack, capsys: pytest.CaptureFixture[str], fields: Any, billed: dict[str, int]
    ) -> None:
        _, sent = send(**fields)

        deliver(ready, sent["messageId"])

        metrics = recorded(capsys)
        assert {name: metrics[name] for name in billed} == billed

    def test_a_message_that_bandwidth_does_not_accept_records_its_wait_after_a_minute(
        self, ready: Stack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        message_id = accepted(ready)
        unavailable = json.dumps({"type": "service-unavailable", "description": "Try again."})
        ready.add_fault("/messages", method="POST", answer={"status": 503, "body": unavailable}, times=2)
        (queued,) = ready.receive_messages(ready.send_queue)
        worker(message_id, queued["ReceiptHandle"], 2, datetime.now(UTC) - timedelta(seconds=50))
        assert recorded(capsys) == {}

        worker(message_id, queued["ReceiptHandle"], 3, datetime.now(UTC) - timedelta(seconds=90))

        assert recorded(capsys)["RetryWaitSeconds"] == pytest.approx(90, abs=5)

    @pytest.mark.parametrize("body", ["{}", '{"id": 7}', "garbled", ""])
    def test_a_garbled_202_leaves_the_message_unconfirmed(self, ready: Stack, body: str) -> None:
        message_id = accepted(ready)
        ready.add_fault("/messages", method="POST", replace_answer={"status": 202, "body": body})

        assert len(deliver(ready, message_id)) == 1
        assert message(message_id)["state"] == "send_unconfirmed"
        assert len(at_bandwidth(ready)) == 1

    def test_a_message_without_response_is_unconfirmed_and_not_sent_again(self, ready: Stack) -> None:
        message_id = accepted(ready)
        ready.add_fault("/messages", method="POST", lose_answer=True)
        assert len(deliver(ready, message_id)) == 1
        ready.make_visible()

        assert len(deliver(ready, message_id, receives=2)) == 1
        assert message(message_id)["state"] == "send_unconfirmed"
        assert len(at_bandwidth(ready)) == 1

    def test_an_unconfirmed_message_without_receipt_becomes_delivery_unknown(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_id = accepted(ready)
        ready.add_fault("/messages", method="POST", answer={"status": 500})
        deliver(ready, message_id)
        monkeypatch.setattr(message_delivery, "now", lambda: later(hours=3, minutes=1))
        assert worker(message_id) == []

        shown = message(message_id)
        assert shown["state"] == "delivery_unknown"
        assert shown["reason"] == "Bandwidth sent no response, and no receipt arrived"

    def test_a_rejected_message_fails_with_bandwidths_description(self, ready: Stack) -> None:
        message_id = accepted(ready)
        body = json.dumps({"type": "request-validation", "description": "from is not valid"})
        ready.add_fault("/messages", method="POST", answer={"status": 400, "body": body})
        assert deliver(ready, message_id) == []

        shown = message(message_id)
        assert (shown["state"], shown["reason"]) == ("failed", "request-validation: from is not valid")

    @pytest.mark.parametrize("limit", ["the account's", "the message's"])
    def test_a_message_that_is_not_accepted_in_time_fails(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch, limit: str
    ) -> None:
        own: Any = {"expiration": later(minutes=30)} if limit == "the message's" else {}
        _, shown = send(**own)
        ready.add_fault("/messages", method="POST", answer={"status": 429})
        assert len(deliver(ready, shown["messageId"])) == 1
        past = later(minutes=31) if own else later(hours=4, minutes=1)
        monkeypatch.setattr(message_delivery, "now", lambda: past)
        assert worker(shown["messageId"]) == []

        ended = message(shown["messageId"])
        assert (ended["state"], ended["errorClass"]) == ("failed", "expired")
        assert ended["reason"] == "Bandwidth did not accept the message before it expired"
        assert at_bandwidth(ready) == []

    def test_messages_wait_while_the_credentials_are_wrong(
        self, ready: Stack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        message_id = accepted(ready)
        ready.add_fault("/messages", method="POST", answer={"status": 401}, times=2)

        assert len(deliver(ready, message_id)) == 1
        assert message(message_id)["state"] == "accepted"
        assert '"SendUnauthorized":[1' in capsys.readouterr().out.replace(" ", "")

    def test_a_record_whose_message_is_never_stored_is_dropped_after_a_minute(
        self, ready: Stack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stores.send_queue().add("out_unknown")
        (handle,) = (each["ReceiptHandle"] for each in ready.receive_messages(ready.send_queue))

        queued_at = [datetime.now(UTC) - timedelta(seconds=seconds) for seconds in (59, 60)]

        assert len(worker("out_unknown", handle, receives=7, queued_at=queued_at[0])) == 1
        assert "MessageNeverStored" not in capsys.readouterr().out
        assert worker("out_unknown", handle, receives=8, queued_at=queued_at[1]) == []
        assert '"MessageNeverStored":[1' in capsys.readouterr().out.replace(" ", "")
        assert call_api(browse, "GET", "/messages/out_unknown")[0] == 404


def stop(at: str = STOPPED_AT) -> None:
    stores.opt_outs().record(OWNER, RECIPIENT, opted_out=True, keyword="stop", at=at)


def start_release() -> None:
    home = Home(api="v2", customer_order_id="release-1", site_id="1001")
    stores.numbers().start_release(OWNER, home, STOPPED_AT)


def release() -> None:
    start_release()
    stores.numbers().release(OWNER, STOPPED_AT)


def unregister() -> None:
    stores.numbers().record_registration(OWNER, registration.build_unlisted_registration(STOPPED_AT))


OPTED_OUT = f"{RECIPIENT} opted out of texts from {OWNER} at {STOPPED_AT} (stop)"


class TestRightBeforeItIsSent:
    @pytest.mark.parametrize(
        ("change", "error_class", "reason"),
        [
            (stop, "opt_out", OPTED_OUT),
            (start_release, "sender", f"{OWNER} is releasing. GET /numbers"),
            (release, "sender", f"{OWNER} is released. GET /numbers"),
            (unregister, "sender", f"{OWNER} is not registered"),
        ],
    )
    @pytest.mark.parametrize("after", ["queued", "throttled"])
    def test_a_message_that_may_no_longer_be_sent_fails(
        self, ready: Stack, change: Callable[[], None], error_class: str, reason: str, after: str
    ) -> None:
        message_id = accepted(ready)
        if after == "throttled":
            ready.add_fault("/messages", method="POST", answer={"status": 429})
            assert len(deliver(ready, message_id)) == 1
        change()
        assert worker(message_id, receives=2) == []

        shown = message(message_id)
        assert (shown["state"], shown["errorClass"]) == ("failed", error_class)
        assert shown["reason"].startswith(reason)
        assert at_bandwidth(ready) == []

    def test_one_opted_out_recipient_fails_a_group_message(self, ready: Stack) -> None:
        message_id = send(to=["+19195551201", RECIPIENT])[1]["messageId"]

        stop()

        assert deliver(ready, message_id) == []
        assert (message(message_id)["state"], message(message_id)["reason"]) == ("failed", OPTED_OUT)
        assert at_bandwidth(ready) == []

    def test_a_repeated_request_does_not_bypass_the_check_before_sending(self, ready: Stack) -> None:
        first = send("key-1")
        stop()
        assert send("key-1") == first
        for queued in ready.receive_messages(ready.send_queue):
            assert worker(queued["Body"], queued["ReceiptHandle"]) == []

        assert message(first[1]["messageId"])["errorClass"] == "opt_out"
        assert at_bandwidth(ready) == []

    def test_an_unregistered_sender_can_send_if_the_stack_only_warns(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_id = accepted(ready)
        unregister()
        monkeypatch.setenv("UNREGISTERED_SENDERS", "warn")
        settings.cache_clear()

        assert deliver(ready, message_id) == []
        assert message(message_id)["state"] == "sent"

    def test_a_late_stop_does_not_fail_a_message_that_another_worker_sends(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_id = accepted(ready)

        def sent_meanwhile(number: str, recipients: Any, pool: str | None) -> Any:
            checks.undo()
            assert worker(message_id) == []
            stop()
            return stores.opt_outs().get_send_facts(number, recipients, pool)

        with pytest.MonkeyPatch.context() as checks:
            checks.setattr(stores.opt_outs(), "get_send_facts", sent_meanwhile)
            assert worker(message_id) == []

        assert message(message_id)["state"] == "sent"


class TestBeforeTheClaim:
    @pytest.fixture
    def unclaimed(self, ready: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
        """An account where a claim fails the test."""
        monkeypatch.setattr(stores.claims(), "claim", never)
        return ready

    @only_current
    @pytest.mark.parametrize(
        ("answer", "metric"),
        [
            ({"status": 200, "body": json.dumps({"access_token": "a\nb", "expires_in": 3600})}, True),
            ({"status": 401}, True),
            ({"status": 503}, False),
        ],
    )
    def test_a_message_stays_accepted_without_a_token(
        self, unclaimed: Stack, answer: Any, metric: bool, capsys: pytest.CaptureFixture[str]
    ) -> None:
        message_id = accepted(unclaimed)
        # After a rejection the secret is read again and the token requested a second time.
        unclaimed.add_fault("/token", answer=answer, times=2)

        assert len(deliver(unclaimed, message_id)) == 1
        assert message(message_id)["times"].keys() == {"accepted"}
        assert at_bandwidth(unclaimed) == []
        assert ('"SendUnauthorized":[1' in capsys.readouterr().out.replace(" ", "")) is metric

    def test_a_slow_preparation_leaves_the_message_to_another_worker(
        self, unclaimed: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message_id = accepted(unclaimed)
        times = iter([later(), later(), later(), later(seconds=21)])

        with monkeypatch.context() as slow:
            slow.setattr(message_delivery, "now", lambda: next(times))
            assert len(deliver(unclaimed, message_id)) == 1

        assert message(message_id)["times"].keys() == {"accepted"}

    @pytest.mark.parametrize("written", [True, False])
    def test_a_claim_without_a_response_sends_nothing_and_is_repeated(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch, written: bool
    ) -> None:
        message_id = accepted(ready)
        table = stores.claims()._table
        attempt = table.attempt

        def lose(*arguments: Any, **more: Any) -> Any:
            lossy.undo()
            if written:
                attempt(*arguments, **more)
            raise ConnectTimeoutError(endpoint_url="https://dynamodb")

        with pytest.MonkeyPatch.context() as lossy:
            lossy.setattr(table, "attempt", lose)
            with pytest.raises(ConnectTimeoutError):
                worker(message_id)

        assert at_bandwidth(ready) == []
        assert message(message_id)["state"] == "accepted"
        assert worker(message_id, receives=2) == []
        assert message(message_id)["state"] == "sent"
        assert len(at_bandwidth(ready)) == 1
