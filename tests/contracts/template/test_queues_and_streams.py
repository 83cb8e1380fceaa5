"""Timeouts, retries and retention of queues and streams."""

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from bandwidth_messaging.api.bus_events import KINDS
from bandwidth_messaging.bandwidth.transport import TOTAL_SECONDS
from bandwidth_messaging.domain import replies
from bandwidth_messaging.domain.retries import compute_delay
from bandwidth_messaging.services import message_delivery
from bandwidth_messaging.store import keys
from tests.contracts.template.deployed import DEPLOYED, GLOBALS, TABLES, as_list, events, statements
from tests.template import resources


@pytest.mark.parametrize(
    ("queue", "worker"),
    [("SendQueue", "DeliverMessage"), ("MediaQueue", "ArchiveMedia"), ("WebhookQueue", "SendWebhook")],
)
def test_the_visibility_timeout_is_six_times_the_timeout_of_the_worker(queue: str, worker: str) -> None:
    timeout = DEPLOYED[worker].get("Timeout", GLOBALS["Timeout"])
    assert resources("AWS::SQS::Queue")[queue]["VisibilityTimeout"] >= 6 * timeout


def test_the_worker_waits_for_a_message_longer_than_three_requests_can_take_to_store_it() -> None:
    assert timedelta(seconds=3 * DEPLOYED["SendMessage"]["Timeout"]) < message_delivery.MAX_STORING_TIME


def test_a_message_that_is_never_stored_is_dropped_before_it_is_dead_lettered() -> None:
    redrive = resources("AWS::SQS::Queue")["SendQueue"]["RedrivePolicy"]
    seconds, receives = 0, 0

    with patch("random.uniform", lambda lowest, _: lowest):
        while seconds < message_delivery.MAX_STORING_TIME.total_seconds():
            receives += 1
            seconds += compute_delay(receives, longest=message_delivery.MAX_STORING_DELAY_SECONDS)

    # If a late retry stores the message, the worker needs the other receives of the record to send it.
    assert receives < redrive["maxReceiveCount"] / 10


def test_a_claim_expires_when_its_worker_must_have_timed_out() -> None:
    timeout = timedelta(seconds=DEPLOYED["DeliverMessage"].get("Timeout", GLOBALS["Timeout"]))

    assert timeout == message_delivery.MAX_WORK_TIME
    # A claim takes up to 9 s: two attempts of 1 s to connect and 3 s to read, and a pause.
    claim, request = timedelta(seconds=9), timedelta(seconds=TOTAL_SECONDS)
    # After a rejection the worker undoes the claim, which takes as long as the claim.
    assert message_delivery.MAX_PREPARATION_TIME + claim + request + claim < timeout


