"""The queues: message ids on their way, and callbacks that nobody could read."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from bandwidth_messaging.domain.messages import Unreadable
from bandwidth_messaging.store.queues import Quarantine, SendQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@pytest.fixture
def sqs() -> "Iterator[SQSClient]":
    with mock_aws():
        yield boto3.client("sqs", region_name="us-east-1")


def test_a_message_is_queued_by_its_id_alone(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="send")["QueueUrl"]
    SendQueue(sqs, url).add("out_1")
    (queued,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert queued["Body"] == "out_1"


def test_a_delayed_message_comes_again_when_its_time_has_come(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="send")["QueueUrl"]
    queue = SendQueue(sqs, url)
    queue.add("out_1")
    (taken,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=100)["Messages"]
    queue.delay(taken["ReceiptHandle"], 0)
    assert len(sqs.receive_message(QueueUrl=url, VisibilityTimeout=100)["Messages"]) == 1
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_what_could_not_be_read_is_kept_whole_with_the_reason(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="quarantine")["QueueUrl"]
    Quarantine(sqs, url).keep(Unreadable(reason="its type is unknown", body='{"type": "ä \\ud83d"}'))
    (kept,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(kept["Body"]) == {"reason": "its type is unknown", "body": '{"type": "ä \\ud83d"}'}
