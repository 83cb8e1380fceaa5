"""Changes of the stores are published: every detail type, valid by its schema, once and in order."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from bandwidth_messaging.domain.drift import DriftCause, DriftKind, Finding
from bandwidth_messaging.domain.messages import Message, MessageState, Receipt
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.webhooks import WebhookFormat, WebhookItem, WebhookState
from bandwidth_messaging.runtime import stores
from functions.messages import publish_events
from tests.bus import KIND_OF, bus_event, schema_errors
from tests.functions.conftest import Stack, call
from tests.functions.messages.test_publish_events import Bus

OURS, THEIRS = "+19195551212", "+19195551234"
NUMBERS = ["+19195551212", "+19195551213", "+19195551214"]
TEXT = "a text for the table only"
HOME = Home(
    api="v2",
    customer_order_id="order-7",
    site_id="2297",
    order_id="9f7e4d3c-6a5f-4f5e-9a4b-0c5f0f3b7d11",
    application_id="93de2206-9669-4e07-948d-329f4b722ee2",
    location_id="500709",
)


def at(second: int) -> str:
    return f"2026-11-22T09:30:{second:02}.000Z"


class Streams:
    """The streams of both tables, read as docs/operations.md reads them."""

    def __init__(self, stack: Stack) -> None:
        self._client = boto3.client("dynamodbstreams")
        self._arns = [
            stack.dynamodb.update_table(
                TableName=table,
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            )["TableDescription"]["LatestStreamArn"]
            for table in ("MessagesTable", "NumbersTable")
        ]

    def records(self) -> Iterator[dict[str, Any]]:
        for arn in self._arns:
            (shard,) = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
            iterator = self._client.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            for record in self._client.get_records(ShardIterator=iterator)["Records"]:
                # moto reports an item that an update creates twice, first with its key alone.
                if record["dynamodb"]["NewImage"] != record["dynamodb"]["Keys"]:
                    yield json.loads(json.dumps(record, default=str))


@pytest.fixture
def streams(stack: Stack) -> Streams:
    return Streams(stack)


def publish_all(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Publish every record of the streams. Return the events as EventBridge delivers them."""
    bus = Bus()
    monkeypatch.setattr(stores, "events", lambda: bus)
    records = list(streams.records())
    for start in range(0, len(records), 10):
        batch = {"Records": records[start : start + 10]}
        assert call(publish_events, batch) == {"batchItemFailures": []}
    return [bus_event(entry["DetailType"], json.loads(entry["Detail"])) for entry in bus.entries]


def outbound(message_id: str, *to: str) -> Message:
    return Message(
        message_id=message_id,
        direction="out",
        api="v2",
        owner=OURS,
        sender=OURS,
        recipients=to or (THEIRS,),
        text=TEXT,
        state=MessageState.ACCEPTED,
        time=at(0),
        application_id=HOME.application_id,
        encoding="GSM-7",
        segment_count=1,
    )


def inbound() -> Message:
    return Message(
        message_id="1661365814860moidf7mcwd4qacn8",
        direction="in",
        api="v2",
        owner=OURS,
        sender=THEIRS,
        recipients=(OURS,),
        text=TEXT,
        media=("https://messaging.bandwidth.com/api/v2/users/9/media/1/0/a.png",),
        state=MessageState.RECEIVED,
        time=at(0),
        segment_count=1,
    )


def text_messages() -> None:
    """Move messages to every state, one of them after another final state."""
    sent, unknown, throttled = "out_1", "out_2", "out_3"
    for message_id in (sent, unknown, throttled):
        stores.messages().add(outbound(message_id))
        stores.claims().claim(message_id, at(1))
    stores.receipts().advance(
        sent, MessageState.SENT, at(2), bandwidth_id="1661365814859loidf7mcwd4qacn7", segment_count=1
    )
    stores.receipts().advance(
        sent, MessageState.FAILED, at(3), error_code=4720, error_class="recipient", reason="Gone."
    )
    stores.receipts().advance(sent, MessageState.DELIVERED, at(4))
    stores.receipts().advance(unknown, MessageState.SEND_UNCONFIRMED, at(2), reason="Its receipt will tell")
    stores.receipts().advance(unknown, MessageState.DELIVERY_UNKNOWN, at(3), reason="No receipt came")
    stores.receipts().advance(unknown, MessageState.DELIVERED, at(4))
    claimed = stores.messages().get(throttled)
    assert claimed
    stores.claims().release_claim(claimed)
    stores.messages().add(outbound("out_4"))
    stores.schedule().cancel("out_4", at(1))
    stores.messages().add(inbound())
    file = {"name": "a.png", "key": "k/0", "contentType": "image/png", "bytes": 1024}
    stores.archive_records().record(inbound().message_id, [file], None)


def numbers() -> None:
    """Move numbers to every state."""
    store = stores.numbers()
    for number in NUMBERS:
        store.expect(number, HOME, at(0))
    store.activate(NUMBERS[0], HOME, at(1))
    store.fail({"number": NUMBERS[1], "code": "5005", "reason": "the number is not available"}, HOME, at(1))
    store.start_release(NUMBERS[0], HOME, at(2))
    store.record_detached(NUMBERS[0], at(3))
    store.release(NUMBERS[0], at(4))


