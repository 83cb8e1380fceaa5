"""The world of test_sending_model.py: real handlers in threads that stop at each call of AWS or Bandwidth.

A process is one Lambda invocation. It runs until its next call, and resumes once the model has decided how
that call ends. Only one thread runs at a time, so the same decisions lead to the same history.
"""

import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from botocore.exceptions import ReadTimeoutError

from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.oauth import OAuthClient
from bandwidth_messaging.store.dynamodb import from_dynamodb
from tests.aws import client
from tests.template import create_table, resources

# To the names of their keys.
TABLES = {
    name: [key["AttributeName"] for key in table["KeySchema"]]
    for name, table in resources("AWS::DynamoDB::Table").items()
}
BANDWIDTH = "http://127.0.0.1:9"
TOKEN_URL = f"{BANDWIDTH}/token"
WAITING, ENDED = (
    ("accepted", "sending", "send_unconfirmed"),
    ("sent", "delivered", "failed", "delivery_unknown", "canceled"),
)
VISIBILITY_TIMEOUT, MAX_RECEIVES = timedelta(seconds=360), 120
LIFETIMES = {"request": timedelta(seconds=15), "worker": timedelta(seconds=60)}
# How a call can end. "lost": no effect and no response; "unanswered": an effect and no response; "late": no
# response, and the effect comes later; "repeated": the client repeated the call after a lost response.
AWS_OUTCOMES = ("done", "lost", "unanswered", "repeated", "late", "dies before", "dies after")
HTTP_OUTCOMES = {
    "token": ("done", "lost", "silent", "401", "503", "broken", "dies before"),
    "preflight": ("done", "lost", "silent", "401", "503", "dies before"),
    "search": ("done", "lost", "silent", "503", "dies before"),
    "post": (
        *("done", "lost", "silent", "unanswered", "late", "400", "401", "429", "500", "503"),
        *("dies before", "dies after"),
    ),
}
type Outcome = str | int
"""One of these, or its position among those of the call."""


class Died(BaseException):
    """A process died during a call."""


@dataclass
class Record:
    """A record of the send queue."""

    name: str
    body: str
    sent_at: datetime
    visible_at: datetime
    attributes: dict[str, Any] = field(default_factory=dict)
    receives: int = 0


class Process:
    """One invocation of a function."""

    def __init__(self, world: "World", kind: str, work: Callable[[], Any]) -> None:
        self.world, self.kind, self.started = world, kind, world.time
        self.call: str | None = None
        self.result: Any = None
        self.error: BaseException | None = None
        self.alive = True
        # When its calls of AWS took effect, how its updates ended, and which of them claimed which message.
        self.effects: list[int] = []
        self.updates: list[str] = []
        self.claims: dict[str, int] = {}
        self.oauth = OAuthClient(
            TOKEN_URL, BasicCredentials("client", "secret"), lambda: BasicCredentials("client", "secret")
        )
        self.request = requests.PreparedRequest()
        self._ends: list[socket.socket] = []
        self._go = threading.Semaphore(0)
        self._outcome: Outcome = "done"
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.world.paused.acquire()

    def resume(self, outcome: Outcome) -> None:
        """End the pending call with this outcome, and run to the next call."""
        self._outcome = outcome
        self._go.release()
        self.world.paused.acquire()

    def pause(self, call: str) -> Outcome:
        """Wait for the outcome of a call. Runs in the thread of the process."""
        self.call = call
        self.world.paused.release()
        self._go.acquire()
        return self._outcome

    def connect(self, response: bytes) -> socket.socket:
        """Return a connection whose other end has sent a response."""
        here, there = socket.socketpair()
        there.sendall(response)
        there.shutdown(socket.SHUT_WR)
        self._ends.append(there)
        return here

    def may_leave_claimed(self, message_id: str) -> bool:
        """Return whether this process may leave a claimed but unsent message as if it were sent.

        It died during the claim, or a later update failed, for example the update that undoes the claim.
        """
        if message_id not in self.claims:
            return False
        claim, *after = self.updates[self.claims[message_id] :]
        return claim.startswith("dies") or any(each not in {"done", "repeated"} for each in after)

    def _run(self, work: Callable[[], Any]) -> None:
        self.world.local.process = self
        try:
            self.result = work()
        except BaseException as error:
            self.error = error
        for each in self._ends:
            each.close()
        self.alive, self.call = False, None
        self.world.paused.release()


