"""The simulated V1 messages: accepted messages, requested receipts and inbound messages."""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from simulator.account.external_tns import ExternalTnsRequest
from simulator.callbacks import DeliveryOptions
from simulator.catapult.messages_api import MessageLocation
from simulator.server import RunningSimulator, serve
from tests.simulator.support import (
    CONFIG,
    MESSAGING_CREDENTIALS,
    NUMBERS,
    QUICK,
    Client,
    Hosted,
    Received,
    Receiver,
    import_body,
    wait_for_callback,
    wait_until,
)

Host = Callable[..., Hosted]
HANDSET = "+19195550142"
MESSAGES = f"https://api.catapult.inetwork.com/v1/users/{CONFIG.user_id}/messages"
MEDIA = ["https://a.example/giphy-m-asdf.gif", "https://a.example/123_1-m-asdf.smil"]


@pytest.fixture
def hosted(host: Host) -> Hosted:
    return host()


def send(catapult: Client, hosted: Hosted, **changes: Any) -> requests.Response:
    message = {"from": hosted.numbers[0], "to": HANDSET, "text": "Good morning, this is a test message"}
    body = {name: value for name, value in {**message, **changes}.items() if value is not None}
    return catapult.post("/messages", json=body)


def error_fields(response: requests.Response) -> tuple[int, str, str]:
    body = response.json()
    assert body.keys() == {"category", "code", "message", "details"}
    return response.status_code, body["category"], body["code"]


def receive(control: Client, hosted: Hosted, state: str = "delivered", **changes: Any) -> dict[str, Any]:
    """Return the callback of an inbound message when it reaches this state."""
    body = {"from": HANDSET, "to": hosted.numbers[0], "text": "hi", **changes}
    response = control.post("/inbound", json=body)
    assert response.status_code == 202, response.text
    message_id = response.json()["id"]
    return wait_for_callback(control, message_id, state)


def imported(running: RunningSimulator, **properties: str) -> str:
    """Import a number (E.164) into a separate simulator."""
    simulator = running.simulator
    request = ExternalTnsRequest("ICPA123ABC", CONFIG.site_id, None, "IMPORT", None, NUMBERS[:1])
    simulator.external_tns.place(request)
    application = simulator.catapult.create_application({"name": "Hosted", **properties})
    credentials = (CONFIG.account_id, CONFIG.dashboard_user, CONFIG.dashboard_password)
    number = f"+1{NUMBERS[0]}"
    return simulator.catapult.import_number(number, application.id, None, *credentials).number


def settled(control: Client) -> None:
    wait_until(lambda: control.get("/health").json()["callbacks_pending"] == 0)


