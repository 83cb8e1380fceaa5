"""Records of a queue that are not done are delivered again after a delay."""

from datetime import UTC, datetime
from typing import Any

from bandwidth_messaging.runtime.queue_worker import QueueRecord, process_records


class Queue:
    """Records the delays of records."""

    def __init__(self) -> None:
        self.delays: dict[str, int] = {}

    def delay(self, receipt_handle: str, seconds: int) -> None:
        self.delays[receipt_handle] = seconds


def record(body: str, receives: int = 1) -> dict[str, Any]:
    return {
        "messageId": f"record of {body}",
        "receiptHandle": f"handle of {body}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receives)},
    }


def test_a_record_that_is_not_done_is_delivered_again_after_its_delay() -> None:
    queue: Any = Queue()
    event = {"Records": [record("done"), record("later", receives=7)]}

    response = process_records(
        event, lambda record: record.receives if record.body == "later" else None, lambda: queue
    )

    assert response == {"batchItemFailures": [{"itemIdentifier": "record of later"}]}
    assert queue.delays == {"handle of later": 7}


def test_no_record_is_delayed_longer_than_sqs_allows() -> None:
    queue: Any = Queue()
    process_records({"Records": [record("later")]}, lambda _: 10**6, lambda: queue)
    assert queue.delays == {"handle of later": 12 * 3600}


def test_a_record_has_the_attributes_that_its_sender_set() -> None:
    with_attribute = record("out_1") | {
        "messageAttributes": {"tickets": {"stringValue": "{}", "dataType": "String"}}
    }
    read: list[tuple[str | None, str | None]] = []

    process_records(
        {"Records": [with_attribute, record("out_2")]},
        lambda each: read.append((each.find_text("tickets"), each.find_text("other"))),
        Queue,  # type: ignore[arg-type]
    )

    assert read == [("{}", None), (None, None)]


def test_a_record_has_the_time_when_it_was_sent() -> None:
    sent = QueueRecord("out_1", {"SentTimestamp": "1767225600250"}).sent_at
    assert sent == datetime(2026, 1, 1, 0, 0, 0, 250_000, UTC)