@dataclass
class World:
    """Clock, tables, queue, Bandwidth, and the processes that run."""

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    moment: int = 0
    # The messages as the latest writes returned them, in the order of their first write.
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    dead_letters: list[Record] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    late: list[Callable[[], Any]] = field(default_factory=list)
    # Messages that Bandwidth accepted, and messages that it may have accepted.
    sent: list[dict[str, Any]] = field(default_factory=list)
    maybe_sent: set[str] = field(default_factory=set)
    # Since when a recipient has opted out, and since when the sender is not active.
    opted_out: dict[str, int] = field(default_factory=dict)
    inactive: int | None = None
    canceled: set[str] = field(default_factory=set)
    broken: Counter[str] = field(default_factory=Counter)
    paused: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    local: threading.local = field(default_factory=threading.local)

    def now(self) -> str:
        return self.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def tick(self) -> int:
        self.moment += 1
        return self.moment

    @property
    def process(self) -> Process | None:
        """The running process, or None while the model runs."""
        process: Process | None = getattr(self.local, "process", None)
        return process

    # Processes

    def start(self, kind: str, work: Callable[[], Any]) -> Process:
        process = Process(self, kind, work)
        self.processes.append(process)
        process.start()
        return process

    def running(self) -> list[Process]:
        return [each for each in self.processes if each.alive]

    def finish(self, process: Process) -> None:
        """Run a process to its end. All its calls succeed."""
        while process.alive:
            process.resume("done")

    def apply_late_effects(self) -> None:
        """Apply every late effect."""
        while self.late:
            with suppress(Exception):
                self.late.pop(0)()

    def let_pass(self, seconds: float) -> None:
        """Let time pass while a process sleeps."""
        self.time += timedelta(seconds=seconds)

    def wait(self, seconds: float) -> None:
        """Let time pass. A process that exceeds its lifetime dies at its call."""
        self.apply_late_effects()
        self.time += timedelta(seconds=seconds)
        for process in self.running():
            if self.time - process.started >= LIFETIMES[process.kind]:
                process.resume("dies before")

    # Calls

    def call(self, name: str, effect: Callable[[], Any], no_response: Exception) -> Any:
        """Make a call of the running process, which ends as the model decides."""
        process = self.process
        if process is None:
            return effect()
        outcome = _choose(process.pause(name), AWS_OUTCOMES)
        if name == "update_item":
            process.updates.append(outcome)
        moment = self.tick()

        def take_effect() -> Any:
            process.effects.append(moment)
            return effect()

        match outcome:
            case "done":
                return take_effect()
            case "repeated":
                with suppress(Exception):
                    take_effect()
                return effect()
            case "unanswered" | "dies after":
                with suppress(Exception):
                    take_effect()
            case "late":
                self.late.append(effect)
        raise Died if outcome.startswith("dies") else no_response


def create_tables() -> None:
    """Create the tables of the template."""
    for name in TABLES:
        create_table(client("dynamodb"), name)


def empty_tables() -> None:
    """Delete all items. That is faster than to create the tables again."""
    dynamodb = client("dynamodb")
    for name, keys in TABLES.items():
        for item in dynamodb.scan(TableName=name)["Items"]:
            dynamodb.delete_item(TableName=name, Key={key: item[key] for key in keys})


