"""Usage is counted from the stream, once for each message that Bandwidth accepts or sends."""

import json
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.domain.usage import COUNTS
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services.usage_counting import find_use
from functions.control import browse
from functions.messages import publish_events, receive_callback
from tests.functions.conftest import PASSED, Stack, call, call_api, clear_caches, sample
from tests.functions.messages.test_bus import Streams
from tests.functions.messages.test_carrier_retries import bandwidth_id, fail, report, send_again, sent
from tests.functions.messages.test_publish_events import Bus
from tests.functions.messages.test_sending import OWNER, RECIPIENT, send
from tests.functions.messages.test_sending import ready as ready  # noqa: PLC0414 - a fixture
from tests.generations import only_current

pytestmark = only_current

DAY = "2026-11-22"
FIRST, LAST = "2026-11-01", "2026-12-01"
NOTHING = dict.fromkeys(COUNTS, 0)


@pytest.fixture
def counting(ready: Stack, monkeypatch: pytest.MonkeyPatch) -> Streams:
    """A stack with UsageCounts=true, CarrierRetries=2 and prices."""
    for name, value in {
        "USAGE_COUNTS": "true",
        "SEGMENT_PRICE": "0.004",
        "MMS_PRICE": "0.015",
        "CARRIER_RETRIES": "2",
        "RETRY_ERROR_CLASSES": "carrier",
    }.items():
        monkeypatch.setenv(name, value)
    clear_caches()
    return Streams(ready)


def publish(records: list[Any], monkeypatch: pytest.MonkeyPatch, bus: Bus | None = None) -> Any:
    """Publish records as one batch, and return the failures."""
    bus = bus or Bus()
    with monkeypatch.context() as patch:
        patch.setattr(stores, "events", lambda: bus)
        return call(publish_events, {"Records": records})["batchItemFailures"]


def counted() -> dict[str, int]:
    """Return all counters of the Usage table."""
    items = stores._dynamodb().scan(TableName="UsageTable")["Items"]
    total: Counter[str] = Counter()
    for item in items:
        total.update({name: int(item[name]["N"]) for name in COUNTS if name in item})
    return dict(total)


def receive(message_id: str = "inbound-1") -> None:
    event = json.loads(sample("messages/receive_callback")["body"])[0]
    event["message"] |= {"id": message_id, "owner": OWNER, "to": [OWNER], "from": RECIPIENT}
    body = json.dumps([event | {"to": OWNER}])
    assert call(receive_callback, sample("messages/receive_callback") | {"body": body})["statusCode"] == 204