class TestSending:
    def test_the_documented_request_returns_the_documented_response(
        self, catapult: Client, hosted: Hosted
    ) -> None:
        response = send(catapult, hosted, **{"from": hosted.numbers[0].removeprefix("+")})
        assert (response.status_code, response.content) == (201, b"")
        location = response.headers["Location"]
        assert re.fullmatch(rf"{re.escape(catapult.base)}/messages/m-[a-z2-7]{{23}}", location)

    @pytest.mark.parametrize(("kind", "paths"), [("relative", [True, True]), ("alternate", [False, True])])
    def test_the_location_can_be_a_path(self, kind: MessageLocation, paths: list[bool]) -> None:
        with serve(CONFIG, replace(QUICK, message_location=kind)) as running:
            body = {"from": imported(running, incomingMessageUrl="https://a.example"), "to": HANDSET}
            base = f"{running.catapult_url}/users/{CONFIG.user_id}"
            with Client(base, MESSAGING_CREDENTIALS) as catapult:
                responses = [catapult.post("/messages", json={**body, "text": "hi"}) for _ in paths]

        path = f"/v1/users/{CONFIG.user_id}/messages/m-"
        assert [each.headers["Location"].startswith(path) for each in responses] == paths
        assert all(path in each.headers["Location"] for each in responses)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"from": None}, "missing-property"),
            ({"from": " "}, "blank-property"),
            ({"from": "12345"}, "validation-error"),
            ({"to": None}, "missing-property"),
            ({"to": ""}, "blank-property"),
            ({"to": "nobody"}, "validation-error"),
            ({"to": [HANDSET]}, "validation-error"),
            ({"text": None}, "missing-property"),
            ({"text": ""}, "blank-property"),
            ({"text": 7}, "validation-error"),
            ({"text": "x" * 2049}, "validation-error"),
            ({"tag": 7}, "validation-error"),
            ({"media": [""]}, "validation-error"),
            ({"receiptRequested": "some"}, "validation-error"),
            ({"receiptRequested": "all", "media": MEDIA}, "validation-error"),
            ({"callbackUrl": "a.example"}, "callback-invalid-url"),
            ({"fallbackUrl": "https://a.example"}, "validation-error"),
            ({"callbackHttpMethod": "PUT"}, "validation-error"),
            ({"callbackTimeout": 10001}, "validation-error"),
            ({"applicationId": "a-1"}, "validation-error"),
        ],
    )
    def test_invalid_fields_are_named(
        self, catapult: Client, hosted: Hosted, changes: dict[str, Any], code: str
    ) -> None:
        assert error_fields(send(catapult, hosted, **changes)) == (400, "bad-request", code)

    def test_optional_fields_are_accepted(self, catapult: Client, control: Client, hosted: Hosted) -> None:
        assert send(catapult, hosted, text="x" * 2048, tag="out_1", receiptRequested="none").ok
        assert send(catapult, hosted, text=None, media=MEDIA).ok
        assert send(catapult, hosted, callbackTimeout="2000", callbackHttpMethod="get").ok

        text, mms, _ = control.get("/messages?api=v1").json()["messages"]
        assert (text["tag"], text["segment_count"]) == ("out_1", 14)
        assert (mms["media"], mms["segment_count"]) == (MEDIA, 1)

    def test_an_unknown_number_returns_401(self, catapult: Client, hosted: Hosted) -> None:
        response = send(catapult, hosted, **{"from": "+14352154466"})

        assert error_fields(response) == (401, "authorization", "number-access-denied")
        assert response.json()["details"] == [
            {"name": "userId", "value": CONFIG.user_id},
            {"name": "number", "value": "+14352154466"},
        ]

    def test_a_released_number_returns_401(self, catapult: Client, hosted: Hosted) -> None:
        catapult.delete(f"/phoneNumbers/{hosted.numbers[0]}")
        assert error_fields(send(catapult, hosted))[2] == "number-access-denied"

    def test_accepted_messages_can_be_filtered(
        self, catapult: Client, control: Client, hosted: Hosted
    ) -> None:
        location = send(catapult, hosted, tag="a", receiptRequested="all").headers["Location"]

        send(catapult, hosted, tag="b")

        [shown] = control.get("/messages?tag=a").json()["messages"]
        assert shown.pop("time").endswith("Z")
        assert shown == {
            "id": location.rsplit("/", 1)[1],
            "api": "v1",
            "from": hosted.numbers[0],
            "to": [HANDSET],
            "text": "Good morning, this is a test message",
            "tag": "a",
            "application_id": hosted.application_id,
            "media": [],
            "segment_count": 1,
            "state": "accepted",
            "reason": None,
            "receipt_requested": "all",
        }
        assert len(control.get("/messages?api=v1").json()["messages"]) == 2
        assert control.get("/messages?api=v2").json()["messages"] == []


class TestSendingSeveral:
    def test_each_of_several_messages_has_a_result(
        self, catapult: Client, control: Client, hosted: Hosted
    ) -> None:
        one = {"from": hosted.numbers[0], "to": HANDSET, "text": "one"}
        response = catapult.post("/messages", json=[one, {**one, "to": ""}, {**one, "text": "three"}])
        assert response.status_code == 202

        first, second, third = response.json()

        assert [each["result"] for each in (first, second, third)] == ["accepted", "error", "accepted"]
        assert first["location"].startswith(f"{catapult.base}/messages/m-")
        assert second["error"] == {
            "category": "bad-request",
            "code": "blank-property",
            "message": (
                "The 'message' resource property 'to' must contain at least one non-whitespace character"
            ),
            "details": [],
        }

        texts = [each["text"] for each in control.get("/messages").json()["messages"]]
        assert texts == ["one", "three"]

    def test_more_than_50_messages_are_rejected(
        self, catapult: Client, control: Client, hosted: Hosted
    ) -> None:
        one = {"from": hosted.numbers[0], "to": HANDSET, "text": "one"}

        assert len(catapult.post("/messages", json=[one] * 50).json()) == 50
        assert error_fields(catapult.post("/messages", json=[one] * 51)) == (
            403,
            "limit",
            "multi-message-limit",
        )
        assert len(control.get("/messages").json()["messages"]) == 50


