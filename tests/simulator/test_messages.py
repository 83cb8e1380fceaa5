"""The simulated messaging API: requests, responses and events."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from simulator.account.account import SmsFeature
from simulator.account.numbers import AccountNumber
from simulator.messaging.segments import segment_count
from simulator.server import RunningSimulator, serve
from tests.simulator.support import (
    CONFIG,
    DASHBOARD_CREDENTIALS,
    QUICK,
    Client,
    Receiver,
    Setup,
    assign_application,
    wait_until,
)

SetUp = Callable[..., Setup]
HANDSET = "+19195550142"
EVENT_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def send(messaging: Client, setup: Setup, **changes: Any) -> requests.Response:
    message = {
        "from": setup.numbers[0],
        "to": HANDSET,
        "text": "Good morning, this is a test message",
        "applicationId": setup.application_id,
    }
    return messaging.post("/messages", json={**message, **changes})


def types(events: list[dict[str, Any]]) -> list[str]:
    return [each["type"] for each in events]


@pytest.fixture
def setup(set_up: SetUp) -> Setup:
    return set_up()


class TestSending:
    def test_the_documented_request_returns_the_documented_response(
        self, messaging: Client, setup: Setup
    ) -> None:
        response = send(messaging, setup)

        body = response.json()
        assert response.status_code == 202
        assert re.fullmatch(r"\d{13}[a-z0-9]{16}", body.pop("id"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body.pop("time"))
        assert body == {
            "owner": setup.numbers[0],
            "applicationId": setup.application_id,
            "segmentCount": 1,
            "direction": "out",
            "to": [HANDSET],
            "from": setup.numbers[0],
            "text": "Good morning, this is a test message",
        }

    def test_the_response_contains_optional_fields(self, messaging: Client, setup: Setup) -> None:
        body = send(messaging, setup, tag="out_1", media=["https://a.example/b.png"], priority="high").json()
        assert body["tag"] == "out_1"
        assert body["media"] == ["https://a.example/b.png"]
        assert body["priority"] == "high"

    @pytest.mark.parametrize(
        "expiration",
        ["2099-03-14T01:59:26Z", "2099-03-13T20:59:26-05:00", "2099-03-14t01:59:26.123456789z"],
    )
    def test_the_response_contains_the_expiration_unchanged(
        self, messaging: Client, receiver: Receiver, setup: Setup, expiration: str
    ) -> None:
        response = send(messaging, setup, expiration=expiration, priority="default")

        assert response.status_code == 202, response.text
        assert response.json()["expiration"] == expiration
        for event in receiver.wait_for(2):
            assert event["message"]["priority"] == "default"
            assert "expiration" not in event["message"]

    def test_us_numbers_can_omit_the_country_code(self, messaging: Client, setup: Setup) -> None:
        own = setup.numbers[0].removeprefix("+1")
        body = send(messaging, setup, **{"from": own, "to": ["9195550142", "19195550143"]}).json()
        assert body["from"] == setup.numbers[0]
        assert body["to"] == ["+19195550142", "+19195550143"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("from", None),
            ("from", "12345"),
            ("to", None),
            ("to", []),
            ("to", ["+19195550142", "nobody"]),
            ("to", [f"+191955501{each}" for each in range(10, 21)]),
            ("to", [HANDSET, "9195550142"]),
            ("applicationId", None),
            ("text", None),
            ("text", "x" * 2049),
            ("text", 7),
            ("tag", "x" * 1025),
            ("media", [""]),
            ("media", [7]),
            ("media", ["b.png"]),
            ("media", ["https://a.example/b.png", f"https://a.example/{'x' * 4079}"]),
            ("priority", "urgent"),
            ("priority", 1),
            ("expiration", "tomorrow"),
            ("expiration", 4102444800),
            ("expiration", "2099-03-14T01:59:26"),
            ("expiration", "2099-02-30T01:59:26Z"),
            ("expiration", "2020-03-14T01:59:26Z"),
            ("receiptRequested", "all"),
        ],
    )
    def test_invalid_fields_are_named(
        self, messaging: Client, setup: Setup, field: str, value: object
    ) -> None:
        response = send(messaging, setup, **{field: value})

        body = response.json()
        assert response.status_code == 400
        assert body["type"] == "request-validation"
        assert field in [each["fieldName"] for each in body["fieldErrors"]]
        assert all(each["description"] for each in body["fieldErrors"])

    def test_the_longest_text_and_media_without_text_are_accepted(
        self, messaging: Client, setup: Setup
    ) -> None:
        assert send(messaging, setup, text="x" * 2048).json()["segmentCount"] == 14
        assert send(messaging, setup, text=None, media="https://a.example/b.png").json()["segmentCount"] == 1
        longest = f"https://a.example/{'x' * 4078}"
        assert send(messaging, setup, text=None, media=[longest], tag="x" * 1024).status_code == 202

    def test_a_body_that_is_not_an_object_returns_400(self, messaging: Client) -> None:
        for body in ("[]", "{", ""):
            response = messaging.post("/messages", data=body, headers={"Content-Type": "application/json"})
            assert (response.status_code, response.json()["type"]) == (400, "request-validation")

    def test_another_content_type_returns_415(self, messaging: Client) -> None:
        response = messaging.post("/messages", data="{}", headers={"Content-Type": "text/plain"})
        assert (response.status_code, response.json()["type"]) == (415, "unsupported-content-type")

    def test_wrong_credentials_return_401(self, messaging: Client) -> None:
        with Client(messaging.base, DASHBOARD_CREDENTIALS) as unauthorized:
            response = unauthorized.post("/messages", json={})
        assert (response.status_code, response.json()["type"]) == (401, "unauthorized")

    def test_another_user_returns_403(self, bandwidth: RunningSimulator, messaging: Client) -> None:
        with Client(f"{bandwidth.messaging_url}/users/u-other", messaging.credentials) as client:
            response = client.post("/messages", json={})
        assert (response.status_code, response.json()["type"]) == (403, "forbidden")

    def test_unknown_paths_return_404_in_their_own_form(self, messaging: Client) -> None:
        response = messaging.get("/messages/happy")
        assert response.status_code == 404
        assert response.json().keys() == {"timestamp", "status", "error", "message", "path"}


class TestPace:
    def test_messages_above_the_rate_return_429(
        self, messaging: Client, control: Client, setup: Setup
    ) -> None:
        pace = control.put("/pace", json={"v2_messages_per_second": 2}).json()
        assert pace == {"burst": 800, "v2_messages_per_second": 2}
        assert [send(messaging, setup).status_code for _ in range(3)] == [202, 202, 429]

        rejected = send(messaging, setup)
        assert rejected.json()["type"] == "max-message-queue-size-exceeded"
        assert "Retry-After" not in rejected.headers
        assert control.get("/messages?summary=1").json()["count"] == 2

        wait_until(lambda: send(messaging, setup).status_code == 202)

    def test_rejected_messages_do_not_count(self, messaging: Client, control: Client, setup: Setup) -> None:
        control.put("/pace", json={"v2_messages_per_second": 0.1})

        assert [send(messaging, setup, to=to).status_code for to in ("x", HANDSET, HANDSET)] == [
            400,
            202,
            429,
        ]

        control.delete("/pace")
        assert send(messaging, setup).status_code == 202

    def test_a_lost_response_can_be_a_429(self, messaging: Client, control: Client, setup: Setup) -> None:
        control.put("/pace", json={"v2_messages_per_second": 0.1})
        control.post("/faults", json={"path": "/messages", "lose_answer": True, "times": 2})

        for _ in range(2):
            with pytest.raises(requests.ConnectionError):
                send(messaging, setup)

        assert control.get("/messages?summary=1").json()["count"] == 1

    def test_segments_above_the_accounts_rate_are_delivered_in_order_at_that_rate(
        self, messaging: Client, control: Client, receiver: Receiver, setup: Setup
    ) -> None:
        control.put("/pace", json={"v2_segments_per_second": 4})

        sent = [send(messaging, setup).json()["id"] for _ in range(5)]

        events = receiver.wait_for(10)
        delivered = [each for each in events if each["type"] == "message-delivered"]
        times = [datetime.fromisoformat(each["time"]) for each in delivered]
        assert [each["message"]["id"] for each in delivered] == sent
        assert times[4] - times[0] >= timedelta(seconds=0.99)
        counts = control.get("/send-counts").json()
        assert (counts["requests"], counts["rejected"]) == (5, 0)
        assert 1 <= counts["longest_queue"] <= 4

    def test_a_queue_of_fifteen_minutes_rejects_more_segments(
        self, messaging: Client, control: Client, setup: Setup
    ) -> None:
        control.put("/pace", json={"v2_segments_per_second": 0.01})
        group: dict[str, Any] = {"to": [HANDSET, "+19195550143", "+19195550144"]}
        messages: list[dict[str, Any]] = [
            {"text": "x" * 161},
            {"text": "x" * 2000, "media": ["https://example.com/a.png"]},
            group,
            group | {"media": ["https://example.com/a.png"]},
        ]

        assert [send(messaging, setup, **each).status_code for each in messages] == [202] * 4
        full = send(messaging, setup)

        assert (full.status_code, full.json()["type"]) == (429, "max-message-queue-size-exceeded")
        assert "Retry-After" not in full.headers
        counts = control.get("/send-counts").json()
        assert (counts["requests"], counts["rejected"]) == (5, 1)

    def test_v1_has_a_separate_limit(self, messaging: Client, control: Client, setup: Setup) -> None:
        control.put("/pace", json={"messages_per_second": 0.1})
        assert [send(messaging, setup).status_code for _ in range(2)] == [202, 202]


class TestReceipts:
    def test_a_text_is_sent_then_delivered(self, messaging: Client, receiver: Receiver, setup: Setup) -> None:
        response = send(messaging, setup, tag="out_1").json()

        events = receiver.wait_for(2)
        assert types(events) == ["message-sent", "message-delivered"]
        assert receiver.received[0].path == "/callbacks/v2"
        assert [len(each.events) for each in receiver.received] == [1, 1]
        for event in events:
            assert EVENT_TIME.fullmatch(event["time"])
            assert event["description"]
            assert event["to"] == HANDSET
            assert "errorCode" not in event
            assert event["message"] == {
                "id": response["id"],
                "owner": setup.numbers[0],
                "applicationId": setup.application_id,
                "time": response["time"],
                "segmentCount": 1,
                "direction": "out",
                "to": [HANDSET],
                "from": setup.numbers[0],
                "text": "",
                "tag": "out_1",
            }

    def test_only_mms_has_message_sending(self, messaging: Client, receiver: Receiver, setup: Setup) -> None:
        send(messaging, setup, media=["https://a.example/b.png"])

        events = receiver.wait_for(3)
        assert types(events) == ["message-sending", "message-sent", "message-delivered"]
        assert events[2]["description"] == "Message delivered to carrier"
        assert events[0]["message"]["media"] == ["https://a.example/b.png"]

    def test_a_group_has_events_per_recipient(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        control.put("/outcomes/9195550143", json={"errorCode": 4720})

        response = send(messaging, setup, to=[HANDSET, "+19195550143"]).json()

        events = receiver.wait_for(4)
        last = {each["to"]: each["type"] for each in events if each["type"][8:] in ("delivered", "failed")}
        assert last == {HANDSET: "message-delivered", "+19195550143": "message-failed"}
        assert {each["message"]["id"] for each in events} == {response["id"]}

    def test_each_of_ten_recipients_has_its_outcome(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        group = [f"+191955501{each}" for each in range(40, 50)]
        control.put(f"/outcomes/{group[0]}", json={"errorCode": 4770, "times": 1})
        control.put(f"/outcomes/{group[1]}", json={"types": []})

        response = send(messaging, setup, to=group, tag="group").json()

        events = receiver.wait_for(8 * 3 + 1)
        last = {each["to"]: each["type"] for each in events if each["type"][8:] in ("delivered", "failed")}
        assert last == {group[0]: "message-failed"} | dict.fromkeys(group[2:], "message-delivered")
        assert {(each["message"]["id"], each["message"]["tag"]) for each in events} == {
            (response["id"], "group")
        }
        assert all(each["message"]["to"] == group for each in events)

    def test_an_expiration_reached_before_sending_fails(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        control.put(f"/outcomes/{HANDSET}", json={"types": ["message-delivered"], "seconds": 60})
        expiration = (datetime.now(UTC) + timedelta(seconds=0.5)).isoformat()
        assert send(messaging, setup, expiration=expiration).status_code == 202

        [event] = receiver.wait_for(1)
        assert (event["type"], event["errorCode"]) == ("message-failed", 4360)
        assert event["description"] == "message-not-sent-expiration-date-passed"
        assert datetime.fromisoformat(event["time"]) == datetime.fromisoformat(expiration)

        [shown] = control.get("/messages").json()["messages"]
        assert shown["reason"] == "4360 message-not-sent-expiration-date-passed"

    def test_a_message_from_an_unknown_number_fails(
        self, messaging: Client, receiver: Receiver, setup: Setup
    ) -> None:
        assert send(messaging, setup, **{"from": "+19105559999"}).status_code == 202
        [event] = receiver.wait_for(1)
        assert (event["type"], event["errorCode"]) == ("message-failed", 4407)
        assert event["description"] == "rejected-account-not-defined-from-number"

    def test_a_wrong_application_fails(self, messaging: Client, receiver: Receiver, setup: Setup) -> None:
        assert send(messaging, setup, applicationId="no-such-application").status_code == 202
        [event] = receiver.wait_for(1)
        assert (event["type"], event["errorCode"]) == ("message-failed", 4452)
        assert event["message"]["applicationId"] == "no-such-application"

    def test_mms_from_a_location_without_it_fails(
        self, messaging: Client, receiver: Receiver, set_up: SetUp
    ) -> None:
        send(messaging, set_up(mms=False), media=["https://a.example/b.png"])
        [event] = receiver.wait_for(1)
        assert (event["type"], event["errorCode"]) == ("message-failed", 4001)

    def test_messages_of_a_location_without_an_application_have_no_events(
        self, messaging: Client, dashboard: Client, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        setup = set_up(assign=False)
        swallowed = send(messaging, setup, tag="silent")
        assert swallowed.status_code == 202

        [shown] = control.get("/messages?tag=silent").json()["messages"]
        assert shown["state"] == "swallowed"
        assert "no application" in shown["reason"]

        assign_application(dashboard, setup.location_path, setup.application_id)
        accepted = send(messaging, setup).json()
        assert {each["message"]["id"] for each in receiver.wait_for(2)} == {accepted["id"]}

    def test_receipt_types_limit_the_events(self, receiver: Receiver) -> None:
        chosen = replace(QUICK, receipt_types=["message-delivered"])

        with serve(CONFIG, chosen) as running:
            simulator = running.simulator
            application = simulator.account.create_application("Alerts", receiver.url)
            location = simulator.account.create_location("701", "Alerts", is_default=True)
            simulator.account.enable_sms(location, SmsFeature({"Protocol": "HTTP"}, "539692"))
            simulator.account.assign_application(location, application.id)
            simulator.account.numbers.add(AccountNumber("9195550100", "701", location.id))
            simulator.messages.send("+19195550100", [HANDSET], "hi", application.id, [], None)
            wait_until(lambda: simulator.courier.pending() == 0)

        assert types(receiver.events()) == ["message-delivered"]


class TestOutcomes:
    def test_a_failure_has_the_code_and_description_of_the_outcome(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        control.put(
            f"/outcomes/{HANDSET}", json={"errorCode": 4770, "description": "carrier-rejected-as-spam"}
        )

        send(messaging, setup)

        [event] = receiver.wait_for(1)
        assert event["type"] == "message-failed"
        assert event["errorCode"] == 4770
        assert event["description"] == "carrier-rejected-as-spam"

    @pytest.mark.parametrize(
        ("code", "words"),
        [(4720, "invalid-destination-address"), (9902, "delivery-receipt-expired"), (4999, "unknown-error")],
    )
    def test_a_code_without_a_description_has_the_published_one(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup, code: int, words: str
    ) -> None:
        control.put(f"/outcomes/{HANDSET}", json={"errorCode": code})
        send(messaging, setup)
        [event] = receiver.wait_for(1)
        assert (event["errorCode"], event["description"]) == (code, words)

    def test_events_have_the_order_of_the_outcome(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        chosen = ["message-delivered", "message-sent", "message-delivered", "message-failed"]
        control.put(f"/outcomes/{HANDSET}", json={"types": chosen})
        send(messaging, setup)
        assert types(receiver.wait_for(4)) == chosen

    def test_an_outcome_can_end_after_so_many_messages(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        control.put(f"/outcomes/{HANDSET}", json={"types": [], "times": 1})
        send(messaging, setup, tag="first")
        send(messaging, setup, tag="second")
        assert {each["message"]["tag"] for each in receiver.wait_for(2)} == {"second"}

        [first] = control.get("/messages?tag=first").json()["messages"]
        assert (first["state"], first["reason"]) == ("accepted", f"no events for {HANDSET}")

    def test_an_outcome_can_have_its_own_delay(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        control.put(f"/outcomes/{HANDSET}", json={"seconds": 60})
        send(messaging, setup)
        send(messaging, setup, to="+19195550143")
        assert {each["to"] for each in receiver.wait_for(2)} == {"+19195550143"}

        wait_until(lambda: control.get("/health").json()["callbacks_pending"] == 2)


class TestInbound:
    def test_an_inbound_text_reaches_the_application_of_the_number(
        self, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        own = setup.numbers[1]
        response = control.post("/inbound", json={"from": HANDSET, "to": own, "text": "hi"})
        assert response.status_code == 202
        assert response.json()["callback_url"] == receiver.url

        [event] = receiver.wait_for(1)
        message = event["message"]

        assert (event["type"], event["to"]) == ("message-received", own)
        assert EVENT_TIME.fullmatch(event["time"])
        assert message.pop("time")
        assert message == {
            "id": response.json()["id"],
            "owner": own,
            "applicationId": setup.application_id,
            "segmentCount": 1,
            "direction": "in",
            "to": [own],
            "from": HANDSET,
            "text": "hi",
        }

    def test_copies_are_identical(self, receiver: Receiver, control: Client, setup: Setup) -> None:
        control.post("/inbound", json={"from": HANDSET, "to": setup.numbers[0], "text": "hi", "copies": 2})
        first, second = receiver.wait_for(2)
        assert first == second

    def test_an_inbound_message_can_have_media_and_other_recipients(
        self, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        inbound = {
            "from": HANDSET,
            "to": setup.numbers[0],
            "media": ["https://a.example/b.png"],
            "others": ["9195550143"],
        }

        control.post("/inbound", json=inbound)

        [event] = receiver.wait_for(1)
        assert event["message"]["media"] == ["https://a.example/b.png"]
        assert event["message"]["to"] == [setup.numbers[0], "+19195550143"]
        assert event["message"]["text"] == ""

    def test_each_account_number_of_a_group_has_an_event(
        self, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        first, second = setup.numbers
        body = {"from": HANDSET, "to": second, "others": ["9195550143", first], "text": "hi"}

        response = control.post("/inbound", json=body).json()

        events = {each["to"]: each["message"] for each in receiver.wait_for(2)}
        assert events.keys() == {first, second}
        assert {number: each["owner"] for number, each in events.items()} == {first: first, second: second}
        assert events[second]["id"] == response["id"] != events[first]["id"]
        assert [each["id"] for each in response["others"]] == [events[first]["id"]]
        assert {tuple(each["to"]) for each in events.values()} == {(second, "+19195550143", first)}

    def test_an_unknown_number_returns_404(self, control: Client) -> None:
        response = control.post("/inbound", json={"from": HANDSET, "to": "+19105559999", "text": "hi"})
        assert response.status_code == 404
        assert response.json()["error"] == "+19105559999 is not a number of this account."

    def test_an_inbound_text_without_an_application_is_swallowed(
        self, control: Client, set_up: SetUp
    ) -> None:
        inbound = {"from": HANDSET, "to": set_up(assign=False).numbers[0], "text": "hi"}

        response = control.post("/inbound", json=inbound)

        assert response.status_code == 202
        assert "no application" in response.json()["swallowed"]
        assert control.get("/callbacks").json() == {"callbacks": []}


class TestStyle:
    @pytest.mark.parametrize(("digits", "fraction"), [(0, ""), (3, r"\.\d{3}"), (6, r"\.\d{6}")])
    def test_times_have_the_digits_of_the_style(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup, digits: int, fraction: str
    ) -> None:
        assert control.put("/style", json={"time_digits": digits}).json()["time_digits"] == digits

        send(messaging, setup)
        control.post("/inbound", json={"from": HANDSET, "to": setup.numbers[0], "text": "hi"})
        pattern = re.compile(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d{fraction}Z")

        for event in receiver.wait_for(3):
            assert pattern.fullmatch(event["time"])
            assert pattern.fullmatch(event["message"]["time"])

    def test_events_have_the_carrier_name_of_the_style(
        self, messaging: Client, current: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        send(messaging, setup)
        assert all("carrierName" not in each for each in receiver.wait_for(2))

        control.put("/style", json={"carrier_name": "AT&T"})
        response = send(messaging, setup).json()
        assert {each["carrierName"] for each in receiver.wait_for(4)[2:]} == {"AT&T"}

        [found] = current.get("/messages", params={"carrierName": "AT&T"}).json()["messages"]
        assert found["messageId"] == response["id"]

        control.post("/reset")
        assert control.get("/style").json() == {"time_digits": None, "carrier_name": None}

    def test_an_unknown_style_returns_422(self, control: Client) -> None:
        response = control.put("/style", json={"time_digits": 4})
        assert (response.status_code, response.json()["error"][:13]) == (422, "time_digits: ")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 152 + "€" + "x" * 152, 3),
        ("Привет", 1),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("\ud83d", 1),
    ],
)
def test_segments_are_counted(text: str, count: int) -> None:
    assert segment_count(text) == count


def test_accepted_messages_can_be_filtered(messaging: Client, control: Client, setup: Setup) -> None:
    sent = send(messaging, setup, tag="a", to="9195550143").json()
    send(messaging, setup, tag="b")
    [shown] = control.get("/messages", params={"to": "+19195550143"}).json()["messages"]

    assert shown == {
        "id": sent["id"],
        "api": "v2",
        "from": setup.numbers[0],
        "to": ["+19195550143"],
        "text": "Good morning, this is a test message",
        "tag": "a",
        "application_id": setup.application_id,
        "media": [],
        "segment_count": 1,
        "time": sent["time"],
        "state": "accepted",
        "reason": None,
        "priority": None,
        "expiration": None,
        "channel": None,
        "content": None,
    }

    by_sender = control.get("/messages", params={"from": setup.numbers[0]}).json()["messages"]
    assert [each["tag"] for each in by_sender] == ["a", "b"]
    assert control.get("/messages?tag=c").json() == {"messages": []}


class TestSummary:
    def test_the_summary_has_counts_by_state_and_duplicate_tags(
        self, messaging: Client, receiver: Receiver, control: Client, setup: Setup
    ) -> None:
        control.put("/outcomes/9195550143", json={"errorCode": 4720})
        for tag in ("a", "b", "a", "c", None, None):
            send(messaging, setup, tag=tag)
        send(messaging, setup, tag="c", to="9195550143")

        control.post("/inbound", json={"from": HANDSET, "to": setup.numbers[0], "text": "hi"})

        wait_until(lambda: control.get("/health").json()["callbacks_pending"] == 0)
        assert control.get("/messages?summary=1").json() == {
            "count": 7,
            "states": {"accepted": 7},
            "duplicate_tags": ["a", "c"],
            "callbacks": {
                "message-sent": {"delivered": 6},
                "message-delivered": {"delivered": 6},
                "message-failed": {"delivered": 1},
            },
        }

    def test_the_summary_is_of_the_filtered_messages(
        self, messaging: Client, dashboard: Client, control: Client, setup: Setup
    ) -> None:
        send(messaging, setup, tag="a")
        assign_application(dashboard, setup.location_path, "REMOVE")

        send(messaging, setup, tag="a", **{"from": setup.numbers[1]})

        shown = control.get("/messages", params={"summary": "true", "from": setup.numbers[1]}).json()
        assert shown == {"count": 1, "states": {"swallowed": 1}, "duplicate_tags": [], "callbacks": {}}

    def test_the_summary_can_be_empty(self, control: Client) -> None:
        shown = control.get("/messages?summary=1").json()
        assert shown == {"count": 0, "states": {}, "duplicate_tags": [], "callbacks": {}}


def test_a_client_that_retries_only_rejections_sends_each_message_once(
    messaging: Client, receiver: Receiver, control: Client, setup: Setup
) -> None:
    kinds: list[dict[str, object]] = [{"lose_answer": True}, {"answer": {"status": 503}}]
    for seed, kind in enumerate(kinds):
        control.post("/faults", json={"path": "/messages$", "chance": 0.1, "seed": seed, **kind})

    def send_until_accepted(number: int) -> set[int | None]:
        responses: set[int | None] = set()
        with Client(messaging.base, messaging.credentials) as client:
            while not responses & {202, None}:
                try:
                    responses.add(send(client, setup, tag=f"out_{number}").status_code)
                except requests.ConnectionError:
                    responses.add(None)
        return responses

    with ThreadPoolExecutor(4) as senders:
        responses = set().union(*senders.map(send_until_accepted, range(120)))

    assert responses == {202, 503, None}

    wait_until(lambda: control.get("/health").json()["callbacks_pending"] == 0)

    assert control.get("/messages?summary=1").json() == {
        "count": 120,
        "states": {"accepted": 120},
        "duplicate_tags": [],
        "callbacks": {"message-sent": {"delivered": 120}, "message-delivered": {"delivered": 120}},
    }
    assert len({each["message"]["tag"] for each in receiver.events()}) == 120


def test_the_events_of_many_messages_arrive_in_time(
    bandwidth: RunningSimulator, receiver: Receiver, control: Client, setup: Setup
) -> None:
    for number in range(200):
        bandwidth.simulator.messages.send(
            setup.numbers[0], [HANDSET], "hi", setup.application_id, [], f"out_{number}"
        )

    wait_until(lambda: control.get("/health").json()["callbacks_pending"] == 0)
    assert len({each["message"]["tag"] for each in receiver.events()}) == 200
