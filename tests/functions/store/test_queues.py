"""The queues: accepted messages and quarantined callbacks."""

import base64
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from bandwidth_messaging.store.queues import Quarantine, SendQueue
from tests.aws import aws, client

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def sqs() -> "Iterator[SQSClient]":
    with aws():
        yield client("sqs")


def test_a_message_is_queued_by_its_id_alone(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="send")["QueueUrl"]
    SendQueue(sqs, url).add("out_1")

    (queued,) = sqs.receive_message(QueueUrl=url)["Messages"]

    assert queued["Body"] == "out_1"


def test_a_delayed_message_is_redelivered_after_the_delay(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="send")["QueueUrl"]
    queue = SendQueue(sqs, url)
    queue.add("out_1")
    (taken,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=100)["Messages"]

    queue.delay(taken["ReceiptHandle"], 0)

    assert len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=100)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


# The quarantine


CALLBACK: dict[str, Any] = {
    "httpMethod": "POST",
    "resource": "/callbacks/v2",
    "path": "/callbacks/v2",
    "headers": {"Content-Type": "application/json"},
    "multiValueHeaders": {
        "Content-Type": ["application/json"],
        "User-Agent": ["BandwidthAPI/v2"],
        "Authorization": ["Basic c2VjcmV0"],
        "COOKIE": ["secret"],
    },
    "queryStringParameters": None,
    "multiValueQueryStringParameters": None,
    "requestContext": {"authorizer": {"principalId": "bandwidth"}},
    "body": '{"type": "ä \\ud83d \ud83d \x00 \x1f"}',
    "isBase64Encoded": False,
}
# Of them, what it takes to read it again.
KEPT = {
    "httpMethod": "POST",
    "resource": "/callbacks/v2",
    "path": "/callbacks/v2",
    "multiValueHeaders": {"Content-Type": ["application/json"], "User-Agent": ["BandwidthAPI/v2"]},
    "body": CALLBACK["body"],
}
AT = "2026-02-03T04:05:06.000Z"


@pytest.fixture
def quarantine(sqs: "SQSClient") -> Quarantine:
    s3 = client("s3")
    s3.create_bucket(Bucket="quarantine")
    return Quarantine(sqs, queue(sqs), lambda: s3, "quarantine")


def queue(sqs: "SQSClient") -> str:
    return sqs.create_queue(QueueName="quarantine", Attributes={"MaximumMessageSize": "262144"})["QueueUrl"]


def test_a_callback_is_stored_with_reasons_and_without_credentials(
    sqs: "SQSClient", quarantine: Quarantine
) -> None:
    quarantine.keep(CALLBACK, ["type is unknown"], AT)
    (kept,) = sqs.receive_message(QueueUrl=queue(sqs))["Messages"]
    assert json.loads(kept["Body"]) == {"at": AT, "reasons": ["type is unknown"], "callback": KEPT}


def test_a_query_and_bytes_are_stored_unchanged(quarantine: Quarantine) -> None:
    parts = {
        "multiValueQueryStringParameters": {"media": ["a", "b"]},
        "isBase64Encoded": True,
        "body": "//4=",
    }
    quarantine.keep(CALLBACK | parts, ["why"], AT)

    (taken,) = quarantine.take(10, seconds=60)

    assert taken.callback == KEPT | parts


def test_bytes_that_are_text_are_stored_as_text(quarantine: Quarantine) -> None:
    in_base64 = {"isBase64Encoded": True, "body": base64.b64encode("[ä]".encode()).decode()}
    quarantine.keep(CALLBACK | in_base64, ["why"], AT)

    (taken,) = quarantine.take(10, seconds=60)

    assert taken.callback == KEPT | {"body": "[ä]"}


@pytest.mark.parametrize("size", [1_000, 200_000, 300_000, 6_000_000])
@pytest.mark.parametrize("character", ["x", "ä", "\x00"])
def test_a_callback_of_any_size_is_received_and_deleted(
    sqs: "SQSClient", quarantine: Quarantine, size: int, character: str
) -> None:
    body = character * (size // len(character.encode()))
    quarantine.keep(CALLBACK | {"body": body}, ["why"] * 100_000, AT)
    (taken,) = quarantine.take(10, seconds=0)
    assert taken.callback == KEPT | {"body": body}
    quarantine.delete(quarantine.take(10, seconds=60)[0])

    left = sqs.get_queue_attributes(QueueUrl=queue(sqs), AttributeNames=["All"])["Attributes"]

    assert left["ApproximateNumberOfMessages"] == left["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert quarantine._s3().list_objects_v2(Bucket="quarantine")["KeyCount"] == 0


def test_at_most_the_requested_number_and_ten_callbacks_are_received(quarantine: Quarantine) -> None:
    for number in range(15):
        quarantine.keep(CALLBACK | {"body": str(number)}, ["why"], AT)
    assert [len(quarantine.take(at_most, seconds=60)) for at_most in (3, 100, 100)] == [3, 10, 2]
