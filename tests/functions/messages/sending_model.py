"""The model of test_sending_model.py: events from acceptance to receipt, and invariants."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ReadTimeoutError
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)
from requests.adapters import HTTPAdapter
from urllib3.util import connection

from bandwidth_messaging.domain.messages import MessageState, Receipt
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.problems import Conflict, InvalidInput
from bandwidth_messaging.domain.sending import NewMessage
from bandwidth_messaging.runtime import bandwidth_clients, stores, wiring
from bandwidth_messaging.services import message_acceptance, message_delivery, preflight
from functions.messages import deliver_message, send_message
from tests.functions.conftest import CALLBACK_URL, PASSED, Context, sample
from tests.functions.messages.sending_world import (
    BANDWIDTH,
    ENDED,
    MAX_RECEIVES,
    TOKEN_URL,
    VISIBILITY_TIMEOUT,
    WAITING,
    Bandwidth,
    Died,
    Outcome,
    Process,
    Queue,
    Record,
    Tables,
    World,
    empty_tables,
)

OWNER, RECIPIENTS = "+19195551212", ("+19195551234", "+19195551235")
HOME = Home(
    api="v2",
    customer_order_id="order-1",
    order_id="bandwidth-order-1",
    application_id="app-1",
    location_id="500001",
    site_id="1001",
)
ENVIRONMENT = {
    "STACK_NAME": "bandwidth-messaging",
    "NUMBERS_TABLE": "NumbersTable",
    "MESSAGES_TABLE": "MessagesTable",
    "MESSAGE_RETENTION_DAYS": "90",
    "ENFORCE_OPT_OUTS": "true",
    "OPT_OUT_SCOPE": "number",
    "UNREGISTERED_SENDERS": "refuse",
    "SEND_DEADLINE_HOURS": "4",
    "LONGEST_SEND_DELAY_SECONDS": "900",
    "UNCONFIRMED_MINUTES": "180",
    "SEND_QUEUE_URL": "https://sqs/send",
    "HIGH_SEND_QUEUE_URL": "https://sqs/high-send",
    "ACCOUNT_RATE": "0",
    "CAMPAIGN_RATE": "0",
    "TOLL_FREE_RATE": "0",
    "NUMBER_RATE": "0",
    "HIGH_PRIORITY_SHARE": "20",
    "BACKLOG_POLICY": "refuse",
    "QUARANTINE_QUEUE_URL": "https://sqs/quarantine",
    "EVENT_BUS": "bus",
    "BANDWIDTH_API": "current",
    "BANDWIDTH_SECRET": "bandwidth",
    "CALLBACK_SECRET": "callback",
    "BANDWIDTH_ACCOUNT_ID": "5000001",
    "BANDWIDTH_SITE_ID": "1001",
    "BANDWIDTH_USER_ID": "u-1",
    "TOKEN_URL": TOKEN_URL,
    "DASHBOARD_URL": f"{BANDWIDTH}/dashboard",
    "MESSAGING_URL": f"{BANDWIDTH}/api/v2",
    "CATAPULT_URL": f"{BANDWIDTH}/v1",
    "CALLBACK_URL_V1": CALLBACK_URL.replace("/v2", "/v1"),
    "CALLBACK_URL_V2": CALLBACK_URL,
}
# A handler may end with a lost response, a rejection or its death. Every other error is a defect.
EXPECTED_ERRORS = ReadTimeoutError | Conflict | InvalidInput | Died
MAX_DELIVERIES = 1000
positions = st.integers(0, 7)
# Some calls of a process succeed, and the next one ends in any way.
outcome_lists = st.builds(lambda well, last: ["done"] * well + [last], st.integers(0, 6), st.integers(0, 59))


class Sending(RuleBasedStateMachine):
    """One number that sends to two recipients with two idempotency keys."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        empty_tables()
        Sending.world = self.world = World()
        self.accepted: set[str] = set()
        self.pending: list[Process] = []
        self.records_of: dict[Process, Record] = {}
        self._activate()

    def _activate(self) -> None:
        stores.numbers().activate(OWNER, HOME, self.world.now(), preflight=PASSED)
        self.world.inactive = None

    # Events

    @rule(
        key=st.sampled_from(["key-1", "key-2", None]),
        group=st.booleans(),
        high=st.booleans(),
        minutes=st.sampled_from([0, 0, 0, 10]),
        outcomes=outcome_lists,
        runs_to_end=st.booleans(),
    )
    def post(
        self,
        key: str | None,
        group: bool,
        high: bool,
        minutes: int,
        outcomes: list[Outcome],
        runs_to_end: bool,
    ) -> None:
        process = self.start_request(key, group=group, high=high, minutes=minutes)
        self._continue(process, outcomes, runs_to_end=runs_to_end)

    @precondition(lambda self: self.world.messages)
    @rule(position=positions)
    def cancel(self, position: int) -> None:
        # In the order of their acceptance: ids are random.
        ids = list(self.world.messages)
        message_id = ids[position % len(ids)]
        if stores.schedule().cancel(message_id, self.world.now())[0]:
            self.world.canceled.add(message_id)

    @precondition(lambda self: self.world.records)
    @rule(position=positions, outcomes=outcome_lists, runs_to_end=st.booleans())
    def deliver(self, position: int, outcomes: list[Outcome], runs_to_end: bool) -> None:
        # Invisible records too, because SQS delivers at least once.
        if process := self.start_worker(self.world.records[position % len(self.world.records)]):
            self._continue(process, outcomes, runs_to_end=runs_to_end)

    @precondition(lambda self: self.world.running())
    @rule(position=positions, outcomes=outcome_lists, runs_to_end=st.booleans())
    def resume(self, position: int, outcomes: list[Outcome], runs_to_end: bool) -> None:
        running = self.world.running()
        self._continue(running[position % len(running)], outcomes, runs_to_end=runs_to_end)

    @rule(seconds=st.sampled_from([1, 21, 61, 400, 4 * 3600, 5 * 3600]))
    def wait(self, seconds: int) -> None:
        self.world.wait(seconds)
        self._collect()

    @rule(number=st.sampled_from(RECIPIENTS), opted_out=st.booleans())
    def receive_keyword(self, number: str, opted_out: bool) -> None:
        self.world.time += timedelta(milliseconds=1)
        stores.opt_outs().record(OWNER, number, opted_out=opted_out, keyword="word", at=self.world.now())
        if opted_out:
            self.world.opted_out.setdefault(number, self.world.tick())
        else:
            self.world.opted_out.pop(number, None)

    @rule()
    def demand_preflight(self) -> None:
        stores.numbers().record_preflight(OWNER, PASSED | {"ok": False})

    @rule()
    def release_or_activate(self) -> None:
        if self.world.inactive is None:
            home = Home(api="v2", customer_order_id="release-1", site_id="1001")
            stores.numbers().start_release(OWNER, home, self.world.now())
            self.world.inactive = self.world.tick()
        else:
            stores.numbers().release(OWNER, self.world.now())
            self._activate()

    @precondition(lambda self: self.world.sent)
    @rule(position=positions, state=st.sampled_from(["delivered", "failed"]))
    def report(self, position: int, state: str) -> None:
        body = self.world.sent[position % len(self.world.sent)]
        for number in body["to"]:
            stores.receipts().record_receipt(
                Receipt(
                    message_id=body["tag"],
                    bandwidth_id="at-bandwidth",
                    state=MessageState(state),
                    time=self.world.now(),
                    api="v2",
                    owner=OWNER,
                    recipient=number,
                    recipients=tuple(body["to"]),
                    error_class="carrier" if state == "failed" else None,
                )
            )

    def _continue(self, process: Process, outcomes: list[Outcome], *, runs_to_end: bool) -> None:
        """End the next calls of a process with these outcomes. Later calls succeed if it runs to its end."""
        for outcome in outcomes:
            if process.alive:
                process.resume(outcome)
        while runs_to_end and process.alive:
            process.resume("done")
        self._collect()

    def start_request(
        self, key: str | None, *, group: bool = False, high: bool = False, minutes: int = 0
    ) -> Process:
        """Start POST /messages and stop at its first call. The message is sent after some minutes."""
        body = {
            "from": OWNER,
            "to": list(RECIPIENTS) if group else RECIPIENTS[0],
            "text": "Good morning",
            "priority": "high" if high else None,
            "sendAt": self.world.time + timedelta(minutes=minutes) if minutes else None,
        }
        new = NewMessage.model_validate(body)
        process = self.world.start("request", lambda: send_message.send_message(new, key))
        self.pending.append(process)
        return process

    def start_worker(self, record: Record) -> Process | None:
        """Start the worker with a record and stop at its first call. Return None for a dead letter."""
        record.receives += 1
        record.visible_at = self.world.time + VISIBILITY_TIMEOUT
        if record.receives > MAX_RECEIVES:
            self.world.records.remove(record)
            self.world.dead_letters.append(record)
            return None
        (event,) = sample("messages/deliver_message")["Records"]
        event = event | {
            "messageId": record.name,
            "receiptHandle": record.name,
            "body": record.body,
            "messageAttributes": {
                name: {"dataType": each["DataType"], "stringValue": each["StringValue"]}
                for name, each in record.attributes.items()
            },
            "attributes": {
                "ApproximateReceiveCount": str(record.receives),
                "SentTimestamp": str(int(record.sent_at.timestamp() * 1000)),
            },
        }
        process = self.world.start(
            "worker",
            lambda: deliver_message.handler({"Records": [event]}, Context()),  # type: ignore[arg-type]
        )
        self.pending.append(process)
        self.records_of[process] = record
        return process

    def _collect(self) -> None:
        """Record the results of ended processes: responses to callers, and records that are done."""
        for process in [each for each in self.pending if not each.alive]:
            self.pending.remove(process)
            if not isinstance(process.error, EXPECTED_ERRORS | None):
                raise process.error
            if process.kind == "request" and process.error is None:
                self.accepted.add(process.result[0]["messageId"])
            if process.kind == "worker" and process.result == {"batchItemFailures": []}:
                record = self.records_of.pop(process)
                self.world.records = [each for each in self.world.records if each is not record]

    # Invariants

    @invariant()
    def accepted_messages_are_stored(self) -> None:
        assert self.accepted <= self.world.messages.keys()

    @invariant()
    def waiting_messages_are_queued(self) -> None:
        assert self._is_waiting_queued()

    @invariant()
    def no_message_is_sent_twice(self) -> None:
        assert not self.world.broken["sent twice"]

    @invariant()
    def no_message_is_sent_after_it_was_canceled(self) -> None:
        assert not self.world.broken["sent after it was canceled"]

    @invariant()
    def no_message_is_sent_before_its_time(self) -> None:
        assert not self.world.broken["sent before its time"]

    @invariant()
    def no_message_is_sent_after_a_stop(self) -> None:
        assert not self.world.broken["sent after STOP"]

    @invariant()
    def no_message_is_sent_from_an_inactive_number(self) -> None:
        assert not self.world.broken["sent from an inactive number"]

    @invariant()
    def accepted_at_is_the_time_of_acceptance(self) -> None:
        assert not self.world.broken["acceptedAt is not the time of acceptance"]

    @invariant()
    def failed_messages_have_an_error_class(self) -> None:
        failed = [each for each in self.world.messages.values() if each["state"] == "failed"]
        assert all(each.get("errorClass") for each in failed if len(each["to"]) == 1)

    @invariant()
    def messages_at_bandwidth_do_not_fail_before_the_send(self) -> None:
        sent = [self.world.messages[each["tag"]] for each in self.world.sent]
        assert not any(each.get("errorClass") in {"opt_out", "sender", "expired"} for each in sent)

    def check(self) -> None:
        """Check every invariant."""
        for each in self.invariants:
            each.function(self)

    def teardown(self) -> None:
        holds = not self.world.broken and self._is_waiting_queued()
        for process in self.world.running():
            self.world.finish(process)
        self.world.apply_late_effects()
        self._collect()
        if holds:
            self._drain()
            self._check_end()

    def _is_waiting_queued(self) -> bool:
        """Return whether each waiting message without a running request has a queue record."""
        if any(each.kind == "request" for each in self.world.running()):
            return True
        queued = {each.body for each in self.world.records}
        waiting = {name for name, item in self.world.messages.items() if item["state"] in WAITING}
        return waiting <= queued

    def _drain(self) -> None:
        """Deliver each record of the queue when it is due, until the queue is empty."""
        world, deliveries = self.world, 0
        while world.records and deliveries < MAX_DELIVERIES:
            deliveries += 1
            record = min(world.records, key=lambda each: each.visible_at)
            world.time = max(world.time, record.visible_at) + timedelta(milliseconds=1)
            if worker := self.start_worker(record):
                world.finish(worker)
            self._collect()

    def _check_end(self) -> None:
        world = self.world
        self.check()
        assert not world.records
        assert not world.dead_letters
        assert {item["state"] for item in world.messages.values()} <= set(ENDED)
        for name, item in world.messages.items():
            if item["state"] == "delivery_unknown" and name not in world.maybe_sent:
                assert any(each.may_leave_claimed(name) for each in world.processes)


