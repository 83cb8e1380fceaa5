""" "Send Text Message": accepted, queued, sent at most once."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.store.numbers import Home
from functions.control import browse
from functions.messages import deliver_message, send_message
from tests.functions.conftest import House, ask, call, sample

OURS, THEIRS = "+19102398766", "+19195551234"
TEXT = "Good morning, this is a test message"
HOME = Home(
    api="v2",
    customer_order_id="order-1",
    order_id="bandwidth-order-1",
    application_id="app-1",
    location_id="500001",
    site_id="1001",
)


@pytest.fixture
def ready(house: House) -> House:
    """An account with one active number."""
    wiring.numbers().activate(OURS, HOME, "2026-01-01T00:00:00.000Z")
    return house


def send(**fields: Any) -> tuple[int, Any]:
    return ask(send_message, "POST", "/messages", body={"from": OURS, "to": THEIRS, "text": TEXT} | fields)


def accepted(house: House) -> str:
    status, message = send()
    assert status == 202
    message_id: str = message["messageId"]
    return message_id


def deliver(house: House, message_id: str, receives: int = 1) -> Any:
    """Let the worker take a message from the queue; return what it gives back to the queue."""
    (queued,) = house.queued(house.send_queue)
    assert queued["Body"] == message_id
    return worker(message_id, queued["ReceiptHandle"], receives)


def worker(message_id: str, receipt_handle: str = "none", receives: int = 1) -> Any:
    (record,) = sample("messages/deliver_message")["Records"]
    record = record | {
        "body": message_id,
        "receiptHandle": receipt_handle,
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }
    return call(deliver_message, {"Records": [record]})["batchItemFailures"]


def message(message_id: str) -> Any:
    status, shown = ask(browse, "GET", f"/messages/{message_id}")
    assert status == 200
    return shown


def at_bandwidth(house: House) -> list[Any]:
    return list(house.simulator.simulator.messages.sent())


class TestPostMessages:
    def test_accepts_stores_and_queues_by_id_only(self, ready: House) -> None:
        status, shown = send(to="(919) 555-1234", tag="invoice 7")
        assert status == 202
        assert (shown["from"], shown["to"], shown["text"], shown["tag"]) == (
            OURS,
            [THEIRS],
            TEXT,
            "invoice 7",
        )
        assert (shown["state"], shown["direction"], shown["api"]) == ("accepted", "out", "v2")
        assert shown["times"].keys() == {"accepted"}
        assert shown["recipients"] == {THEIRS: {"state": "accepted"}}
        assert message(shown["messageId"]) == shown
        assert [queued["Body"] for queued in ready.queued(ready.send_queue)] == [shown["messageId"]]

    @pytest.mark.parametrize(
        ("fields", "named"),
        [
            ({"from": "+19195550000"}, {"from"}),
            ({"to": "home"}, {"to.0"}),
            ({"to": [THEIRS, THEIRS]}, {"to"}),
            ({"text": ""}, {"text"}),
            ({"text": "x" * 2049}, {"text"}),
            ({"from": "1", "to": [], "text": None, "colour": "red"}, {"from", "to", "text", "colour"}),
        ],
    )
    def test_names_every_wrong_field(self, ready: House, fields: dict[str, Any], named: set[str]) -> None:
        status, problem = send(**fields)
        assert status == 422
        assert {error["field"] for error in problem["errors"]} == named
        assert all(error["detail"] for error in problem["errors"])
        assert ready.queued(ready.send_queue) == []

    def test_a_body_that_is_no_json_is_a_422(self, ready: House) -> None:
        event = json.loads(json.dumps(sample("messages/send_message"))) | {"body": "{"}
        assert call(send_message, event)["statusCode"] == 422

    def test_a_number_that_is_not_active_may_not_send(self, ready: House) -> None:
        failure = {"number": "+19102398767", "code": "5005", "reason": "not available"}
        wiring.numbers().fail(failure, HOME, "2026-01-01T00:00:00.000Z")  # type: ignore[arg-type]
        status, problem = send(**{"from": "+19102398767"})
        assert status == 422
        assert "is failed, not active" in problem["errors"][0]["detail"]

    def test_a_message_that_could_not_be_queued_is_not_left_waiting(
        self, ready: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(message_id: str) -> None:
            raise ClientError({"Error": {"Code": "QueueDoesNotExist"}}, "SendMessage")

        monkeypatch.setattr(wiring.send_queue(), "add", refuse)
        status, problem = send()
        assert (status, problem["title"]) == (500, "Internal Server Error")
        (stored,) = ask(browse, "GET", "/messages", query={"number": OURS})[1]["items"]
        assert (stored["state"], stored["reason"]) == ("failed", "could not be queued, and was not sent")


class TestTheWorker:
    def test_sends_once_with_our_id_as_tag(self, ready: House) -> None:
        message_id = accepted(ready)
        assert deliver(ready, message_id) == []
        (sent,) = at_bandwidth(ready)
        assert (sent.tag, sent.text) == (message_id, TEXT)
        shown = message(message_id)
        assert (shown["state"], shown["bandwidthId"], shown["segmentCount"]) == ("sent", sent.id, 1)

    def test_a_message_that_comes_from_the_queue_again_is_not_sent_again(self, ready: House) -> None:
        message_id = accepted(ready)
        deliver(ready, message_id)
        assert worker(message_id) == []
        assert len(at_bandwidth(ready)) == 1
        assert message(message_id)["state"] == "sent"

    def test_a_message_whose_worker_died_after_its_claim_is_unconfirmed_and_not_sent(
        self, ready: House
    ) -> None:
        message_id = accepted(ready)
        wiring.messages().claim(message_id, "2026-01-01T00:00:00.000Z")
        assert deliver(ready, message_id, receives=2) == []
        assert at_bandwidth(ready) == []
        assert message(message_id)["state"] == "send_unconfirmed"

    @pytest.mark.parametrize("status", [429, 503])
    def test_throttled_it_goes_back_to_the_queue_and_is_sent_later(self, ready: House, status: int) -> None:
        message_id = accepted(ready)
        ready.fault("/messages", method="POST", answer={"status": status})
        assert len(deliver(ready, message_id)) == 1
        assert message(message_id)["state"] == "accepted"
        assert worker(message_id) == []
        assert message(message_id)["state"] == "sent"
        assert len(at_bandwidth(ready)) == 1

    def test_comes_back_after_a_delay_that_doubles_up_to_five_minutes(self, ready: House) -> None:
        seconds = [deliver_message._delay({"ApproximateReceiveCount": str(count)}) for count in (1, 2, 3, 20)]
        assert seconds == [2, 4, 8, 300]

    def test_an_answer_that_got_lost_leaves_it_unconfirmed_and_it_is_not_sent_again(
        self, ready: House
    ) -> None:
        message_id = accepted(ready)
        ready.fault("/messages", method="POST", lose_answer=True)
        assert deliver(ready, message_id) == []
        assert worker(message_id) == []
        assert message(message_id)["state"] == "send_unconfirmed"
        assert len(at_bandwidth(ready)) == 1

    def test_a_refusal_is_the_messages_end_with_bandwidths_words(self, ready: House) -> None:
        message_id = accepted(ready)
        body = json.dumps({"type": "request-validation", "description": "from is not valid"})
        ready.fault("/messages", method="POST", answer={"status": 400, "body": body})
        assert deliver(ready, message_id) == []
        shown = message(message_id)
        assert (shown["state"], shown["reason"]) == ("failed", "request-validation: from is not valid")

    def test_with_wrong_credentials_messages_wait_for_somebody_to_mend_them(self, ready: House) -> None:
        message_id = accepted(ready)
        ready.fault("/messages", method="POST", answer={"status": 401})
        assert len(deliver(ready, message_id)) == 1
        assert message(message_id)["state"] == "accepted"

    def test_a_queue_record_of_a_message_that_is_gone_makes_nothing_new(self, ready: House) -> None:
        assert worker("out_unknown") == []
        assert ask(browse, "GET", "/messages/out_unknown")[0] == 404