def orders() -> None:
    """Move orders to every final state."""
    store = stores.orders()
    for name, end in {"order-7": "completed", "order-8": "partial", "order-9": "failed"}.items():
        arn = f"arn:aws:states:us-east-1:123456789012:execution:MessagingV2:{name}"
        store.open(name, kind="messaging_v2", requested=2, execution_arn=arn, at=at(0), digest="d")
        store.record_step(name, "Create application", state="succeeded", at=at(1))
        store.begin_ordering(name, "attempt", at(2))
        store.record_ordered(name, "9f7e4d3c-6a5f-4f5e-9a4b-0c5f0f3b7d11", at(2))
        store.finish(
            name, end, at=at(3), completed=1, failed=1, reason="No numbers" if end == "failed" else None
        )


def opt_outs() -> None:
    """Record an opt-out, its repetition and an opt-in."""
    store = stores.opt_outs()
    for second, (opted_out, keyword) in enumerate([(True, "stop"), (True, "quit"), (False, "start")]):
        store.record(OURS, THEIRS, opted_out=opted_out, keyword=keyword, at=at(second))


def drift() -> None:
    """Record drift, another drift, and no drift."""
    store = stores.drift()
    appeared = Finding(DriftKind.APPEARED, DriftCause.LISTED_AT_LOCATION, NUMBERS[2], location_id="561")
    mute = Finding(
        DriftKind.LOST_MESSAGING,
        DriftCause.SMS_OFF_AT_LOCATION,
        numbers=2,
        site_id="743",
        location_id="561",
    )
    for second, findings in enumerate([[appeared], [appeared, mute], []]):
        store.record(findings, at(second))


def transfers() -> None:
    """Stop an import of opt-outs, and redrive it."""
    arn = "arn:aws:states:us-east-1:123456789012:execution:OptOuts:import-1"
    failure: Any = {"execution_arn": arn, "reason": "The execution was stopped."}
    store = stores.transfers()
    store.record_failed("import-1", at=at(0), action="IMPORT", key="imports/a.csv", **failure)
    store.record_redriven("import-1", at=at(1))


def webhooks() -> None:
    """Create a webhook, rotate its secret, and disable it."""
    store = stores.webhooks()
    created: WebhookItem = {
        "webhookName": "crm",
        "state": WebhookState.ENABLED,
        "url": "https://crm.example.com/token-in-path",
        "types": ["Message Delivered"],
        "format": WebhookFormat.STANDARD,
        "secretId": "secret-id-1",
        "createdAt": at(0),
    }
    rotated: WebhookItem = {
        **created,
        "secretId": "secret-id-2",
        "previousSecretId": "secret-id-1",
        "previousUntil": at(9),
        "rotatedAt": at(1),
    }
    disabled: WebhookItem = {
        **rotated,
        "state": WebhookState.DISABLED,
        "disabledAt": at(2),
        "reason": "The endpoint responded 410 Gone.",
    }
    known = None
    for changed in (created, rotated, disabled, None):
        assert store.replace("crm", known, changed)
        known = changed


def everything() -> None:
    text_messages()
    numbers()
    orders()
    opt_outs()
    transfers()
    drift()
    webhooks()


def item_of(event: dict[str, Any]) -> tuple[str, ...]:
    """Return the id of an event's item."""
    kind, detail = KIND_OF[event["detail-type"]], event["detail"]
    names = {
        "message": "messageId",
        "number": "number",
        "order": "customerOrderId",
        "opt_out": "owner",
        "webhook": "name",
    }
    return kind, detail[names[kind]] if kind in names else ""


