"""The calls and write units of docs/data_model.md, counted at the AWS clients of the real handlers."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import botocore.handlers
import pytest

from bandwidth_messaging.domain.lanes import Extend, Load, TrackName, to_interval
from bandwidth_messaging.domain.message_search import MessageSearch
from bandwidth_messaging.domain.messages import Api, Waiting
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.steps import StepInput, StepResult, step
from bandwidth_messaging.services import keyword_replies, message_delivery, message_schedule
from bandwidth_messaging.store.dynamodb import from_dynamodb
from functions.control import browse, manage_webhooks
from functions.messages import (
    cancel_message,
    deliver_message,
    queue_scheduled,
    receive_callback,
    send_keyword_reply,
    send_message,
    send_webhook,
)
from tests.functions.conftest import (
    CALLBACK_URL,
    PASSED,
    ROOT,
    Context,
    Stack,
    call,
    call_api,
    clear_clients,
    sample,
)
from tests.functions.messages.test_archiving import archive, at_bandwidth, received
from tests.generations import both_generations, only_current
from tests.http_server import run_server
from tests.template import resources

if TYPE_CHECKING:
    from botocore.model import OperationModel

pytestmark = both_generations

OWNER, RECIPIENT = "+19102398766", "+19195551234"
# As much as one segment holds.
TEXT = "Good morning, this is a test message. ".ljust(160, ".")
HOME = Home(
    api="v2",
    customer_order_id="setup-2f9c1f0e5b7d4a0f9d2b6c3e8a1f7d54",
    order_id="65e03a35-6b97-48a5-8126-f47bad02df2a",
    application_id="93de2206-9669-4e07-948d-329f4b722ee2",
    location_id="500709",
    site_id="2297",
)
AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
DOCUMENT = (ROOT / "docs" / "data_model.md").read_text()


class Cost(NamedTuple):
    """The names of the AWS calls in their order, and the write units of what they wrote, indexes included."""

    calls: list[str]
    units: int


# What a write costs


def size(value: Any) -> int:
    """Return the bytes of a value ("DynamoDB Item sizes and formats" in AWS's developer guide)."""
    match value:
        case str():
            return len(value.encode())
        case bool() | None:
            return 1
        case int():
            return math.ceil(len(str(abs(value))) / 2) + 1
        case list():
            return 3 + sum(1 + size(each) for each in value)
    return 3 + sum(1 + size(name) + size(each) for name, each in value.items())


def item_size(item: Mapping[str, Any]) -> int:
    """Return the bytes of an item."""
    return sum(size(name) + size(value) for name, value in item.items())


def test_the_size_of_an_item_follows_the_rules_of_aws() -> None:
    assert item_size({"messageId": "é", "n": 100, "list": ["a"], "map": {"b": True}}) == 11 + 4 + 9 + 9


def units(*images: Mapping[str, Any]) -> int:
    """Return the write units of an item: those of the larger of what it was and what it is."""
    return max(1, *(math.ceil(item_size(image) / 1024) for image in images))


def index_units(
    table: Mapping[str, Any], index: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> int:
    """Return the write units that a change of an item costs in an index of its table."""
    keys = [key["AttributeName"] for key in index["KeySchema"]]
    held = {*keys, *(key["AttributeName"] for key in table["KeySchema"])}
    whole = index["Projection"]["ProjectionType"] == "ALL"
    old, new = (
        {name: image[name] for name in image if whole or name in held} if image.keys() >= set(keys) else {}
        for image in (before, after)
    )
    if old == new:
        return 0
    if old and new and all(old[key] == new[key] for key in keys):
        return units(old, new)
    # Another key is another place: the old entry is deleted, the new one written.
    return sum(units(entry) for entry in (old, new) if entry)


class Meter:
    """Counts what the handlers' clients do."""

    def __init__(self, dynamodb: Any) -> None:
        # A client that was made before the meter, and is not counted itself.
        self._dynamodb = dynamodb
        self._calls: list[str] = []
        self._units = 0

    def cost(self) -> Cost:
        """Return the counts since the previous call."""
        counted = Cost(self._calls, self._units)
        self._calls, self._units = [], 0
        return counted

    def before_call(self, model: "OperationModel", params: Any, context: Any, **_: Any) -> None:
        self._calls.append(model.name)
        if model.name in {"PutItem", "UpdateItem"}:
            asked = json.loads(params["body"])
            table = resources("AWS::DynamoDB::Table")[asked["TableName"]]
            given = asked.get("Key") or asked["Item"]
            key = {each["AttributeName"]: given[each["AttributeName"]] for each in table["KeySchema"]}
            context["written"] = asked["TableName"], key, self._item(asked["TableName"], key)
        else:
            assert not model.name.endswith(("WriteItem", "WriteItems", "DeleteItem", "Statement"))

    def after_call(self, context: Any, **_: Any) -> None:
        if "written" in context:
            name, key, before = context["written"]
            after = self._item(name, key)
            table = resources("AWS::DynamoDB::Table")[name]
            # A write that was refused costs as much as one that changed nothing.
            self._units += units(before, after) + sum(
                index_units(table, index, before, after) for index in table.get("GlobalSecondaryIndexes", ())
            )

    def _item(self, table: str, key: Any) -> dict[str, Any]:
        found = self._dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True)
        return from_dynamodb(found.get("Item", {}))


@pytest.fixture
def meter(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Meter]:
    """Count the calls of every client that is created from now on."""
    meter = Meter(stack.dynamodb)
    hooks = [("before-call", meter.before_call), ("after-call", meter.after_call)]
    monkeypatch.setattr(botocore.handlers, "BUILTIN_HANDLERS", [*botocore.handlers.BUILTIN_HANDLERS, *hooks])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    clear_clients()
    yield meter
    clear_clients()


# What is done


def callback(payload: Any, api: str = "v2") -> None:
    event = sample("messages/receive_callback") | {
        "resource": f"/callbacks/{api}",
        "path": f"/callbacks/{api}",
        "body": json.dumps(payload),
    }
    assert call(receive_callback, event)["statusCode"] == 204


def receipt(message: Mapping[str, Any], state: str, to: str = RECIPIENT) -> None:
    """Deliver the receipt of a message as the API of the message sends it."""
    if message["api"] == "v1":
        event = {
            "eventType": "sms",
            "direction": "out",
            "messageId": "m-id3x6rblp4jrkih2u7zxjdy",
            "from": OWNER,
            "to": to,
            "text": message["text"],
            "time": LATER,
            "state": "sent",
            "tag": message["messageId"],
            "segmentCount": 1,
        }
        callback(
            event | ({"deliveryState": state, "deliveryCode": "0"} if state == "delivered" else {}), "v1"
        )
    else:
        details = {
            "id": "16613658148591oidf7mcwd4qacn7",
            "owner": OWNER,
            "applicationId": message["applicationId"],
            "time": LATER,
            "segmentCount": 1,
            "direction": "out",
            "to": message["to"],
            "from": OWNER,
            "text": "",
            "tag": message["messageId"],
        }
        event = {"type": f"message-{state}", "time": LATER, "description": "ok", "to": to, "message": details}
        callback([event])


def inbound(text: str, message_id: str = "16613658148591oidf7mcwd4qacn8") -> None:
    event = json.loads(sample("messages/receive_callback")["body"])[0]
    changes = {"id": message_id, "owner": OWNER, "from": RECIPIENT, "to": [OWNER], "text": text}
    callback([event | {"to": OWNER, "message": event["message"] | changes}])


def post(to: Any = RECIPIENT, key: str | None = None, **fields: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else None
    body = {"from": OWNER, "to": to, "text": TEXT} | fields
    _, answer = call_api(send_message, "POST", "/messages", body=body, headers=headers)
    return answer


class Desk:
    """A number that may send, and everything warm: credentials are read once in five minutes."""

    def __init__(self, stack: Stack, meter: Meter, api: Api) -> None:
        self._stack = stack
        self._meter = meter
        stores.numbers().activate(OWNER, replace(HOME, api=api), AT, preflight=PASSED)
        receipt(self.sent(), "delivered")
        meter.cost()

    def measure(self, act: Callable[..., Any], *given: Any, **more: Any) -> Cost:
        """Return what something costs."""
        self._meter.cost()
        act(*given, **more)
        return self._meter.cost()

    def bandwidth(self, path: str, answer: Any) -> None:
        """Set Bandwidth's response to the next request of a path."""
        self._stack.add_fault(path, answer=answer)

    def deliver(self, message: Mapping[str, Any]) -> None:
        """Let the worker send what is in the queue."""
        location = "/v1/users/u-simulated/messages/m-id3x6rblp4jrkih2u7zxjdy"
        taken = {"id": "16613658148591oidf7mcwd4qacn7", "segmentCount": 1}
        v2 = {"status": 202, "body": json.dumps(taken)}
        v1 = {"status": 201, "headers": {"Location": location}}
        self._stack.add_fault("/messages$", method="POST", answer=v1 if message["api"] == "v1" else v2)
        queued = self._stack.receive_messages(self._stack.send_queue)
        assert message["messageId"] in [each["Body"] for each in queued]
        (record,) = sample("messages/deliver_message")["Records"]
        record = record | {"body": message["messageId"]}
        assert call(deliver_message, {"Records": [record]}) == {"batchItemFailures": []}

    def sent(self, to: Any = RECIPIENT) -> Any:
        """Send a message; return it as it was accepted."""
        message = post(to)
        self.deliver(message)
        return message


@pytest.fixture
def desk(stack: Stack, meter: Meter, request: pytest.FixtureRequest) -> Desk:
    return Desk(stack, meter, getattr(request, "param", "v2"))


# What is said


def budget() -> tuple[int, int]:
    """Return the most calls and write units of one message's life."""
    (said,) = re.findall(r"^Budget: (\d+) calls, (\d+) write units$", DOCUMENT, re.MULTILINE)
    calls, most = said
    return int(calls), int(most)


def documented(access: str) -> Cost:
    """Return the values of a row of the document's table."""
    (row,) = re.findall(rf"^\| {re.escape(access)} \|(.*)\|(.*)\|.*\|$", DOCUMENT, re.MULTILINE)
    calls, most = row
    return Cost(re.findall(r"`(\w+)`", calls), int(most))


# What it comes to


@pytest.mark.parametrize("desk", ["v1", "v2"], indirect=True)
def test_a_message_from_accept_to_delivered_stays_within_the_budget(
    desk: Desk, generation: str, record_property: Callable[[str, object], None]
) -> None:
    message: dict[str, Any] = {}
    accepted = desk.measure(lambda: message.update(post()))
    delivered = desk.measure(desk.deliver, message)
    reported = desk.measure(receipt, message, "delivered")
    item = stores.messages().get(message["messageId"])
    assert item is not None
    assert (item["state"], item["text"], item["segmentCount"]) == ("delivered", TEXT, 1)

    assert accepted == documented("accept a message")
    assert delivered == documented("check, claim and send it, and record the response")
    assert reported == documented("receipt that moves the state")
    calls = len(accepted.calls) + len(delivered.calls) + len(reported.calls)
    spent = accepted.units + delivered.units + reported.units
    assert calls <= budget()[0]
    assert spent <= budget()[1]
    life = f"one {message['api']} message ({generation}) from accept to delivered"
    record_property(life, f"{calls} calls, {spent} write units, {item_size(item)} bytes at its end")


@only_current
def test_rates_cost_at_most_two_write_units_per_message(
    desk: Desk, record_property: Callable[[str, object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.lanes().set_rate("account", to_interval(1000))
    message: dict[str, Any] = {}
    # A worker that is later than 0.2 seconds reserves another ticket.
    monkeypatch.setattr(message_delivery, "now", lambda: message["times"]["accepted"])
    accepted = desk.measure(lambda: message.update(post()))
    delivered = desk.measure(desk.deliver, message)
    assert accepted == documented("accept a message of a lane with a rate")
    assert delivered == documented("check, claim and send it, and record the response")

    stores.lanes().set_rate(f"number:{OWNER}", to_interval(1000))
    accepted = desk.measure(lambda: message.update(post()))
    delivered = desk.measure(desk.deliver, message)
    assert accepted == documented("accept a message of a number or campaign with a rate")
    assert delivered == documented("send it on a number's or campaign's lane and the account's")

    without = documented("accept a message").units
    without += documented("check, claim and send it, and record the response").units
    assert accepted.units + delivered.units - without == 2
    record_property("extra write units of a message on two lanes", accepted.units + delivered.units - without)


@only_current
def test_the_load_of_a_lane_costs_no_write_unit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for lane in ("account", f"number:{OWNER}"):
        stores.lanes().set_rate(lane, to_interval(1000))
    loads: dict[str, Load | None] = {
        f"campaign:C{number:07}": Load(10_000_000, 10**16 + number) for number in range(11)
    }
    message: dict[str, Any] = {}
    monkeypatch.setattr(message_delivery, "now", lambda: message["times"]["accepted"])
    message.update(post())
    desk.deliver(message)
    stores.lanes().extend("account", Extend(TrackName.NORMAL, 1), loads)
    message.update(post())

    delivered = desk.measure(desk.deliver, message)

    assert delivered == documented("send it on a number's or campaign's lane and the account's")
    recorded = {name for name in stores.lanes().get("account") if name.startswith("load ")}
    assert recorded == {f"load {lane}" for lane in (*loads, f"number:{OWNER}")}


@only_current
def test_a_scheduled_message_of_a_lane_with_a_rate(desk: Desk) -> None:
    at = to_rfc3339((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    before = desk.measure(post, sendAt=at)
    stores.lanes().set_rate("account", to_interval(1))

    message: dict[str, Any] = {}
    accepted = desk.measure(lambda: message.update(post(sendAt=at)))
    canceled = desk.measure(call_api, cancel_message, "DELETE", f"/messages/{message['messageId']}")

    assert accepted == documented(
        "accept a message of a lane with a rate that is due in more than 15 minutes"
    )
    assert accepted.units == before.units + 1
    assert canceled == documented("cancel it on a lane with a rate")


@only_current
def test_a_message_that_is_not_due(stack: Stack, desk: Desk) -> None:
    stores.lanes().set_rate("account", to_interval(0.1))
    post()
    waiting = post()
    (record,) = sample("messages/deliver_message")["Records"]

    cost = desk.measure(call, deliver_message, {"Records": [record | {"body": waiting["messageId"]}]})

    assert cost == documented("queue a message again that is not due")


@only_current
def test_rates_and_messages_that_wait(desk: Desk) -> None:
    rates = wiring.lane_rates()
    rates.set_rate("account", to_interval(0.1))
    message_id = post()["messageId"]
    store = stores.claims()

    shown = desk.measure(call_api, browse, "GET", f"/messages/{message_id}")
    assert shown == documented("show a message that waits for its rate")
    assert desk.measure(rates.get, "account") == documented("show the rate of a lane")
    changed = desk.measure(rates.set_rate, "account", to_interval(1))
    assert changed == documented("set the rate of a lane that messages use")
    waiting = desk.measure(store.record_waiting, message_id, Waiting.CREDENTIALS)

    assert waiting == documented("record why a message waits, before its claim")


def test_a_receipt_that_does_not_move_the_message(desk: Desk) -> None:
    message = desk.sent()
    assert desk.measure(receipt, message, "sending") == documented("late receipt with new information")
    assert desk.measure(receipt, message, "sending") == documented("repeated receipt")
    receipt(message, "delivered")

    assert desk.measure(receipt, message, "delivered") == documented("repeated receipt")


def test_a_receipt_of_a_groups_recipient(desk: Desk) -> None:
    message = desk.sent([RECIPIENT, "+19195551235"])
    cost = desk.measure(receipt, message, "delivered")
    assert cost == documented("receipt of a group's recipient")
    assert desk.measure(receipt, message, "delivered") == documented("repeated receipt")
    cost = desk.measure(receipt, message, "delivered", to="+19195551235")

    assert cost == documented("receipt of a group's recipient that moves the group")


@only_current
def test_a_look_up_of_an_unconfirmed_message(stack: Stack, desk: Desk) -> None:
    message = post()
    stack.add_fault("/messages$", method="POST", lose_answer=True)
    (queued,) = (
        each for each in stack.receive_messages(stack.send_queue) if each["Body"] == message["messageId"]
    )
    (record,) = sample("messages/deliver_message")["Records"]
    record = record | {"body": queued["Body"], "receiptHandle": queued["ReceiptHandle"]}

    call(deliver_message, {"Records": [record]})

    item = stores.messages().get(message["messageId"])
    assert item is not None
    assert desk.measure(wiring.unconfirmed_messages().resolve, item) == documented(
        "search Bandwidth for an unconfirmed message"
    )


def test_a_message_from_a_pool(desk: Desk) -> None:
    pools = wiring.number_pools()
    another = "+19102398767"
    stores.numbers().activate(another, HOME, AT)
    message: dict[str, Any] = {}

    created = desk.measure(pools.set_numbers, "reminders", [OWNER, another], match_area_code=False)
    first = desk.measure(lambda: message.update(post(**{"from": "reminders"})))
    second = desk.measure(lambda: post(**{"from": "reminders"}))
    stores.numbers().record_preflight(message["from"], PASSED)
    delivered = desk.measure(desk.deliver, message)

    assert created == documented("set the numbers of a pool")
    assert first == documented("accept the first message of a pool's conversation")
    assert second == documented("accept another message of a pool's conversation")
    assert delivered == documented("send a message of a pool, and record the response")
    assert desk.measure(pools.get, "reminders") == documented("show a pool")
    assert desk.measure(pools.list_all, limit=25) == documented("page of pools (25)")


@only_current
def test_a_message_with_rcs(stack: Stack, desk: Desk) -> None:
    message: dict[str, Any] = {}
    rcs = {"from": "ExampleAgent", "text": "Good morning"}
    (record,) = sample("messages/deliver_message")["Records"]
    accepted = {"links": [], "data": {"id": "16613658148591oidf7mcwd4qacn9"}, "errors": []}
    stack.add_fault("/multiChannel$", method="POST", answer={"status": 202, "body": json.dumps(accepted)})

    accept = desk.measure(lambda: message.update(post(rcs=rcs)))
    send = desk.measure(call, deliver_message, {"Records": [record | {"body": message["messageId"]}]})
    fail = desk.measure(fail_by_rcs, message)

    assert accept == documented("accept a message with RCS")
    assert send == documented("send a message with RCS, and record the response")
    assert fail == documented("receipt of a failure of RCS")


def fail_by_rcs(message: Mapping[str, Any]) -> None:
    part = {"id": "16613658148591oidf7mcwd4qacn9", "tag": message["messageId"], "channel": "RBM"}
    part |= {"owner": "ExampleAgent", "from": "ExampleAgent", "to": [RECIPIENT], "segmentCount": 1}
    event = {"type": "message-failed", "time": LATER, "to": RECIPIENT, "errorCode": 4754, "message": part}
    callback([event])


def test_a_repeated_request_with_the_same_key(desk: Desk) -> None:
    post(key="key-1")
    assert desk.measure(post, key="key-1") == documented("repeated request with the same `Idempotency-Key`")


def test_a_message_to_an_opted_out_recipient(desk: Desk) -> None:
    inbound("stop")
    assert desk.measure(post) == documented("message rejected for an opt-out")


def test_a_message_that_may_no_longer_be_sent(desk: Desk) -> None:
    message = post()
    inbound("stop")
    (record,) = sample("messages/deliver_message")["Records"]
    record = record | {"body": message["messageId"]}

    cost = desk.measure(call, deliver_message, {"Records": [record]})

    assert cost == documented("message that may no longer be sent")


def test_a_scheduled_message(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    at = to_rfc3339((datetime.now(UTC) + timedelta(hours=1)).isoformat())
    accepted = desk.measure(post, sendAt=at)
    monkeypatch.setattr(message_schedule, "now", lambda: at)

    run = desk.measure(call, queue_scheduled, {})

    rest = Cost([name for name in run.calls if name != "Query"], run.units)

    assert accepted == documented("accept a message that is due in more than 15 minutes")
    assert rest == documented("queue a scheduled message (up to 100 in one `BatchGetItem`)")
    assert run.calls.count("Query") == 16
    assert desk.measure(call, queue_scheduled, {}).units == 0


def test_a_canceled_message(desk: Desk) -> None:
    message = post()

    cost = desk.measure(call_api, cancel_message, "DELETE", f"/messages/{message['messageId']}")

    assert cost == documented("cancel a message")


def test_a_canceled_message_that_was_scheduled(desk: Desk) -> None:
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    message = post(sendAt=in_an_hour)

    cost = desk.measure(call_api, cancel_message, "DELETE", f"/messages/{message['messageId']}")

    assert cost == documented("cancel a message that is due in more than 15 minutes")


def test_an_inbound_message(desk: Desk) -> None:
    assert desk.measure(inbound, TEXT) == documented("inbound message")
    assert desk.measure(inbound, TEXT) == documented("repeated inbound message")


def test_an_inbound_stop(desk: Desk) -> None:
    assert desk.measure(inbound, "STOP", "in-1") == documented("inbound stop or start")


def test_a_reply_to_a_keyword(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELP_REPLY", TEXT)
    settings.cache_clear()
    records = []
    for message_id in ("in-1", "in-2"):
        inbound("HELP", message_id)
        (record,) = deepcopy(sample("messages/send_keyword_reply")["Records"])
        record["dynamodb"]["NewImage"]["messageId"] = {"S": message_id}
        records.append(record)
    received = stores.messages().get("in-1")
    assert received is not None
    monkeypatch.setattr(keyword_replies, "now", lambda: received["receivedAt"])

    replied, skipped = (desk.measure(call, send_keyword_reply, {"Records": [record]}) for record in records)

    assert replied == documented("reply to a keyword")
    assert skipped == documented("keyword that may get no second reply")


def test_an_event_for_a_webhook(desk: Desk) -> None:
    with run_server() as endpoint:
        call_api(manage_webhooks, "PUT", "/webhooks/crm", body={"url": endpoint.url})
        event = json.loads(json.dumps(sample("messages/send_webhook")))
        # The master secret is cached.
        call(send_webhook, event)

        sent = desk.measure(call, send_webhook, event)
        event["Records"][0]["messageAttributes"] = {}
        queued = desk.measure(call, send_webhook, event)

    assert len(endpoint.requests) == 2
    assert sent == documented("send an event to a webhook")
    assert queued == documented("queue an event for one webhook")


def test_a_message_with_an_uploaded_file(stack: Stack, desk: Desk) -> None:
    stack.s3.put_object(Bucket="uploads", Key="a.png", Body=b"a picture", ContentType="image/png")
    body = {"from": OWNER, "to": RECIPIENT, "media": ["media://a.png"]}

    cost = desk.measure(call_api, send_message, "POST", "/messages", body=body)

    assert cost == documented("accept a message with an uploaded file")


def test_inbound_media(stack: Stack, desk: Desk) -> None:
    url = at_bandwidth(stack, "a.png", b"a picture", "image/png")
    for message_id in ("in-1", "in-2"):
        received(url, message_id=message_id)
    archive(stack, "in-1")

    cost = desk.measure(archive, stack, "in-2")

    assert cost == documented("media of an inbound message (one file)")


def test_pages(desk: Desk) -> None:
    desk.sent()
    store = stores.messages()
    messages = desk.measure(store.search, OWNER, MessageSearch(), limit=25)
    assert messages == documented("page of a number's messages, or of a conversation (25)")
    conversation = desk.measure(store.list_by_conversation, OWNER, [RECIPIENT], limit=25)
    assert conversation == messages
    search = desk.measure(store.search, OWNER, MessageSearch(tag="none"), limit=25)
    assert search == documented("page of a number's messages with filters, for each 100 messages read")
    stores.opt_outs().record(OWNER, RECIPIENT, opted_out=True, keyword="stop", at=AT)
    opt_outs = desk.measure(stores.opt_outs().list_by_number, OWNER, limit=25)

    assert opt_outs == documented("page of a number's opt-outs (25)")


def test_the_first_message_of_a_number(desk: Desk) -> None:
    stores.numbers().record_preflight(OWNER, {"at": AT, "ok": False, "problems": ["fixed since"]})
    answers = (
        (
            "/applicationSettings$",
            f"<r><HttpMessagingV2AppId>{HOME.application_id}</HttpMessagingV2AppId></r>",
        ),
        (
            f"/applications/{HOME.application_id}$",
            f"<r><Application><CallbackUrl>{CALLBACK_URL}</CallbackUrl></Application></r>",
        ),
    )
    for path, body in answers:
        desk.bandwidth(path, {"status": 200, "body": body})
    message = post()
    cost = desk.measure(desk.deliver, message)
    before = documented("preflight before a number's first message")
    usual = documented("check, claim and send it, and record the response")
    # The preflight comes between the check, which it repeats, and the claim.
    assert cost == Cost([*usual.calls[:2], *before.calls, *usual.calls[2:]], usual.units + before.units)

    item = stores.numbers().get(OWNER)
    assert item is not None
    assert item["preflight"]["ok"] is True


def test_a_number(desk: Desk) -> None:
    store, number = stores.numbers(), "+19102398767"
    assert desk.measure(store.expect, number, HOME, AT) == documented("a number is expected (pending)")
    assert desk.measure(store.activate, number, HOME, AT) == documented("a number becomes active")


def test_a_step_of_a_setup(desk: Desk) -> None:
    order = HOME.customer_order_id
    stores.orders().open(
        order, kind="messaging_v2", requested=2, execution_arn="arn:aws:states:…", at=AT, digest="d"
    )

    @step("Create application", StepInput)
    def handler(request: StepInput) -> StepResult:
        """Do nothing, so that only the decorator is measured."""
        return StepResult()

    cost = desk.measure(handler, {"customerOrderId": order}, Context())

    assert cost == documented("one step of a set-up, its start and its end")


def test_usage(desk: Desk) -> None:
    counts = {"sentMessages": 9, "sentSegments": 12}
    for _ in range(2):
        cost = desk.measure(stores.usage().add, "2026-11-22", OWNER, counts)
        assert cost == documented("count the usage of a batch (up to 10 changes), for each day and number")

    assert desk.measure(lambda: list(stores.usage().list_day("2026-11-22"))) == documented(
        "usage of a day, for each 1,000 numbers"
    )


def test_the_start_of_a_set_up(desk: Desk) -> None:
    orders = stores.orders()

    cost = desk.measure(
        orders.register, "order-1", kind="messaging_v2", requested=1, execution_arn="arn", at=AT, digest="d"
    )

    assert cost == documented("a set-up or a release starts")


def test_a_page_of_orders(desk: Desk) -> None:
    stores.orders().register(
        "order-1", kind="messaging_v2", requested=1, execution_arn="arn", at=AT, digest="d"
    )

    cost = desk.measure(stores.orders().list_by_kinds, ("messaging_v2",), limit=25)

    assert cost == documented("page of orders of a kind (25)")