def install(monkeypatch: pytest.MonkeyPatch, **rates: str) -> None:
    """Run the functions in the world of the latest model. `rates` are environment variables."""
    for name, value in (ENVIRONMENT | rates).items():
        monkeypatch.setenv(name, value)
    tables, queue = Tables(_world), Queue(_world)
    bandwidth = Bandwidth(_world, CALLBACK_URL, HOME.application_id or "")
    monkeypatch.setattr(stores, "_dynamodb", lambda: tables)
    monkeypatch.setattr(stores, "_sqs", lambda: queue)
    monkeypatch.setattr(bandwidth_clients, "_oauth_client", _oauth_client)

    send = HTTPAdapter.send

    def record_request(
        adapter: HTTPAdapter, request: requests.PreparedRequest, **more: Any
    ) -> requests.Response:
        process = _world().process
        assert process is not None
        process.request = request
        return send(adapter, request, **more)

    monkeypatch.setattr(HTTPAdapter, "send", record_request)
    monkeypatch.setattr(connection, "create_connection", bandwidth.connect)
    for module in (message_acceptance, message_delivery, preflight):
        monkeypatch.setattr(module, "now", lambda: _world().now())
    monkeypatch.setattr(wiring, "count", lambda _: None)
    monkeypatch.setattr(wiring, "record", lambda _: None)
    monkeypatch.setattr(wiring, "sleep", lambda seconds: _world().let_pass(seconds))


def _world() -> World:
    return Sending.world


def _oauth_client() -> Any:
    process = _world().process
    assert process is not None
    return process.oauth