class TestThrottle:
    def test_messages_above_the_ten_second_limit_return_403(
        self, catapult: Client, control: Client, hosted: Hosted
    ) -> None:
        control.put("/pace", json={"messages_per_second": 0.2})
        assert [send(catapult, hosted).status_code for _ in range(2)] == [201, 201]

        limited = send(catapult, hosted)

        assert error_fields(limited) == (403, "limit", "message-rate-limit")
        assert [each["name"] for each in limited.json()["details"]] == [
            "requestMethod",
            "remoteAddress",
            "requestPath",
        ]

        one = {"from": hosted.numbers[0], "to": HANDSET, "text": "one"}
        [result] = catapult.post("/messages", json=[one]).json()
        assert result["error"]["code"] == "message-rate-limit"

        control.delete("/pace")
        assert send(catapult, hosted).status_code == 201


class TestReceipts:
    def test_receipts_of_all_events_report_sent_and_delivered(
        self, catapult: Client, receiver: Receiver, hosted: Hosted
    ) -> None:
        location = send(catapult, hosted, tag="out_1", receiptRequested="all").headers["Location"]

        sent, delivered = receiver.wait_for(2)
        message_id = location.rsplit("/", 1)[1]
        assert delivered.pop("time").endswith("Z")
        assert delivered == {
            "eventType": "sms",
            "direction": "out",
            "messageId": message_id,
            "messageUri": f"{MESSAGES}/{message_id}",
            "from": hosted.numbers[0],
            "to": HANDSET,
            "text": "Good morning, this is a test message",
            "segmentCount": 1,
            "tag": "out_1",
            "state": "sent",
            "deliveryState": "delivered",
            "deliveryCode": "0",
            "deliveryDescription": "Message delivered to carrier",
        }
        assert (sent["state"], sent["deliveryState"]) == ("sent", "waiting")
        assert "deliveryCode" not in sent

    @pytest.mark.parametrize("receipt", [None, "none", "error"])
    def test_a_success_without_requested_receipts_sends_none(
        self, catapult: Client, control: Client, hosted: Hosted, receipt: str | None
    ) -> None:
        assert send(catapult, hosted, receiptRequested=receipt).ok
        assert control.get("/callbacks").json() == {"callbacks": []}

    @pytest.mark.parametrize(
        ("receipt", "outcome", "code", "words"),
        [
            ("all", {"errorCode": 4770}, "770", "Destination rejected due to spam"),
            ("error", {"errorCode": 902}, "902", "Message expired"),
            ("error", {"errorCode": 9999, "description": "who knows"}, "999", "who knows"),
            ("error", {"types": ["message-sent", "message-failed"]}, "750", "Destination rejected message"),
        ],
    )
    def test_a_failure_has_its_code_as_text(
        self,
        catapult: Client,
        receiver: Receiver,
        control: Client,
        hosted: Hosted,
        receipt: str,
        outcome: dict[str, Any],
        code: str,
        words: str,
    ) -> None:
        control.put(f"/outcomes/{HANDSET}", json=outcome)

        send(catapult, hosted, receiptRequested=receipt)

        [event] = receiver.wait_for(1)
        assert (event["state"], event["deliveryState"]) == ("error", "not-delivered")
        assert (event["deliveryCode"], event["deliveryDescription"]) == (code, words)

    def test_events_have_the_order_of_the_outcome(
        self, catapult: Client, receiver: Receiver, control: Client, hosted: Hosted
    ) -> None:
        chosen = ["message-delivered", "message-sending", "message-delivered"]
        control.put(f"/outcomes/{HANDSET}", json={"types": chosen})
        send(catapult, hosted, receiptRequested="all")
        assert [each["state"] for each in receiver.wait_for(3)] == ["sent", "sending", "sent"]

    def test_mms_has_no_receipts(self, catapult: Client, control: Client, hosted: Hosted) -> None:
        control.put(f"/outcomes/{HANDSET}", json={"errorCode": 4770})
        assert send(catapult, hosted, media=MEDIA).ok
        assert control.get("/callbacks").json() == {"callbacks": []}

    def test_receipts_go_to_the_callback_url_of_the_message(
        self, catapult: Client, receiver: Receiver, control: Client, hosted: Hosted
    ) -> None:
        url = receiver.url.replace("/callbacks/v2", "/own?a=b")
        send(catapult, hosted, receiptRequested="all", callbackUrl=url, callbackHttpMethod="get", tag="t 1")
        assert [each["deliveryState"] for each in receiver.wait_for(2)] == ["waiting", "delivered"]

        first = receiver.received[0]
        assert first.method == "GET"
        assert first.path.startswith("/own?a=b&messageId=m-")
        assert first.events[0]["tag"] == "t 1"

    def test_receipts_without_an_application_are_swallowed(
        self, catapult: Client, control: Client, hosted: Hosted
    ) -> None:
        catapult.post(f"/phoneNumbers/{hosted.numbers[0]}", json={"applicationId": ""})
        assert send(catapult, hosted, receiptRequested="all").ok
        [shown] = control.get("/messages").json()["messages"]
        assert (shown["state"], shown["application_id"]) == ("swallowed", "")