def test_every_detail_type_is_published_and_valid(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    everything()

    events = publish_all(streams, monkeypatch)

    assert {event["detail-type"] for event in events} == KIND_OF.keys()
    assert [schema_errors(event) for event in events] == [[]] * len(events)


def test_no_event_contains_text_or_media_urls(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    text_messages()
    events = publish_all(streams, monkeypatch)
    assert TEXT not in str(events)
    assert "messaging.bandwidth.com" not in str(events)

    (received,) = [event for event in events if event["detail-type"] == "Message Received"]
    assert received["detail"]["mediaCount"] == 1


def test_events_contain_text_and_media_by_parameter(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTS_INCLUDE_TEXT", "true")
    text_messages()
    events = publish_all(streams, monkeypatch)
    assert {event["detail"]["text"] for event in events} == {TEXT}

    (received,) = [event for event in events if event["detail-type"] == "Message Received"]
    assert received["detail"]["media"] == list(inbound().media)
    assert [schema_errors(event) for event in events] == [[]] * len(events)


def test_the_events_of_a_webhook_contain_neither_its_url_nor_the_id_of_its_secret(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhooks()

    events = publish_all(streams, monkeypatch)

    assert [event["detail-type"] for event in events] == [
        "Webhook Enabled",
        "Webhook Updated",
        "Webhook Disabled",
    ]
    assert not any(hidden in str(events) for hidden in ("token-in-path", "secret-id"))


def test_each_change_has_a_unique_id_and_an_ordered_version(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything()
    events = publish_all(streams, monkeypatch)
    ids = [event["detail"]["eventId"] for event in events]
    assert len(set(ids)) == len(ids)
    versions: dict[Any, list[int]] = {}
    for event in events:
        versions.setdefault(item_of(event), []).append(event["detail"]["version"])

    assert all(seen[0] == 1 and seen == sorted(set(seen)) for seen in versions.values())


def test_a_republished_event_is_identical(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    everything()
    assert publish_all(streams, monkeypatch) == publish_all(streams, monkeypatch)


def test_the_highest_version_has_the_last_published_state_in_any_order(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything()
    newest: dict[Any, dict[str, Any]] = {}
    for event in reversed(publish_all(streams, monkeypatch) * 2):
        known = newest.setdefault(item_of(event), event)
        if event["detail"]["version"] > known["detail"]["version"]:
            newest[item_of(event)] = event

    assert {who: event["detail-type"] for who, event in newest.items()} == {
        ("message", "out_1"): "Message Updated",
        ("message", "out_2"): "Message Delivered",
        # The message is back in the queue, which is no event.
        ("message", "out_3"): "Message Sending",
        ("message", "out_4"): "Message Canceled",
        ("message", inbound().message_id): "Message Media Archived",
        ("number", NUMBERS[0]): "Number Released",
        ("number", NUMBERS[1]): "Number Failed",
        ("number", NUMBERS[2]): "Number Pending",
        ("order", "order-7"): "Order Completed",
        ("order", "order-8"): "Order Partially Completed",
        ("order", "order-9"): "Order Failed",
        ("opt_out", OURS): "Opt-Out Ended",
        ("opt_out_transfer", ""): "Opt-Out Transfer Resumed",
        ("drift", ""): "Drift Ended",
        ("webhook", "crm"): "Webhook Disabled",
    }


def types(streams: Streams, monkeypatch: pytest.MonkeyPatch, message_id: str) -> list[str]:
    events = publish_all(streams, monkeypatch)
    return [event["detail-type"] for event in events if event["detail"]["messageId"] == message_id]


@pytest.mark.parametrize(
    ("ordered", "expected"),
    [
        (False, ["Order Started", "Order Failed", "Order Started", "Order Completed"]),
        (True, ["Order Started", "Order Placed", "Order Failed", "Order Placed", "Order Completed"]),
    ],
)
def test_a_continued_order_is_published_with_its_state(
    streams: Streams, monkeypatch: pytest.MonkeyPatch, ordered: bool, expected: list[str]
) -> None:
    store, arn = stores.orders(), "arn:aws:states:us-east-1:123456789012:execution:MessagingV2:"
    asked: Any = {"kind": "messaging_v2", "requested": 2, "digest": "d"}
    store.open("order-7", execution_arn=f"{arn}first", at=at(0), **asked)
    if ordered:
        store.record_ordered("order-7", "9f7e4d3c-6a5f-4f5e-9a4b-0c5f0f3b7d11", at(1))
    store.finish("order-7", "failed", at=at(2), reason="not ended after 24 hours")
    store.open("order-7", execution_arn=f"{arn}second", at=at(3), **asked)
    store.finish("order-7", "completed", at=at(4), completed=2)
    events = publish_all(streams, monkeypatch)
    assert [event["detail-type"] for event in events] == expected
    assert [schema_errors(event) for event in events] == [[]] * len(events)

    again = events[-2]["detail"]
    assert again["executionArn"] == f"{arn}second"
    assert "reason" not in again
    assert "failed" not in again["times"]


def test_a_redelivered_receipt_is_no_event(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    stores.messages().add(outbound("out_1"))
    receipt = Receipt(
        message_id="out_1",
        bandwidth_id="1",
        state=MessageState.DELIVERED,
        time=at(2),
        api="v2",
        recipient=THEIRS,
    )
    for _ in range(3):
        stores.receipts().record_receipt(receipt)

    assert types(streams, monkeypatch, "out_1") == ["Message Accepted", "Message Delivered"]


def test_each_recipients_state_of_a_group_is_an_event(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = (THEIRS, "+19195551235")
    stores.messages().add(outbound("out_1", *group))
    for recipient in group:
        stores.receipts().record_receipt(
            Receipt(
                message_id="out_1",
                bandwidth_id="1",
                state=MessageState.DELIVERED,
                time=at(2),
                api="v2",
                recipient=recipient,
                recipients=group,
            )
        )

    published = types(streams, monkeypatch, "out_1")

    assert published[0] == "Message Accepted"
    assert published[-1] == "Message Delivered"
    assert "Message Updated" in published


def test_attempts_that_bandwidth_rejects_are_no_events(
    streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.messages().add(outbound("out_1"))
    for _ in range(2):
        claimed, _ = stores.claims().claim("out_1", at(1))
        assert claimed
        stores.claims().release_claim(claimed)
    stores.claims().claim("out_1", at(2))

    stores.receipts().advance("out_1", MessageState.SENT, at(3), bandwidth_id="1")

    assert types(streams, monkeypatch, "out_1") == ["Message Accepted", "Message Sending", "Message Sent"]
