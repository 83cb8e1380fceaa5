"""Working off a queue: what is not done comes again, later each time."""

from datetime import UTC, datetime
from typing import Any

from bandwidth_messaging.runtime.queue_worker import QueueRecord, process_records


class Queue:
    """Remembers for how long records were put off."""

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


def test_what_is_not_done_comes_again_after_the_time_it_asked_for() -> None:
    queue: Any = Queue()
    event = {"Records": [record("done"), record("later", receives=7)]}
    answer = process_records(
        event, lambda record: record.receives if record.body == "later" else None, lambda: queue
    )
    assert answer == {"batchItemFailures": [{"itemIdentifier": "record of later"}]}
    assert queue.delays == {"handle of later": 7}


def test_no_record_is_put_off_for_longer_than_sqs_allows() -> None:
    queue: Any = Queue()
    process_records({"Records": [record("later")]}, lambda _: 10**6, lambda: queue)
    assert queue.delays == {"handle of later": 12 * 3600}


def test_a_record_says_when_it_was_sent() -> None:
    sent = QueueRecord("out_1", {"SentTimestamp": "1767225600250"}).sent_at
    assert sent == datetime(2026, 1, 1, 0, 0, 0, 250_000, UTC)