class TestInbound:
    def test_a_post_callback_has_the_documented_object(
        self, receiver: Receiver, control: Client, hosted: Hosted
    ) -> None:
        callback = receive(control, hosted)

        [request] = receiver.received
        [event] = request.events
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("time"))
        assert event == {
            "eventType": "sms",
            "direction": "in",
            "messageId": callback["message_id"],
            "messageUri": f"{MESSAGES}/{callback['message_id']}",
            "from": HANDSET,
            "to": hosted.numbers[0],
            "text": "hi",
            "applicationId": hosted.application_id,
            "state": "received",
        }
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/json; charset=utf-8"
        assert request.headers["user-agent"] == "BandwidthAPI/v1 (simulated)"

    def test_a_get_callback_has_the_documented_query(
        self, receiver: Receiver, control: Client, host: Host
    ) -> None:
        hosted = host(callbackHttpMethod="GET")
        callback = receive(control, hosted, text="Grüße & 100%")
        [request] = receiver.received

        assert request.method == "GET"
        assert request.headers["user-agent"] == "BandwidthAPI/v1 (simulated)"

        query = parse_qs(urlsplit(request.path).query, strict_parsing=True)

        assert list(query) == [
            "messageId",
            "from",
            "eventType",
            "text",
            "time",
            "to",
            "state",
            "applicationId",
            "direction",
            "messageUri",
        ]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", query.pop("time")[0])
        assert {name: value for name, [value] in query.items()} == {
            "messageId": callback["message_id"],
            "from": HANDSET,
            "eventType": "sms",
            "text": "Grüße & 100%",
            "to": hosted.numbers[0],
            "state": "received",
            "applicationId": hosted.application_id,
            "direction": "in",
            "messageUri": f"{MESSAGES}/{callback['message_id']}",
        }
        assert f"from=%2B{HANDSET[1:]}&" in request.path
        assert "messageUri=https%3A%2F%2Fapi.catapult.inetwork.com%2Fv1" in request.path

    @pytest.mark.parametrize(("method", "media"), [("POST", MEDIA), ("GET", f"[{MEDIA[0]}, {MEDIA[1]}]")])
    def test_the_event_of_an_mms_has_its_media(
        self, receiver: Receiver, control: Client, host: Host, method: str, media: Any
    ) -> None:
        receive(control, host(callbackHttpMethod=method), media=MEDIA)
        [event] = receiver.events()
        assert (event["eventType"], event["media"]) == ("mms", media)

    def test_copies_are_identical(self, receiver: Receiver, control: Client, hosted: Hosted) -> None:
        control.post("/inbound", json={"from": HANDSET, "to": hosted.numbers[0], "text": "hi", "copies": 2})
        first, second = receiver.wait_for(2)
        assert first == second

    def test_groups_are_rejected(self, control: Client, hosted: Hosted) -> None:
        body = {"from": HANDSET, "to": hosted.numbers[0], "text": "hi", "others": ["9195550143"]}
        assert control.post("/inbound", json=body).status_code == 422

    @pytest.mark.parametrize("how", ["detached", "deleted", "not imported"])
    def test_an_inbound_text_without_an_application_is_swallowed(
        self, catapult: Client, dashboard: Client, control: Client, hosted: Hosted, how: str
    ) -> None:
        number = hosted.numbers[0]
        if how == "detached":
            catapult.post(f"/phoneNumbers/{number}", json={"applicationId": ""})
        elif how == "deleted":
            catapult.delete(f"/applications/{hosted.application_id}")
        else:
            dashboard.xml("POST", "/externalTns", import_body("more", numbers=NUMBERS[3:]), 201)
            number = f"+1{NUMBERS[3]}"

        response = control.post("/inbound", json={"from": HANDSET, "to": number, "text": "hi"})

        assert response.status_code == 202
        assert number in response.json()["swallowed"]
        assert control.get("/callbacks").json() == {"callbacks": []}


