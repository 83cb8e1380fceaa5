"""Callbacks: the messages, receipts and opt-outs that are stored."""

import base64
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bandwidth_messaging.domain.messages import Message, MessageState
from bandwidth_messaging.runtime import stores
from functions.control import browse
from functions.messages import receive_callback
from tests.functions.conftest import Stack, call, call_api, sample

INBOUND = json.loads(sample("messages/receive_callback")["body"])[0]
OURS, THEIRS = INBOUND["to"], INBOUND["message"]["from"]
OUT = "out_0f8fad5bd9cb469fa16570867728950e"
METHOD_ARN = "arn:aws:execute-api:us-east-1:000000000000:abcdef1234/live/POST/callbacks/v2"


def receive(body: Any) -> int:
    text = body if isinstance(body, str) else json.dumps(body)
    status: int = call(receive_callback, sample("messages/receive_callback") | {"body": text})["statusCode"]
    return status


def receipt(kind: str, message_id: str, **event: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "time": "2026-02-03T04:05:06.789Z",
        "description": "what happened",
        "to": THEIRS,
        "message": {
            "id": "bandwidth-1",
            "owner": OURS,
            "applicationId": "app-1",
            "time": "2026-02-03T04:05:05.000Z",
            "segmentCount": 1,
            "direction": "out",
            "to": [THEIRS],
            "from": OURS,
            "text": "",
            "tag": message_id,
        },
    } | event


def stored() -> list[Any]:
    status, listed = call_api(browse, "GET", "/messages", query={"number": OURS})
    assert status == 200
    items: list[Any] = listed["items"]
    return items


@pytest.fixture
def sent(stack: Stack) -> str:
    """An outbound message that Bandwidth has accepted."""
    message = Message(
        message_id=OUT, direction="out", api="v2", owner=OURS, sender=OURS, recipients=(THEIRS,),
        text="hello", state=MessageState.ACCEPTED, time="2026-02-03T04:05:04.000Z", application_id="app-1",
    )  # fmt: skip
    stores.messages().add(message)
    stores.receipts().advance(OUT, MessageState.SENT, "2026-02-03T04:05:05.000Z", bandwidth_id="bandwidth-1")
    return OUT


class TestInbound:
    def test_an_inbound_message_is_stored_completely(self, stack: Stack) -> None:
        assert receive([INBOUND]) == 204

        (message,) = stored()
        assert message["messageId"] == INBOUND["message"]["id"]
        assert (message["direction"], message["state"], message["api"]) == ("in", "received", "v2")
        assert (message["from"], message["to"], message["text"]) == (THEIRS, [OURS], "Yes, tomorrow works")
        assert message["times"] == {"received": "2026-02-03T04:05:06.700Z"}

    def test_a_redelivered_message_is_stored_once(self, stack: Stack) -> None:
        assert [receive([INBOUND]) for _ in range(3)] == [204] * 3
        assert len(stored()) == 1

    def test_a_message_shows_channel_priority_and_carrier(self, stack: Stack) -> None:
        message = INBOUND["message"] | {"channel": "RBM", "priority": "high"}
        assert receive([INBOUND | {"message": message, "carrierName": "Acme"}]) == 204

        (shown,) = stored()
        assert (shown["channel"], shown["priority"], shown["carrierName"]) == ("RBM", "high", "Acme")

    def test_a_stop_from_a_number_without_plus_is_recorded_in_e164(self, stack: Stack) -> None:
        message = INBOUND["message"] | {"from": "447700900123", "owner": "447700900123", "text": "STOP"}
        assert receive([INBOUND | {"message": message}]) == 204

        opted_out = stores.opt_outs().get_send_facts(OURS, ["+447700900123"]).opt_outs
        assert [item["theirs"] for item in opted_out] == ["+447700900123"]
        assert stored()[0]["from"] == "+447700900123"

    @pytest.mark.parametrize(
        ("text", "keyword", "out"),
        [
            ("STOP", "stop", True),
            ("Opt out", "optout", True),
            ("Arrêt, merci", "arret", True),
            ("Genug!", "genug", True),
            ("yes", "yes", False),
            ("HELP!", "help", False),
            ("Stop calling me", "review", False),
            ("Good morning", None, False),
        ],
    )
    def test_a_keyword_is_stored_and_an_opt_out_takes_effect(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch, text: str, keyword: str | None, out: bool
    ) -> None:
        monkeypatch.setenv("STOP_WORDS", "genug, no more")
        message = INBOUND["message"] | {"text": text, "media": ["https://example.com/a.png"]}

        assert receive([INBOUND | {"message": message}]) == 204

        assert stored()[0].get("keyword") == keyword
        opted_out = stores.opt_outs().get_send_facts(OURS, [THEIRS]).opt_outs
        assert bool(opted_out) is out

    def test_the_label_of_a_chosen_suggestion_may_be_a_keyword(self, stack: Stack) -> None:
        message = INBOUND["message"] | {"text": "", "suggestionResponse": {"text": "STOP"}}

        assert receive([INBOUND | {"type": "suggestion-response", "message": message}]) == 204

        assert stored()[0]["keyword"] == "stop"

    def test_a_keyword_of_v1_is_stored(self, stack: Stack) -> None:
        event = {
            "eventType": "sms", "direction": "in", "messageId": "m-asdf", "from": THEIRS, "to": OURS,
            "time": "2026-02-03T04:05:06Z", "state": "received", "text": "Stop.",
        }  # fmt: skip

        v1 = {"resource": "/callbacks/v1", "path": "/callbacks/v1", "body": json.dumps(event)}
        call(receive_callback, sample("messages/receive_callback") | v1)

        assert stored()[0]["keyword"] == "stop"

    def test_a_message_with_an_old_time_has_the_full_retention(self, stack: Stack) -> None:
        message = INBOUND["message"] | {"time": "2001-01-01T00:00:00Z"}
        assert receive([INBOUND | {"message": message}]) == 204

        item = stores.messages().get(message["id"])
        assert item is not None
        assert item["expiresAt"] > time.time() + 89 * 24 * 3600

    def test_a_byte_order_mark_before_the_body_is_ignored(self, stack: Stack) -> None:
        body = base64.b64encode(b"\xef\xbb\xbf" + json.dumps([INBOUND]).encode()).decode()

        event = sample("messages/receive_callback") | {"body": body, "isBase64Encoded": True}

        assert call(receive_callback, event)["statusCode"] == 204
        assert len(stored()) == 1
        assert stack.receive_messages(stack.quarantine_queue) == []

    def test_every_element_of_the_array_is_stored(self, stack: Stack) -> None:
        events = [INBOUND | {"message": INBOUND["message"] | {"id": f"in-{n}"}} for n in range(3)]
        assert receive(events) == 204
        assert {message["messageId"] for message in stored()} == {"in-0", "in-1", "in-2"}

    def test_a_failed_write_raises_so_that_bandwidth_redelivers(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(message: Message) -> None:
            raise ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "PutItem")

        monkeypatch.setattr(stores.messages(), "add", refuse)
        with pytest.raises(ClientError):
            receive([INBOUND])