@pytest.mark.parametrize("logical_id", resources("AWS::SQS::Queue"))
def test_queues_are_encrypted_and_keep_messages_for_14_days(logical_id: str) -> None:
    queue = resources("AWS::SQS::Queue")[logical_id]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_a_worker_reports_the_failed_records_of_a_batch() -> None:
    sources = [*events("SQS"), *events("DynamoDB")]
    # Events and replies to keywords read the streams of both tables that have one.
    streams = [table for table in TABLES.values() if "StreamSpecification" in table]
    assert len(sources) == len(["SendQueue", "HighSendQueue", "MediaQueue", "WebhookQueue"]) + 2 * len(
        streams
    )
    assert all(source["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for _, source in sources)


def test_lambda_does_not_stop_a_function_that_returns_records_to_its_own_queue() -> None:
    # Lambda's detection of recursive loops ends such a chain after about 16 invocations.
    own_queues = [(function, source["Queue"]) for function, source in events("SQS")]
    returning = {
        function
        for function, queue in own_queues
        for statement in statements(DEPLOYED[function])
        if "sqs:SendMessage" in as_list(statement["Action"]) and queue in as_list(statement["Resource"])
    }

    assert returning == {"DeliverMessage", "SendWebhook"}
    assert {name for name in DEPLOYED if DEPLOYED[name].get("RecursiveLoop") == "Allow"} == returning


def stream_sources(logical_id: str) -> list[dict[str, Any]]:
    """Return the streams that a function reads."""
    return [source for each, source in events("DynamoDB") if each == logical_id]


@pytest.mark.parametrize("source", stream_sources("PublishEvents"))
def test_unpublished_changes_are_dead_lettered_before_they_leave_the_stream(source: dict[str, Any]) -> None:
    stream_retention_seconds = 24 * 3600

    assert source["MaximumRecordAgeInSeconds"] == stream_retention_seconds / 2
    assert "MaximumRetryAttempts" not in source
    assert source["DestinationConfig"]["OnFailure"] == {
        "Type": "SQS",
        "Destination": {"Fn::GetAtt": ["EventsDeadLetterQueue", "Arn"]},
    }


@pytest.mark.parametrize("source", stream_sources("SendKeywordReply"))
def test_a_keyword_that_is_too_old_for_a_reply_blocks_no_other(source: dict[str, Any]) -> None:
    assert source["MaximumRecordAgeInSeconds"] == replies.MAX_AGE.total_seconds()
    assert source["MaximumRetryAttempts"] == 10
    # A later attempt would send nothing, so there is nothing to keep. RepliesLateAlarm reports the delay.
    assert "DestinationConfig" not in source


@pytest.mark.parametrize("source", [each for _, each in events("DynamoDB")])
def test_a_batch_has_at_most_ten_changes_and_no_deletions(
    source: dict[str, Any],
) -> None:
    assert source["BatchSize"] == 10
    (filter_,) = source["FilterCriteria"]["Filters"]
    assert set(json.loads(filter_["Pattern"])["eventName"]) <= {"INSERT", "MODIFY"}


def test_only_items_that_are_published_wake_the_function_that_publishes_them() -> None:
    (numbers,) = [each for each in stream_sources("PublishEvents") if "NumbersTable" in str(each["Stream"])]
    (filter_,) = numbers["FilterCriteria"]["Filters"]
    published = json.loads(filter_["Pattern"])["dynamodb"]["Keys"]["pk"]["S"]

    def wakes(key: dict[str, str]) -> bool:
        return any(
            key["pk"] == each if isinstance(each, str) else key["pk"].startswith(each["prefix"])
            for each in published
        )

    # A kind of item that gets events needs an entry here and in the filter. Messages have their own table.
    keys_of_kinds = {
        "number": keys.number_key("+19195551212"),
        "order": keys.order_key("order-1"),
        "opt_out": keys.opt_out_key("+19195551212", "+19195551234"),
        "opt_out_transfer": keys.transfer_key("import-1"),
        "drift": keys.drift_key(),
        "webhook": keys.webhook_key("crm"),
    }
    assert keys_of_kinds.keys() == {kind.name for kind in KINDS} - {"message"}
    assert all(wakes(key) for key in keys_of_kinds.values())
    assert not any(
        wakes(key)
        for key in (
            keys.lane_key("account"),
            keys.rates_key(),
            keys.scheduled_segments_key("account", "2026-01-31T12"),
            keys.lease_key("a"),
            keys.reply_key("+19195551212", "+19195551234"),
        )
    )


def test_only_keywords_wake_the_function_that_replies() -> None:
    patterns = [
        json.loads(filter_["Pattern"])
        for source in stream_sources("SendKeywordReply")
        for filter_ in source["FilterCriteria"]["Filters"]
    ]

    # Statements of operators, imports and carriers have no textId, and other texts have no keyword.
    assert patterns == [
        {
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {
                "Keys": {"pk": {"S": [{"prefix": "OPT_OUT#"}]}},
                "NewImage": {"textId": {"S": [{"exists": True}]}},
            },
        },
        {
            "eventName": ["INSERT"],
            "dynamodb": {"NewImage": {"direction": {"S": ["in"]}, "keyword": {"S": [{"exists": True}]}}},
        },
    ]