def test_a_sent_message_counts_once_over_all_its_states(
    counting: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = sent(text="x" * 200)
    report(message_id, "message-delivered", bandwidth_id(message_id))

    publish(list(counting.records()), monkeypatch)

    assert counted() == {"sentMessages": 1, "sentSegments": 2}


def test_a_scheduled_message_counts_on_the_day_of_its_send_if_its_receipt_precedes_the_response() -> None:
    accepted = {
        "owner": OWNER,
        "direction": "out",
        "to": [RECIPIENT],
        "sortKey": "2026-11-01T09:00:00.000Z#m",
    }
    sending = accepted | {"sendingAt": "2026-11-30T09:00:00.000Z"}
    delivered = sending | {"bandwidthId": "b-1", "deliveredAt": "2026-11-30T09:00:01.000Z"}

    use = find_use(delivered, sending)

    assert use
    assert use.day == "2026-11-30"


def test_a_message_that_is_not_sent_does_not_count(
    counting: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send()[0] == 202

    publish(list(counting.records()), monkeypatch)

    assert counted() == {}


def test_each_attempt_of_a_retried_message_counts_once(
    counting: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = sent()
    first = fail(message_id)
    send_again(message_id, monkeypatch)
    fail(message_id)
    # The first attempt was delivered after all, which stores its id again.
    report(message_id, "message-delivered", first)

    publish(list(counting.records()), monkeypatch)

    assert bandwidth_id(message_id) == first
    assert counted() == {"sentMessages": 2, "sentSegments": 2}


def test_an_mms_counts_for_each_recipient_and_has_no_segments(
    counting: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent(to=[RECIPIENT, "+19195551235"])

    publish(list(counting.records()), monkeypatch)

    assert counted() == {"sentMessages": 2, "sentMms": 2}


def test_a_received_message_counts_once(counting: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    receive()
    receive()

    publish(list(counting.records()), monkeypatch)

    assert counted()["receivedMessages"] == 1


def test_records_that_are_delivered_again_count_once(
    counting: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        receive(f"inbound-{number}")
    records = list(counting.records())

    (failure,) = publish(records, monkeypatch, Bus(refuse=1))

    assert counted()["receivedMessages"] == 1
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    again = records[numbers.index(failure["itemIdentifier"]) :]
    assert publish(again, monkeypatch) == []
    assert counted()["receivedMessages"] == 3


def test_a_batch_is_one_write_for_each_number_and_day(
    counting: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        receive(f"inbound-{number}")
    writes: list[str] = []
    add = stores.usage().add
    monkeypatch.setattr(
        stores.usage(),
        "add",
        lambda *given: (writes.append(given[1]), add(*given)),  # type: ignore[func-returns-value]
    )

    publish(list(counting.records()), monkeypatch)

    assert writes == [OWNER]
    assert counted()["receivedMessages"] == 5


def test_a_failed_write_is_reported_and_not_repeated(
    counting: Streams, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    receive()
    failure = ClientError({"Error": {"Code": "InternalServerError"}}, "UpdateItem")

    def fail_to_add(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(stores.usage(), "add", fail_to_add)

    assert publish(list(counting.records()), monkeypatch) == []
    output = capsys.readouterr().out
    assert "usage not counted" in output
    assert '"UsageNotCounted":[1' in output.replace(" ", "")


def test_an_unexpected_record_does_not_stop_the_others(
    counting: Streams, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    receive()
    (record,) = counting.records()
    broken = json.loads(json.dumps(record))
    broken["dynamodb"]["NewImage"]["sortKey"] = {"B": "AA=="}

    assert publish([broken, record], monkeypatch) == []

    assert counted()["receivedMessages"] == 1
    assert "usage not counted" in capsys.readouterr().out


def test_without_the_parameter_nothing_is_counted(ready: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    streams = Streams(ready)
    receive()

    publish(list(streams.records()), monkeypatch)

    assert counted() == {}
    status, problem = usage()
    assert (status, problem["code"]) == (409, "not_enabled")
    assert "UsageCounts=true" in problem["detail"]


# GET /usage


def usage(**query: str) -> tuple[int, Any]:
    return call_api(browse, "GET", "/usage", query={"from": FIRST, "to": LAST} | query)


@pytest.fixture
def used(counting: Streams) -> None:
    """Usage of two numbers on three days. One number is in a campaign."""
    registration: Any = {
        "kind": "10dlc",
        "state": "registered",
        "checkedAt": f"{DAY}T00:00:00.000Z",
        "campaignId": "CABC123",
    }
    stores.numbers().record_registration(OWNER, registration)
    home = Home(api="v2", customer_order_id="order-1", location_id="500001", site_id="1001")
    stores.numbers().activate("+19102398767", home, f"{DAY}T00:00:00.000Z", preflight=PASSED)
    for day, number, counts in (
        ("2026-11-01", OWNER, {"sentMessages": 3, "sentSegments": 5}),
        (DAY, OWNER, {"sentMessages": 1, "sentMms": 1}),
        (DAY, "+19102398767", {"receivedMessages": 4, "receivedSegments": 6}),
        ("2026-12-01", "+19102398767", {"sentMessages": 1, "sentSegments": 1}),
        ("2026-12-02", OWNER, {"sentMessages": 100, "sentSegments": 100}),
    ):
        stores.usage().add(day, number, counts)


def test_usage_by_day(used: None) -> None:
    status, report = usage()

    assert status == 200
    assert report["items"] == [
        NOTHING | {"day": "2026-11-01", "sentMessages": 3, "sentSegments": 5, "estimatedPrice": 0.02},
        NOTHING
        | {
            "day": DAY,
            "sentMessages": 1,
            "sentMms": 1,
            "receivedMessages": 4,
            "receivedSegments": 6,
            "estimatedPrice": 0.015,
        },
        NOTHING | {"day": "2026-12-01", "sentMessages": 1, "sentSegments": 1, "estimatedPrice": 0.004},
    ]
    assert report["total"] == {
        "sentMessages": 5,
        "sentSegments": 6,
        "sentMms": 1,
        "receivedMessages": 4,
        "receivedSegments": 6,
        "receivedMms": 0,
        "estimatedPrice": 0.039,
    }


def test_usage_by_number(used: None) -> None:
    items = usage(by="number")[1]["items"]

    assert [(each["number"], each["sentMessages"]) for each in items] == [(OWNER, 4), ("+19102398767", 1)]


def test_usage_by_campaign(used: None) -> None:
    items = usage(by="campaign")[1]["items"]

    assert [(each.get("campaignId"), each["sentMessages"]) for each in items] == [(None, 1), ("CABC123", 4)]


def test_usage_of_more_numbers_than_a_page(used: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bandwidth_messaging.store.usage_store._PAGE_SIZE", 1)

    assert len(usage(by="number", **{"from": DAY, "to": DAY})[1]["items"]) == 2


def test_without_prices_there_is_no_estimate(used: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_PRICE", "0")
    monkeypatch.setenv("MMS_PRICE", "0")
    clear_caches()

    assert "estimatedPrice" not in usage()[1]["total"]


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ({"from": "yesterday"}, "from", '"yesterday" is not a day.'),
        ({"from": "20261101"}, "from", '"20261101" is not a day.'),
        ({"from": "2026-W45-1"}, "from", '"2026-W45-1" is not a day.'),
        ({"to": "2026-11-31"}, "to", '"2026-11-31" is not a day.'),
        ({"from": "2026-12-02"}, "to", "2026-12-01 is before from (2026-12-02)."),
        ({"from": "2026-08-31"}, "to", "from 2026-08-31 to 2026-12-01 are 93 days."),
        ({"by": "tag"}, "by", "input should be 'day', 'number' or 'campaign'"),
    ],
)
def test_an_invalid_period_is_named(
    counting: Streams, query: dict[str, str], field: str, detail: str
) -> None:
    status, problem = usage(**query)

    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])
    assert problem["errors"][0]["detail"].startswith(detail)