class TestReceipts:
    @pytest.mark.parametrize(
        ("kind", "state"),
        [("message-sending", "sent"), ("message-sent", "sent"), ("message-delivered", "delivered")],
    )
    def test_receipts_move_a_message_up_and_never_down(
        self, stack: Stack, sent: str, kind: str, state: str
    ) -> None:
        assert receive([receipt(kind, sent)]) == 204

        (message,) = stored()
        assert message["state"] == state
        assert kind.removeprefix("message-") in message["times"]

    def test_a_failed_receipt_records_code_and_reason(self, stack: Stack, sent: str) -> None:
        receive([receipt("message-failed", sent, errorCode=4720, description="invalid destination")])

        (message,) = stored()
        assert (message["state"], message["errorCode"]) == ("failed", 4720)
        assert message["errorClass"] == "recipient"
        assert message["reason"].startswith("The recipient's number does not exist")
        assert message["bandwidthReason"] == "invalid destination"
        assert message["recipients"][THEIRS]["bandwidthReason"] == "invalid destination"

    def test_an_ambiguous_failure_is_unknown_until_delivered_arrives(self, stack: Stack, sent: str) -> None:
        receive([receipt("message-failed", sent, errorCode=9902)])
        assert stored()[0]["state"] == "delivery_unknown"
        receive([receipt("message-delivered", sent)])

        assert stored()[0]["state"] == "delivered"

    def test_receipts_of_another_systems_message_are_stored_under_bandwidths_id(self, stack: Stack) -> None:
        receive([receipt("message-delivered", "their own tag")])
        (message,) = stored()
        assert (message["messageId"], message["state"]) == ("bandwidth-1", "delivered")


class TestRcs:
    def test_a_read_message_stays_delivered_and_shows_the_time(self, stack: Stack, sent: str) -> None:
        receive([receipt("message-delivered", sent)])

        receive([receipt("message-read", sent, eventTime="2026-02-03T04:09:00.000Z")])

        (message,) = stored()
        assert message["state"] == "delivered"
        assert message["times"]["delivered"] == "2026-02-03T04:05:06.789Z"
        assert message["times"]["read"] == "2026-02-03T04:09:00.000Z"

    def test_a_suggestion_response_is_a_message_that_shows_the_choice(self, stack: Stack) -> None:
        chosen = {"text": "Yes, please", "postbackData": "eWVz", "pairedMessageId": "1562"}
        message = {name: value for name, value in INBOUND["message"].items() if name != "text"}
        answer = INBOUND | {
            "type": "suggestion-response",
            "message": message | {"suggestionResponse": chosen},
        }
        assert receive([answer]) == 204

        (shown,) = stored()
        assert (shown["state"], shown["text"], shown["suggestionResponse"]) == (
            "received",
            chosen["text"],
            chosen,
        )

    def test_a_location_response_is_a_message_that_shows_the_location(self, stack: Stack) -> None:
        here = {"latitude": "37.7749", "longitude": "-122.4194"}
        message = {name: value for name, value in INBOUND["message"].items() if name != "text"}
        answer = {"type": "requested-location-response", "message": message | {"locationResponse": here}}
        assert receive([INBOUND | answer]) == 204

        (shown,) = stored()
        assert shown["locationResponse"] == here
        assert "text" not in shown


class TestSegmentCounts:
    @pytest.mark.parametrize(("bandwidth_count", "is_logged"), [(1, False), (2, True)])
    def test_bandwidths_segment_count_is_stored_and_differences_are_logged(
        self, stack: Stack, capsys: pytest.CaptureFixture[str], bandwidth_count: int, is_logged: bool
    ) -> None:
        message = Message(
            message_id=OUT, direction="out", api="v2", owner=OURS, sender=OURS, recipients=(THEIRS,),
            text="hello", state=MessageState.ACCEPTED, time="2026-02-03T04:05:04.000Z", segment_count=1,
        )  # fmt: skip
        stores.messages().add(message)
        event = receipt("message-delivered", OUT)
        event["message"]["segmentCount"] = bandwidth_count

        receive([event])

        (shown,) = stored()
        assert (shown["segmentCount"], shown["bandwidthSegmentCount"]) == (1, bandwidth_count)
        assert ("SegmentCountDiffers" in capsys.readouterr().out) is is_logged
