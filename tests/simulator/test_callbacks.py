"""The delivery of callbacks: challenge, retries, routes and lost events."""

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from simulator.callback_routes import Routes
from simulator.messaging.events import callback
from simulator.server import serve
from tests.simulator.support import (
    CONFIG,
    QUICK,
    Client,
    Hosted,
    Received,
    Receiver,
    Setup,
    challenge,
    wait_for_callback,
    wait_until,
)

SetUp = Callable[..., Setup]
EMULATOR = "http://127.0.0.1:4566"


def receive(control: Client, setup: Setup, state: str) -> dict[str, Any]:
    """Return the callback of an inbound text when it reaches this state."""
    body = {"from": "+19195550142", "to": setup.numbers[0], "text": "hi"}
    message_id = control.post("/inbound", json=body).json()["id"]
    return wait_for_callback(control, message_id, state)


def statuses(callback: dict[str, Any]) -> list[tuple[int | None, bool]]:
    return [(each["status"], each["with_credentials"]) for each in callback["attempts"]]


class TestChallenge:
    def test_credentials_are_sent_only_after_a_challenge(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        receiver.responses = challenge("hook", "open-sesame")
        callback = receive(control, set_up(credentials=("hook", "open-sesame")), "delivered")
        assert statuses(callback) == [(401, False), (200, True)]

        first, second = receiver.received
        assert first.authorization is None
        assert second.authorization == "Basic " + b64encode(b"hook:open-sesame").decode()
        assert first.events == second.events

    def test_credentials_are_not_sent_without_a_challenge(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        callback = receive(control, set_up(credentials=("hook", "open-sesame")), "delivered")
        assert statuses(callback) == [(200, False)]
        assert receiver.received[0].authorization is None

    @pytest.mark.parametrize("headers", [{}, {"WWW-Authenticate": "Bearer"}, {"x-amzn-remapped": "Basic"}])
    def test_a_401_without_a_challenge_loses_the_event(
        self, receiver: Receiver, control: Client, set_up: SetUp, headers: dict[str, str]
    ) -> None:
        receiver.responses = lambda _: (401, headers)

        callback = receive(control, set_up(credentials=("hook", "open-sesame")), "lost")

        assert statuses(callback) == [(401, False)]
        assert "WWW-Authenticate" in callback["reason"]
        assert len(receiver.received) == 1

    def test_an_endpoint_without_credentials_gets_none(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        receiver.responses = challenge("hook", "open-sesame")
        callback = receive(control, set_up(), "lost")
        assert statuses(callback) == [(401, False)] * (QUICK.retry_limit + 1)

    def test_a_callback_with_wrong_credentials_is_retried(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        receiver.responses = challenge("hook", "open-sesame")
        callback = receive(control, set_up(credentials=("hook", "wrong")), "lost")
        assert statuses(callback) == [(401, False), (401, True)] * (QUICK.retry_limit + 1)

    def test_invalid_credentials_lose_only_their_event(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        receiver.responses = challenge("hook", "open-sesame")
        setup = set_up(credentials=("☃", "open-sesame"))

        # One more than there are workers: none of them has ended.
        callbacks = [receive(control, setup, "lost") for _ in range(QUICK.callback_workers + 1)]

        assert {each["reason"] for each in callbacks} == {"cannot be delivered: UnicodeEncodeError"}


class TestRetries:
    @pytest.mark.parametrize("status", [500, 503, 404, 403, 302])
    def test_a_callback_is_retried_until_a_2xx(
        self, receiver: Receiver, control: Client, set_up: SetUp, status: int
    ) -> None:
        receiver.responses = lambda _: status if len(receiver.received) < 2 else 204
        callback = receive(control, set_up(), "delivered")
        assert [each["status"] for each in callback["attempts"]] == [status, status, 204]
        assert len({str(each.events) for each in receiver.received}) == 1

    def test_a_callback_is_lost_after_the_retry_limit(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        receiver.responses = lambda _: 500
        callback = receive(control, set_up(), "lost")
        assert len(callback["attempts"]) == QUICK.retry_limit + 1
        assert callback["reason"] == f"not accepted after {QUICK.retry_limit + 1} attempts"

    def test_a_refused_connection_is_retried(self, control: Client, set_up: SetUp) -> None:
        callback = receive(control, set_up(url="http://127.0.0.1:9/callbacks"), "lost")
        assert {each["error"] for each in callback["attempts"]} == {"ConnectionError"}
        assert len(callback["attempts"]) == QUICK.retry_limit + 1

    def test_a_timeout_is_retried(self, receiver: Receiver) -> None:
        def respond(_: Received) -> int:
            if not receiver.received:
                time.sleep(0.3)
            return 200

        receiver.responses = respond

        with serve(CONFIG, replace(QUICK, callback_timeout=0.1)) as running:
            application = running.simulator.account.create_application("Alerts", receiver.url)
            event = {"type": "message-received", "to": "+1", "message": {"id": "1", "direction": "in"}}
            wanted = callback(application, event)
            assert wanted is not None
            running.simulator.courier.send([wanted])
            wait_until(lambda: running.simulator.courier.pending() == 0)
            [delivery] = running.simulator.courier.deliveries()

        assert delivery.attempts[0]["error"] == "ReadTimeout"
        assert delivery.state == "delivered"

    def test_a_failing_callback_does_not_delay_others(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        failing = set_up()
        receiver.responses = lambda each: 500 if each.events[0]["message"]["text"] == "hi" else 200
        body = {"from": "+19195550142", "to": failing.numbers[0], "text": "hi"}
        control.post("/inbound", json=body)
        control.post("/inbound", json={**body, "text": "ho"})
        wait_until(lambda: "ho" in [each["message"]["text"] for each in receiver.events()])


class TestRoutes:
    def test_callbacks_to_other_hosts_are_not_sent(self, control: Client, set_up: SetUp) -> None:
        callback = receive(control, set_up(url="https://hooks.example/v2"), "lost")
        assert callback["attempts"] == []
        assert callback["reason"] == "hooks.example is not on this machine and has no callback route"

    def test_a_route_sends_callbacks_to_this_machine(self, receiver: Receiver) -> None:
        base = receiver.url.removesuffix("/callbacks/v2")
        routed = replace(QUICK, callback_routes={"amazonaws.com": base})

        with serve(CONFIG, routed) as running:
            application = running.simulator.account.create_application(
                "Alerts", "https://abc123.execute-api.us-east-1.amazonaws.com/live/callbacks/v2", "hook", "x"
            )
            event = {"type": "message-received", "to": "+1", "message": {"id": "1", "direction": "in"}}
            wanted = callback(application, event)
            assert wanted is not None
            running.simulator.courier.send([wanted])
            assert receiver.wait_for(1) == [event]

        assert receiver.received[0].path == "/restapis/abc123/live/_user_request_/callbacks/v2"

    @pytest.mark.parametrize(
        ("url", "destination"),
        [
            (
                "https://abc123.execute-api.eu-west-1.amazonaws.com/live/callbacks/v2?a=b",
                f"{EMULATOR}/restapis/abc123/live/_user_request_/callbacks/v2?a=b",
            ),
            (
                "http://abc123.execute-api.localhost:4566/live/x",
                f"{EMULATOR}/restapis/abc123/live/_user_request_/x",
            ),
            ("https://hooks.example:8443/a/b", "http://127.0.0.1:9000/base/a/b"),
            ("https://www.hooks.example/", "http://127.0.0.1:9000/base/"),
            ("https://nothooks.example/", None),
            ("https://8.8.8.8/", None),
            ("http://127.0.0.1:7/x", "http://127.0.0.1:7/x"),
            ("http://localhost:7/x", "http://localhost:7/x"),
            ("http://[::1]:7/x", "http://[::1]:7/x"),
            ("http://10.0.0.1/x", None),
        ],
    )
    def test_routes_map_urls_to_this_machine(self, url: str, destination: str | None) -> None:
        routes = {
            "amazonaws.com": EMULATOR,
            "execute-api.localhost": EMULATOR,
            "hooks.example": "http://127.0.0.1:9000/base/",
        }

        assert Routes(routes).destination(url) == destination


class TestRawCallbacks:
    @pytest.mark.parametrize("body", [b"", b"[", b"\xff\xfe\x00", b"[" * 10_000, '["é"]'.encode()])
    @pytest.mark.parametrize("content_type", [None, "text/plain; charset=latin-1"])
    def test_a_raw_callback_has_the_body_of_the_request(
        self, receiver: Receiver, control: Client, set_up: SetUp, body: bytes, content_type: str | None
    ) -> None:
        receiver.responses = challenge("hook", "open-sesame")
        setup = set_up(credentials=("hook", "open-sesame"))
        headers = {"Content-Type": content_type} if content_type else {}
        response = control.post(f"/callbacks?target={setup.application_id}", data=body, headers=headers)

        assert response.status_code == 202

        receiver.wait_for(2)

        assert [each.body for each in receiver.received] == [body, body]
        assert {each.headers.get("content-type") for each in receiver.received} == {content_type}
        assert {each.headers["user-agent"] for each in receiver.received} == {"BandwidthAPI/v2"}
        assert [bool(each.authorization) for each in receiver.received] == [False, True]

        shown = control.get(f"/callbacks?message_id={response.json()['id']}").json()["callbacks"]
        assert [each["type"] for each in shown] == ["raw"]

    def test_a_raw_callback_is_retried(self, receiver: Receiver, control: Client, set_up: SetUp) -> None:
        receiver.responses = lambda _: 500 if len(receiver.received) < 2 else 200
        control.post(f"/callbacks?target={set_up().application_id}", data=b"{")
        receiver.wait_for(3)
        assert {each.body for each in receiver.received} == {b"{"}

    def test_a_raw_callback_can_use_another_method_and_a_url(
        self, receiver: Receiver, control: Client
    ) -> None:
        params = {"target": f"{receiver.url}?a=b", "method": "PUT", "query": "c=%FF", "api": "v1"}

        control.post("/callbacks", params=params, data=b"x")

        receiver.wait_for(1)
        [request] = receiver.received
        assert (request.method, request.body) == ("PUT", b"x")
        assert request.path.endswith("/callbacks/v2?a=b&c=%FF")
        assert request.headers["user-agent"] == "BandwidthAPI/v1 (simulated)"

    def test_a_raw_callback_to_a_v1_application_follows_v1(
        self, receiver: Receiver, control: Client, host: Callable[..., Hosted]
    ) -> None:
        receiver.responses = lambda _: 500
        hosted = host(incomingMessageUrl=receiver.url.replace("http://", "http://hook:x@"))
        params = {"target": hosted.application_id, "method": "GET", "query": "eventType=sms"}
        message_id = control.post("/callbacks", params=params).json()["id"]
        callback = wait_for_callback(control, message_id, "lost")

        assert (callback["api"], len(callback["attempts"])) == ("v1", 1)

        [request] = receiver.received
        assert request.events == [{"eventType": "sms"}]
        assert request.authorization == "Basic " + b64encode(b"hook:x").decode()

    @pytest.mark.parametrize(
        ("query", "error"),
        [
            ("", "target: "),
            ("target=nothing", "target: "),
            ("target=ftp://a.example", "target: "),
            ("target=http://a.example&method=MAKE", "method: "),
        ],
    )
    def test_invalid_input_returns_422_with_an_error(self, control: Client, query: str, error: str) -> None:
        response = control.post(f"/callbacks?{query}", data=b"{}")
        assert response.status_code == 422
        assert response.json()["error"].startswith(error)


class TestBulk:
    def send_bulk(self, control: Client, number: str, **changes: object) -> dict[str, list[str]]:
        body = {"to": number, "count": 100, "duplicate_percent": 10, "lose_answer_percent": 5, "seed": 7}
        response = control.post("/inbound/bulk", json={**body, **changes})
        assert response.status_code == 202, response.text
        bulk: dict[str, list[str]] = response.json()
        wait_until(lambda: control.get("/health").json()["callbacks_pending"] == 0)
        return bulk

    def test_some_events_are_duplicated_and_some_responses_are_lost(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        bulk = self.send_bulk(control, set_up().numbers[0], text="Hello")
        assert [len(bulk[each]) for each in ("ids", "duplicated", "lost")] == [100, 10, 5]
        assert not set(bulk["duplicated"]) & set(bulk["lost"])

        events_by_id: dict[str, list[dict[str, Any]]] = {}
        for event in receiver.events():
            events_by_id.setdefault(event["message"]["id"], []).append(event)
        assert events_by_id.keys() == set(bulk["ids"])

        twice = {each for each, events in events_by_id.items() if len(events) > 1}

        assert twice == {*bulk["duplicated"], *bulk["lost"]}
        assert all(events == events[:1] * len(events) for events in events_by_id.values())
        assert len({events[0]["message"]["from"] for events in events_by_id.values()}) == 100
        assert len({events[0]["message"]["text"] for events in events_by_id.values()}) == 100

    def test_a_lost_response_was_sent_by_the_receiver(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        receiver.responses = challenge("hook", "open-sesame")

        setup = set_up(credentials=("hook", "open-sesame"))

        self.send_bulk(control, setup.numbers[0], count=1, duplicate_percent=0, lose_answer_percent=100)
        [callback] = control.get("/callbacks").json()["callbacks"]
        assert statuses(callback) == [(401, False), (None, True), (401, False), (200, True)]
        assert callback["attempts"][1]["error"] == "AnswerLost"
        assert [bool(each.authorization) for each in receiver.received] == [False, True, False, True]
        assert callback["state"] == "delivered"

    def test_the_same_seed_selects_the_same_events(
        self, receiver: Receiver, control: Client, set_up: SetUp
    ) -> None:
        number = set_up().numbers[0]

        chosen = []
        for seed in (1, 1, 2):
            bulk = self.send_bulk(control, number, seed=seed)
            chosen.append([bulk["ids"].index(each) for each in bulk["duplicated"] + bulk["lost"]])
        assert chosen[0] == chosen[1] != chosen[2]

    def test_bulk_texts_can_go_to_v1_numbers(
        self, receiver: Receiver, control: Client, host: Callable[..., Hosted]
    ) -> None:
        bulk = self.send_bulk(control, host().numbers[0], count=20)
        assert {each["messageId"] for each in receiver.events()} == set(bulk["ids"])

    def test_bulk_texts_can_have_a_rate(self, control: Client, set_up: SetUp) -> None:
        body = {"to": set_up().numbers[0], "count": 3, "per_second": 0.01}
        assert control.post("/inbound/bulk", json=body).status_code == 202
        wait_until(lambda: control.get("/health").json()["callbacks_pending"] == 2)

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"count": 0}, "count: "),
            ({"to": "x"}, "to: "),
            ({"duplicate_percent": 60, "lose_answer_percent": 60}, "body: Value error, duplicate_percent"),
            ({"per_second": 0}, "per_second: "),
        ],
    )
    def test_invalid_input_returns_422_with_an_error(
        self, control: Client, changes: dict[str, object], error: str
    ) -> None:
        response = control.post("/inbound/bulk", json={"to": "9105550100", "count": 1, **changes})
        assert response.status_code == 422
        assert response.json()["error"].startswith(error)

    def test_bulk_texts_to_a_number_without_an_application_are_rejected(
        self, control: Client, set_up: SetUp
    ) -> None:
        body = {"to": set_up(assign=False).numbers[0], "count": 1}
        response = control.post("/inbound/bulk", json=body)
        assert (response.status_code, response.json()["error"][:4]) == (422, "to: ")
        assert control.post("/inbound/bulk", json={"to": "9105559999", "count": 1}).status_code == 404


def test_callbacks_have_bandwidths_headers(receiver: Receiver, control: Client, set_up: SetUp) -> None:
    receive(control, set_up(), "delivered")
    headers = receiver.received[0].headers
    assert headers["user-agent"] == "BandwidthAPI/v2"
    assert headers["content-type"] == "application/json; charset=utf-8"


def test_callbacks_can_be_listed_and_filtered(receiver: Receiver, control: Client, set_up: SetUp) -> None:
    setup = set_up(credentials=("hook", "open-sesame"))
    shown = receive(control, setup, "delivered")

    assert set(shown) == {
        "id",
        "api",
        "method",
        "url",
        "type",
        "message_id",
        "to",
        "state",
        "reason",
        "attempts",
    }
    assert (shown["api"], shown["method"], shown["url"]) == ("v2", "POST", receiver.url)
    assert shown["type"] == "message-received"

    everything = control.get("/callbacks")
    assert "open-sesame" not in everything.text
    for query, count in (("type=message-sent", 0), ("state=delivered", 1), (f"to={setup.numbers[0][2:]}", 1)):
        assert len(control.get(f"/callbacks?{query}").json()["callbacks"]) == count
