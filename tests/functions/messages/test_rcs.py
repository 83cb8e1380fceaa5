"""Messages with RCS: sent by several channels, and one message in every other respect."""

import json
from itertools import permutations
from typing import Any

import pytest

from bandwidth_messaging.api.bus_events import to_event
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services import message_delivery
from functions.control import browse, change_opt_outs, change_pools
from functions.messages import receive_callback
from simulator.messaging.rcs import Handset
from tests.functions.conftest import Stack, call, call_api, clear_caches, sample
from tests.functions.messages.test_callbacks import receipt
from tests.functions.messages.test_sending import (
    OWNER,
    RECIPIENT,
    TEXT,
    at_bandwidth,
    deliver,
    later,
    message,
    send,
    worker,
)
from tests.functions.messages.test_sending import ready as ready  # noqa: PLC0414 - a fixture
from tests.functions.messages.test_unconfirmed import worker as redeliver
from tests.generations import both_generations, only_classic, only_current

pytestmark = only_current

AGENT = "ExampleAgent"
SECRET = "Your parcel, a private word"
RCS = {
    "from": AGENT,
    "card": {"orientation": "VERTICAL", "cardContent": {"title": SECRET}},
    "suggestions": [{"type": "REPLY", "text": "Thanks", "postbackData": "dGhhbmtz"}],
}
BY_RCS, BY_SMS = ("RBM", AGENT), ("SMS", OWNER)


@pytest.fixture
def sent(ready: Stack) -> str:
    """A message with RCS that Bandwidth has accepted."""
    _, shown = send(rcs=RCS)
    assert worker(shown["messageId"]) == []
    ready.simulator.simulator.courier.reset()
    message_id: str = shown["messageId"]
    return message_id


def report(kind: str, message_id: str, by: tuple[str | None, str], time: str = "06", **event: Any) -> None:
    """Receive a receipt from a channel. `time` is its second."""
    item = stores.messages().get(message_id)
    assert item is not None
    reported = receipt(kind, message_id, time=f"2099-02-03T04:05:{time}.000Z", to=RECIPIENT, **event)
    channel, sender = by
    reported["message"] |= {
        "id": item.get("bandwidthId", "bandwidth-1"),
        "channel": channel,
        "owner": sender,
        "from": sender,
        "to": [RECIPIENT],
    }
    receive(reported)


def receive(event: dict[str, Any]) -> None:
    body = sample("messages/receive_callback") | {"body": json.dumps([event])}
    assert call(receive_callback, body)["statusCode"] == 204


def stop_by_rcs(text: str = "STOP", time: str = "2026-02-03T04:05:06.000Z") -> None:
    inbound = {
        "id": f"inbound-{time}",
        "owner": AGENT,
        "applicationId": "app-1",
        "time": time,
        "segmentCount": 1,
        "direction": "in",
        "to": [AGENT],
        "from": RECIPIENT,
        "channel": "RBM",
        "content": {"text": text},
    }
    receive({"type": "message-received", "time": time, "description": "", "to": AGENT, "message": inbound})