class Tables:
    """The client of DynamoDB. Checks each write of a message."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            world = self._world()
            process = world.process
            key = request.get("Key") or request.get("Item") or {}
            message_id = key.get("messageId", {}).get("S")
            position = len(process.updates) if process else 0

            def effect() -> Any:
                response = getattr(client("dynamodb"), operation)(**request)
                if message_id and operation != "get_item":
                    before = world.messages.get(message_id, {})
                    after = from_dynamodb(request.get("Item") or response["Attributes"])
                    world.messages[message_id] = after
                    _watch(world, process, before, after, position)
                return response

            return world.call(operation, effect, ReadTimeoutError(endpoint_url="https://dynamodb"))

        return call


def _watch(
    world: World, process: Process | None, before: dict[str, Any], after: dict[str, Any], position: int
) -> None:
    if process and before.get("state") == "accepted" and after.get("state") == "sending":
        process.claims[after["messageId"]] = position
    if after.get("state") == "accepted" and before.get("state") in (None, *ENDED):
        started = process.started if process else world.time
        if not started <= datetime.fromisoformat(after["acceptedAt"]) <= world.time:
            world.broken["acceptedAt is not the time of acceptance"] += 1


class Queue:
    """The client of SQS, for the send queue."""

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world

    def send_message(self, *, MessageBody: str, MessageAttributes: Any, DelaySeconds: int, **_: Any) -> Any:  # noqa: N803 - boto3's names
        world = self._world()

        def effect() -> Any:
            name = f"record-{world.tick()}"
            visible_at = world.time + timedelta(seconds=DelaySeconds)
            world.records.append(Record(name, MessageBody, world.time, visible_at, MessageAttributes))
            return {"MessageId": name}

        return world.call("send_message", effect, ReadTimeoutError(endpoint_url="https://sqs"))

    def change_message_visibility(self, *, ReceiptHandle: str, VisibilityTimeout: int, **_: Any) -> Any:  # noqa: N803
        world = self._world()

        def effect() -> Any:
            for record in world.records:
                if record.name == ReceiptHandle:
                    record.visible_at = world.time + timedelta(seconds=VisibilityTimeout)

        return world.call("change_visibility", effect, ReadTimeoutError(endpoint_url="https://sqs"))


class Bandwidth:
    """The other end of a connection: account API, token endpoint and messaging API."""

    def __init__(self, world: Callable[[], World], callback_url: str, application_id: str) -> None:
        self._world = world
        self._bodies = {
            "token": '{"access_token": "token", "expires_in": 3600}',
            "search": '{"messages": []}',
            "post": '{"id": "at-bandwidth", "segmentCount": 1}',
        }
        self._lookups = {
            "applicationSettings": f"<r><HttpMessagingV2AppId>{application_id}</HttpMessagingV2AppId></r>",
            application_id: f"<r><Application><CallbackUrl>{callback_url}</CallbackUrl></Application></r>",
        }

    def connect(self, *_: Any, **__: Any) -> socket.socket:
        """Return a connection with the response to the request of the running process, if any.

        Raises ConnectionRefusedError, so that no byte is sent, or Died.
        """
        process = self._world().process
        assert process is not None
        request = process.request
        kind = _kind(request)
        outcome = _choose(process.pause(kind), HTTP_OUTCOMES[kind])
        if kind == "post":
            self._accept(process, json.loads(request.body or b""), outcome)
        if outcome == "lost":
            raise ConnectionRefusedError
        if outcome.startswith("dies"):
            raise Died
        return process.connect(self._response(request, kind, outcome))

    def _accept(self, process: Process, message: dict[str, Any], outcome: str) -> None:
        """Let Bandwidth accept a message now, later or never, as the outcome says."""
        world = self._world()
        # The check may be as old as the two calls before this one: the check itself and the claim.
        checked = process.effects[-2:][0]

        def accept_message() -> None:
            if any(world.opted_out.get(number, checked) < checked for number in message["to"]):
                world.broken["sent after STOP"] += 1
            if world.inactive is not None and world.inactive < checked:
                world.broken["sent from an inactive number"] += 1
            if message["tag"] in world.canceled:
                world.broken["sent after it was canceled"] += 1
            if world.now() < world.messages[message["tag"]].get("dueAt", ""):
                world.broken["sent before its time"] += 1
            if any(message["tag"] == each["tag"] for each in world.sent):
                world.broken["sent twice"] += 1
            world.sent.append(message)

        if outcome in {"done", "unanswered", "dies after"}:
            accept_message()
        if outcome == "late":
            world.late.append(accept_message)
        if outcome not in {"lost", "429", "401"}:
            # Bandwidth has accepted the message, or the outcome is unknown.
            world.maybe_sent.add(message["tag"])

    def _response(self, request: requests.PreparedRequest, kind: str, outcome: str) -> bytes:
        if outcome == "done":
            status, body = (202 if kind == "post" else 200), self._bodies.get(kind) or self._look_up(request)
        elif outcome == "broken":
            status, body = 200, '{"access_token": "a\\nb", "expires_in": 3600}'
        elif outcome.isdigit():
            status, body = int(outcome), "{}"
        else:
            return b""
        head = f"HTTP/1.1 {status} Some\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return f"{head}{body}".encode()

    def _look_up(self, request: requests.PreparedRequest) -> str:
        (body,) = (body for name, body in self._lookups.items() if str(request.url).endswith(name))
        return body


def _kind(request: requests.PreparedRequest) -> str:
    url = str(request.url)
    if url == TOKEN_URL:
        return "token"
    if "/messages" not in url:
        return "preflight"
    return "post" if request.method == "POST" else "search"


def _choose(outcome: Outcome, possible: Sequence[str]) -> str:
    """Return the outcome, or the outcome at that position. Return "done" if the call cannot end this way."""
    if isinstance(outcome, int):
        return possible[outcome % len(possible)]
    return outcome if outcome in possible else "done"
