"""Timeouts, retries and retention of queues and streams."""

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from bandwidth_messaging.bandwidth.transport import TOTAL_SECONDS
from bandwidth_messaging.domain.retries import growing_delay
from bandwidth_messaging.services import message_delivery
from tests.contracts.template.deployed import DEPLOYED, GLOBALS, TABLES, events
from tests.template import resources


@pytest.mark.parametrize(
    ("queue", "worker"), [("SendQueue", "DeliverMessage"), ("MediaQueue", "ArchiveMedia")]
)
def test_a_queued_message_stays_hidden_six_times_as_long_as_its_worker_may_take(
    queue: str, worker: str
) -> None:
    longest = DEPLOYED[worker].get("Timeout", GLOBALS["Timeout"])
    assert resources("AWS::SQS::Queue")[queue]["VisibilityTimeout"] >= 6 * longest


def test_the_worker_waits_for_a_message_longer_than_a_request_may_take_to_store_it() -> None:
    assert timedelta(seconds=3 * DEPLOYED["SendMessage"]["Timeout"]) < message_delivery.MAX_STORING_TIME


def test_a_message_that_is_never_stored_does_not_reach_the_dead_letters() -> None:
    redrive = resources("AWS::SQS::Queue")["SendQueue"]["RedrivePolicy"]
    seconds, looks = 0, 0

    with patch("random.uniform", lambda lowest, _: lowest):
        while seconds < message_delivery.MAX_STORING_TIME.total_seconds():
            looks += 1
            seconds += growing_delay(looks, longest=message_delivery.MAX_STORING_DELAY_SECONDS)

    # The same record may then wait out a message that a late retry has stored.
    assert looks < redrive["maxReceiveCount"] / 10


def test_a_claim_is_given_up_once_its_worker_cannot_live() -> None:
    timeout = timedelta(seconds=DEPLOYED["DeliverMessage"].get("Timeout", GLOBALS["Timeout"]))

    assert timeout == message_delivery.MAX_WORK_TIME
    # The claim takes up to 9 s: two tries of 1 s to connect and 3 s to read, and a pause.
    claim, request = timedelta(seconds=9), timedelta(seconds=TOTAL_SECONDS)
    # After a rejection the claim is undone, which takes as long as the claim.
    assert message_delivery.MAX_PREPARATION_TIME + claim + request + claim < timeout


@pytest.mark.parametrize("logical_id", resources("AWS::SQS::Queue"))
def test_queues_are_encrypted_and_keep_for_the_longest_time(logical_id: str) -> None:
    queue = resources("AWS::SQS::Queue")[logical_id]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_one_bad_record_of_a_stream_or_queue_does_not_hold_up_the_others() -> None:
    sources = [*events("SQS"), *events("DynamoDB")]
    assert len(sources) == len(["SendQueue", "MediaQueue"]) + len(TABLES)
    assert all(source["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for _, source in sources)


@pytest.mark.parametrize("source", [each for _, each in events("DynamoDB")])
def test_unpublished_changes_are_recorded_while_the_stream_still_holds_them(source: dict[str, Any]) -> None:
    stream_keeps = 24 * 3600

    assert source["MaximumRecordAgeInSeconds"] == stream_keeps / 2
    assert "MaximumRetryAttempts" not in source
    assert source["DestinationConfig"]["OnFailure"] == {
        "Type": "SQS",
        "Destination": {"Fn::GetAtt": ["EventsDeadLetterQueue", "Arn"]},
    }


@pytest.mark.parametrize("source", [each for _, each in events("DynamoDB")])
def test_a_batch_of_changes_is_what_one_request_announces_without_what_is_deleted(
    source: dict[str, Any],
) -> None:
    assert source["BatchSize"] == 10
    (filter_,) = source["FilterCriteria"]["Filters"]
    assert json.loads(filter_["Pattern"]) == {"eventName": ["INSERT", "MODIFY"]}