class TestSending:
    def test_rcs_is_sent_first_and_the_text_is_its_fallback(self, ready: Stack) -> None:
        status, accepted = send(rcs=RCS)
        assert (status, accepted["rcs"], accepted["text"]) == (202, RCS, TEXT)

        assert deliver(ready, accepted["messageId"]) == []

        (at,) = at_bandwidth(ready)
        (body,) = ready.simulator.simulator.capture.requests("/messages/multiChannel", "POST", bodies=True)
        channels = json.loads(body["body"])["channelList"]
        assert [each["channel"] for each in channels] == ["RBM", "SMS"]
        assert (at.tag, at.from_, at.content["cardContent"]["title"]) == (
            accepted["messageId"],
            AGENT,
            SECRET,
        )
        shown = message(accepted["messageId"])
        assert (shown["state"], shown["bandwidthId"], shown["owner"]) == ("sent", at.id, OWNER)

    def test_a_message_without_rcs_is_sent_as_before(self, ready: Stack) -> None:
        _, accepted = send()
        deliver(ready, accepted["messageId"])
        (request,) = ready.simulator.simulator.capture.requests("/messages", "POST")
        assert request["path"].endswith("/messages")

    def test_a_repeated_request_returns_the_first_message(self, ready: Stack) -> None:
        first = send("key", rcs=RCS)
        assert send("key", rcs=RCS) == first
        status, problem = send("key", rcs=RCS | {"from": "OtherAgent"})
        assert (status, problem["code"]) == (422, "idempotency_key_reused")

    def test_a_pool_chooses_the_number_of_the_fallback(self, ready: Stack) -> None:
        assert call_api(change_pools, "PUT", "/pools/parcels", body={"numbers": [OWNER]})[0] == 200

        _, accepted = send(rcs=RCS, **{"from": "parcels"})
        worker(accepted["messageId"])

        assert (accepted["from"], accepted["pool"]) == (OWNER, "parcels")
        (at,) = at_bandwidth(ready)
        assert (at.channel, at.from_) == ("RBM", AGENT)
        stop_by_rcs()
        assert send(rcs=RCS, **{"from": "parcels"})[0] == 409

    def test_a_scheduled_message_is_stored_with_rcs(self, ready: Stack) -> None:
        _, accepted = send(rcs=RCS, sendAt=later(hours=1))
        assert (accepted["waiting"], message(accepted["messageId"])["rcs"]) == ("scheduled", RCS)

    def test_a_throttled_message_waits_to_be_sent_again(self, ready: Stack) -> None:
        _, accepted = send(rcs=RCS)
        ready.add_fault("/multiChannel", method="POST", answer={"status": 429})

        assert deliver(ready, accepted["messageId"]) != []

        shown = message(accepted["messageId"])
        assert (shown["state"], shown["waiting"], at_bandwidth(ready)) == ("accepted", "rate", [])

    def test_a_rejected_message_fails_with_bandwidths_reason(self, ready: Stack) -> None:
        _, accepted = send(rcs=RCS)
        errors = [{"type": "agent-unknown", "description": "No such agent.", "source": {"field": "from"}}]
        body = json.dumps({"links": [], "data": None, "errors": errors})
        ready.add_fault("/multiChannel", method="POST", answer={"status": 400, "body": body})

        deliver(ready, accepted["messageId"])

        shown = message(accepted["messageId"])
        assert (shown["state"], shown["errorClass"], shown["reason"]) == (
            "failed",
            "request",
            "agent-unknown: from: No such agent.",
        )

    def test_content_reaches_no_log_and_no_event(
        self, ready: Stack, capfd: pytest.CaptureFixture[str]
    ) -> None:
        _, accepted = send(rcs=RCS)
        ready.add_fault("/multiChannel", method="POST", answer={"status": 500})
        deliver(ready, accepted["messageId"])

        assert SECRET not in "".join(capfd.readouterr())
        table = ready.dynamodb.scan(TableName="MessagesTable")["Items"]
        (image,) = (item for item in table if item.get("messageId", {}).get("S") == accepted["messageId"])
        record = {"eventID": "1", "dynamodb": {"NewImage": image}}
        event, full = to_event(record), to_event(record, with_content=True)
        assert event is not None
        assert full is not None
        assert (SECRET in json.dumps(event.detail), full.detail["rcs"]) == (False, RCS)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/messages", {"number": OWNER}),
        ("/messages", {"number": OWNER, "direction": "out"}),
        (f"/conversations/{OWNER}/{RECIPIENT}", {}),
    ],
)
def test_pages_of_large_cards_stay_within_the_response_of_a_function(
    ready: Stack, path: str, query: dict[str, str]
) -> None:
    reply = {"type": "REPLY", "text": "Yes", "postbackData": "eWVz" * 512}
    cards = [{"description": "x" * 2000, "suggestions": [reply] * 4}] * 10
    content = {"from": AGENT, "carousel": {"cardWidth": "SMALL", "cardContents": cards}}
    sent = [send(rcs=content)[1]["messageId"] for _ in range(8)]
    seen, sizes = [], []
    cursor: dict[str, str] | None = {}

    while cursor is not None:
        _, page = call_api(browse, "GET", path, query={**query, "limit": "100", **cursor})
        seen += [each["messageId"] for each in page["items"]]
        sizes.append(len(json.dumps(page)))
        cursor = {"cursor": page["cursor"]} if page.get("cursor") else None

    assert sorted(seen) == sorted(sent)
    assert len(sizes) > 1
    assert max(sizes) < 1_000_000