class TestCallbacks:
    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_credentials_of_a_url_are_sent_at_once_and_never_shown(
        self, catapult: Client, receiver: Receiver, control: Client, host: Host, method: str
    ) -> None:
        url = receiver.url.replace("http://", "http://hook:open%2Fsesame@")
        hosted = host(incomingMessageUrl=url, incomingMessageFallbackUrl=url, callbackHttpMethod=method)
        receiver.responses = lambda _: 200 if receiver.received else 500
        callback = receive(control, hosted)

        send(catapult, hosted, receiptRequested="all", callbackUrl=url)

        settled(control)
        expected = "Basic " + b64encode(b"hook:open/sesame").decode()
        assert {each.authorization for each in receiver.received} == {expected}
        assert all(urlsplit(each.path).path == "/callbacks/v2" for each in receiver.received)
        assert [each["with_credentials"] for each in callback["attempts"]] == [True, True]
        for path in ("/callbacks", "/account", "/messages", "/requests?bodies=1"):
            assert "sesame" not in control.get(path).text

    def test_after_a_failure_the_fallback_is_called_once(
        self, receiver: Receiver, control: Client, host: Host
    ) -> None:
        fallback = receiver.url.replace("/v2", "/fallback")
        receiver.responses = lambda each: 200 if "fallback" in each.path else 500
        callback = receive(control, host(incomingMessageFallbackUrl=fallback))

        assert [each["status"] for each in callback["attempts"]] == [500, 200]
        assert [each["url"] for each in callback["attempts"]] == [receiver.url, fallback]

        first, second = receiver.received
        assert first.events == second.events

    def test_a_callback_is_lost_after_its_fallback_fails(
        self, receiver: Receiver, control: Client, host: Host
    ) -> None:
        receiver.responses = lambda _: 401
        callback = receive(control, host(incomingMessageFallbackUrl=receiver.url), "lost")
        assert len(callback["attempts"]) == 2
        assert callback["reason"] == "not accepted after 2 attempts; V1 does not retry"

    def test_a_callback_without_a_fallback_is_lost_after_one_failure(
        self, receiver: Receiver, control: Client, hosted: Hosted
    ) -> None:
        receiver.responses = lambda _: 302
        callback = receive(control, hosted, "lost")
        assert [each["status"] for each in callback["attempts"]] == [302]

    def test_the_application_sets_the_callback_timeout(
        self, receiver: Receiver, control: Client, host: Host
    ) -> None:
        def response(request: Received) -> int:
            if "fallback" not in request.path:
                time.sleep(0.3)
            return 200

        receiver.responses = response
        fallback = receiver.url.replace("/v2", "/fallback")
        hosted = host(incomingMessageUrlCallbackTimeout=100, incomingMessageFallbackUrl=fallback)

        callback = receive(control, hosted)

        assert callback["attempts"][0]["error"] == "ReadTimeout"
        assert callback["attempts"][1]["status"] == 200

    def test_callbacks_to_other_hosts_are_not_sent(self, control: Client, host: Host) -> None:
        callback = receive(control, host(incomingMessageUrl="https://hooks.example/v1"), "lost")
        assert callback["attempts"] == []
        assert callback["reason"] == "hooks.example is not on this machine and has no callback route"

    def test_a_route_sends_callbacks_to_this_machine(self, receiver: Receiver) -> None:
        base = receiver.url.removesuffix("/callbacks/v2")

        with serve(CONFIG, replace(QUICK, callback_routes={"amazonaws.com": base})) as running:
            gateway = "https://hook:x@abc123.execute-api.us-east-1.amazonaws.com/live/callbacks/v1"
            number = imported(running, incomingMessageUrl=gateway, callbackHttpMethod="GET")
            running.simulator.messages_v1.receive(HANDSET, number, "hi", [], running.url, DeliveryOptions())
            receiver.wait_for(1)

        [request] = receiver.received
        assert urlsplit(request.path).path == "/restapis/abc123/live/_user_request_/callbacks/v1"
        assert request.authorization == "Basic " + b64encode(b"hook:x").decode()

    def test_callbacks_can_be_filtered_by_api(self, control: Client, hosted: Hosted) -> None:
        callback = receive(control, hosted)

        assert (callback["api"], callback["method"]) == ("v1", "POST")
        assert callback["type"] == "message-received"
        assert len(control.get("/callbacks?api=v1").json()["callbacks"]) == 1
        assert control.get("/callbacks?api=v2").json() == {"callbacks": []}


def test_texts_and_credentials_are_not_captured(catapult: Client, control: Client, hosted: Hosted) -> None:
    send(catapult, hosted, text="private", tag="t", callbackUrl="https://hook:open-sesame@a.example/x")

    [captured] = control.get("/requests?path=/messages&bodies=1").json()["requests"]
    assert json.loads(captured["body"]) == {
        "from": hosted.numbers[0],
        "to": HANDSET,
        "text": "[redacted]",
        "tag": "t",
        "callbackUrl": "https://[redacted]@a.example/x",
    }