class TestUnknownOutcome:
    def test_a_message_without_a_response_is_never_sent_again(self, ready: Stack) -> None:
        _, accepted = send(rcs=RCS)
        ready.add_fault("/multiChannel", method="POST", lose_answer=True)
        assert deliver(ready, accepted["messageId"]) != []

        assert message(accepted["messageId"])["state"] == "send_unconfirmed"
        assert redeliver(ready, accepted["messageId"])
        assert len(at_bandwidth(ready)) == 1

    @pytest.mark.parametrize("has_rcs", [True, False])
    def test_the_look_up_finds_it_under_the_agent_or_the_number(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch, has_rcs: bool
    ) -> None:
        ready.simulator.simulator.rcs.set_handset(RECIPIENT, Handset(rcs=has_rcs))
        _, accepted = send(rcs=RCS)
        ready.add_fault("/multiChannel", method="POST", lose_answer=True)
        deliver(ready, accepted["messageId"])
        monkeypatch.setattr(message_delivery, "now", lambda: later(minutes=6))

        assert not redeliver(ready, accepted["messageId"])

        (at,) = at_bandwidth(ready)
        assert message(accepted["messageId"])["bandwidthId"] == at.id

    def test_a_look_up_of_a_failure_of_rcs_awaits_the_fallback(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, accepted = send(rcs=RCS)
        ready.add_fault("/multiChannel", method="POST", lose_answer=True)
        deliver(ready, accepted["messageId"])
        failed = {
            "messageId": at_bandwidth(ready)[0].id,
            "sourceTn": AGENT,
            "messageType": "rcs",
            "messageStatus": "FAILED",
            "errorCode": 4754,
        }
        body = json.dumps({"totalCount": 1, "messages": [failed]})
        ready.add_fault("/messages", method="GET", answer={"status": 200, "body": body})
        monkeypatch.setattr(message_delivery, "now", lambda: later(minutes=6))

        assert not redeliver(ready, accepted["messageId"])

        shown = message(accepted["messageId"])
        assert (shown["state"], "errorCode" in shown) == ("sent", False)
        report("message-delivered", accepted["messageId"], BY_SMS)
        assert message(accepted["messageId"])["state"] == "delivered"

    def test_another_agents_message_is_no_candidate(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, other = send(rcs=RCS | {"from": "OtherAgent"})
        deliver(ready, other["messageId"])
        _, accepted = send(rcs=RCS)
        ready.add_fault("/multiChannel", method="POST", answer={"status": 500})
        deliver(ready, accepted["messageId"])
        monkeypatch.setattr(message_delivery, "now", lambda: later(minutes=6))

        assert redeliver(ready, accepted["messageId"])

        assert message(accepted["messageId"])["state"] == "send_unconfirmed"


class TestReceipts:
    def test_a_message_that_rcs_delivered_is_delivered_and_read(self, sent: str) -> None:
        report("message-delivered", sent, BY_RCS)
        report("message-read", sent, BY_RCS, "09", eventTime="2099-02-03T04:05:09.000Z")

        shown = message(sent)
        assert (shown["state"], shown["channel"]) == ("delivered", "RBM")
        assert shown["times"]["read"] == "2099-02-03T04:05:09.000Z"
        assert (shown["owner"], shown["from"]) == (OWNER, OWNER)

    def test_a_failure_of_rcs_is_not_the_failure_of_the_message(self, sent: str) -> None:
        report("message-failed", sent, BY_RCS, errorCode=4754)

        shown = message(sent)
        assert (shown["state"], "errorCode" in shown) == ("sent", False)
        assert shown["rcsFailure"] == {
            "failedAt": "2099-02-03T04:05:06.000Z",
            "errorCode": 4754,
            "errorClass": "recipient",
            "reason": "The recipient cannot be reached through this messaging channel.",
            "bandwidthReason": "what happened",
        }

    def test_a_failure_of_rcs_is_known_by_the_agent_if_it_has_no_channel(self, sent: str) -> None:
        report("message-failed", sent, (None, AGENT), errorCode=4754)
        assert message(sent)["state"] == "sent"

        report("message-failed", sent, (None, OWNER), "08", errorCode=4720)
        assert (message(sent)["state"], message(sent)["errorCode"]) == ("failed", 4720)

    def test_the_result_of_the_fallback_is_that_of_the_message_in_any_order(self, ready: Stack) -> None:
        receipts: list[tuple[str, tuple[str, str], str, dict[str, Any]]] = [
            ("message-failed", BY_RCS, "06", {"errorCode": 4754}),
            ("message-sent", BY_SMS, "07", {}),
            ("message-delivered", BY_SMS, "08", {}),
        ]
        results = []
        for order in permutations(receipts):
            _, accepted = send(rcs=RCS)
            worker(accepted["messageId"])
            for kind, by, time, event in order:
                report(kind, accepted["messageId"], by, time, **event)
            shown = message(accepted["messageId"])
            results.append((shown["state"], shown["channel"], shown["rcsFailure"]["errorCode"]))
        assert results == [("delivered", "SMS", 4754)] * 6

    def test_a_message_whose_fallback_fails_has_failed(self, sent: str) -> None:
        report("message-failed", sent, BY_RCS, errorCode=4754)
        report("message-failed", sent, BY_SMS, "08", errorCode=4720)

        shown = message(sent)
        assert (shown["state"], shown["errorCode"]) == ("failed", 4720)

    def test_an_upgraded_message_without_rcs_of_its_own_fails(self, ready: Stack) -> None:
        # Bandwidth can upgrade plain messages to RCS. The stack knows of no fallback.
        _, accepted = send()
        worker(accepted["messageId"])

        report("message-failed", accepted["messageId"], BY_RCS, errorCode=4754)

        assert message(accepted["messageId"])["state"] == "failed"

    def test_a_failure_of_rcs_is_not_retried_and_one_of_the_fallback_is(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CARRIER_RETRIES", "1")
        monkeypatch.setenv("RETRY_ERROR_CLASSES", "carrier")
        clear_caches()
        _, accepted = send(rcs=RCS)
        worker(accepted["messageId"])

        report("message-failed", accepted["messageId"], BY_RCS, errorCode=5600)
        assert message(accepted["messageId"])["state"] == "sent"
        report("message-failed", accepted["messageId"], BY_SMS, "08", errorCode=5600)

        shown = message(accepted["messageId"])
        assert (shown["state"], shown["waiting"], "rcsFailure" in shown) == ("accepted", "retry", False)

    def test_segments_are_compared_only_if_the_fallback_was_sent(
        self, ready: Stack, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, accepted = send(rcs=RCS, text="x" * 200)
        worker(accepted["messageId"])
        report("message-delivered", accepted["messageId"], BY_RCS)
        assert "segment counts differ" not in capsys.readouterr().out

        _, accepted = send(rcs=RCS, text="x" * 200)
        worker(accepted["messageId"])
        report("message-delivered", accepted["messageId"], BY_SMS)
        assert "segment counts differ" in capsys.readouterr().out


class TestOptOuts:
    def test_a_stop_to_the_agent_ends_messages_of_the_agent(self, ready: Stack) -> None:
        stop_by_rcs()

        status, problem = send(rcs=RCS)
        assert (status, problem["code"]) == (409, "opted_out")
        assert f"{RECIPIENT} opted out of texts from {AGENT}" in problem["detail"]
        assert send()[0] == 202

        stop_by_rcs("START", "2026-02-03T04:06:00.000Z")
        assert send(rcs=RCS)[0] == 202

    def test_a_stop_to_the_number_ends_messages_of_the_agent(self, ready: Stack) -> None:
        stores.opt_outs().record(
            OWNER, RECIPIENT, opted_out=True, keyword="stop", at="2026-02-03T04:05:06.000Z"
        )
        assert send(rcs=RCS)[0] == 409

    def test_a_stop_after_the_acceptance_keeps_the_message_from_being_sent(self, ready: Stack) -> None:
        _, accepted = send(rcs=RCS)
        stop_by_rcs()

        deliver(ready, accepted["messageId"])

        shown = message(accepted["messageId"])
        assert (shown["state"], shown["errorClass"], at_bandwidth(ready)) == ("failed", "opt_out", [])

    def test_opt_outs_that_another_system_enforces_do_not_count(
        self, ready: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stop_by_rcs()
        monkeypatch.setenv("ENFORCE_OPT_OUTS", "false")
        clear_caches()
        assert send(rcs=RCS)[0] == 202

    def test_an_opt_out_that_a_carrier_reports_for_rcs_counts_for_the_agent(self, sent: str) -> None:
        report("message-failed", sent, BY_RCS, errorCode=4775)
        assert (send(rcs=RCS)[0], send()[0]) == (409, 202)

    def test_an_operator_ends_an_opt_out_from_the_agent(self, ready: Stack) -> None:
        path = f"/numbers/{AGENT}/opt-outs/{RECIPIENT}"
        assert call_api(change_opt_outs, "DELETE", path)[0] == 404
        stop_by_rcs()
        (listed,) = call_api(browse, "GET", f"/numbers/{AGENT}/opt-outs")[1]["items"]
        assert (listed["owner"], listed["number"]) == (AGENT, RECIPIENT)

        status, ended = call_api(change_opt_outs, "DELETE", path)

        assert (status, ended["state"]) == (200, "in")
        assert send(rcs=RCS)[0] == 202

    def test_texts_to_the_agent_are_listed_under_its_id(self, ready: Stack) -> None:
        stop_by_rcs("Where is it?")
        for path, query in (("/messages", {"number": AGENT}), (f"/conversations/{AGENT}/{RECIPIENT}", None)):
            (shown,) = call_api(browse, "GET", path, query=query)[1]["items"]
            assert (shown["owner"], shown["from"], shown["text"]) == (AGENT, RECIPIENT, "Where is it?")

    def test_a_chosen_suggestion_is_a_message_to_the_agent(self, ready: Stack) -> None:
        inbound = {
            "id": "inbound-1",
            "owner": AGENT,
            "applicationId": "app-1",
            "time": "2026-02-03T04:05:06.000Z",
            "segmentCount": 1,
            "direction": "in",
            "to": [AGENT],
            "from": RECIPIENT,
            "channel": "RBM",
            "suggestionResponse": {"text": "Thanks", "postbackData": "dGhhbmtz"},
        }
        receive(
            {"type": "suggestion-response", "time": inbound["time"], "description": "", "to": AGENT}
            | {"message": inbound}
        )
        shown = message("inbound-1")
        assert (shown["owner"], shown["from"], shown["text"]) == (AGENT, RECIPIENT, "Thanks")
        assert shown["suggestionResponse"]["postbackData"] == "dGhhbmtz"


class TestUnsupported:
    @only_classic
    def test_the_classic_api_has_no_rcs(self, ready: Stack) -> None:
        status, problem = send(rcs=RCS)
        (error,) = problem["errors"]
        assert (status, error["field"]) == (422, "rcs")
        assert "BandwidthApi" in error["detail"]

    @both_generations
    def test_a_number_of_v1_has_no_rcs(self, ready: Stack) -> None:
        home = Home(api="v1", customer_order_id="order-2", order_id="o-2", site_id="1001")
        stores.numbers().activate("+19102398799", home, "2026-01-01T00:00:00.000Z")
        status, problem = send(rcs=RCS, **{"from": "+19102398799"})
        assert (status, [error["field"] for error in problem["errors"]]) == (422, ["rcs"])
