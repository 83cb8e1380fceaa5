"""Builds AWS clients, and the stores that use them, on first use.

Clients and stores live as long as the Lambda environment.
"""

import gc
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

# Configures the logs of every function, also of those that log nothing themselves.
from bandwidth_messaging.runtime import logging as _logging  # noqa: F401
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.store.dynamodb import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

    from bandwidth_messaging.store.archive import Archive, ArchiveRecords
    from bandwidth_messaging.store.claims import Claims
    from bandwidth_messaging.store.created_resources import CreatedResources
    from bandwidth_messaging.store.drift_store import Drift
    from bandwidth_messaging.store.executions import Executions
    from bandwidth_messaging.store.files import Files
    from bandwidth_messaging.store.lane_store import Lanes
    from bandwidth_messaging.store.leases import Leases
    from bandwidth_messaging.store.letters import Letters
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.opt_out_store import OptOuts
    from bandwidth_messaging.store.order_store import Orders
    from bandwidth_messaging.store.pool_store import Pools
    from bandwidth_messaging.store.queues import DeadLetters, Quarantine, SendQueue, WorkQueue
    from bandwidth_messaging.store.receipts import Receipts
    from bandwidth_messaging.store.reply_store import Replies
    from bandwidth_messaging.store.schedule import Schedule
    from bandwidth_messaging.store.scheduled_segment_store import ScheduledSegments
    from bandwidth_messaging.store.setup_requests import SetupRequests
    from bandwidth_messaging.store.transfer_store import Transfers
    from bandwidth_messaging.store.upload_store import Uploads
    from bandwidth_messaging.store.usage_store import Usage
    from bandwidth_messaging.store.webhook_queue import WebhookQueue
    from bandwidth_messaging.store.webhook_store import Webhooks

# Excludes loaded modules from garbage collection, which would run while the first client is built.
gc.freeze()

# Shorter than each function's timeout, so that a slow call raises an error. 16 threads may share a client.
_AWS_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=16,
)


@cache
def _session() -> Any:
    # botocore alone: boto3 would only add import time.
    return botocore.session.get_session()


@cache
def _dynamodb() -> "DynamoDBClient":
    client: DynamoDBClient = _session().create_client("dynamodb", config=_AWS_CONFIG)
    return client


@cache
def _sqs() -> "SQSClient":
    client: SQSClient = _session().create_client("sqs", config=_AWS_CONFIG)
    return client


@cache
def _s3() -> "S3Client":
    # A presigned link must name the bucket's region and be signed for this region.
    signing = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    client: S3Client = _session().create_client("s3", config=_AWS_CONFIG.merge(signing))
    return client


@cache
def step_functions() -> "SFNClient":
    client: SFNClient = _session().create_client("stepfunctions", config=_AWS_CONFIG)
    return client


@cache
def events() -> "EventBridgeClient":
    client: EventBridgeClient = _session().create_client("events", config=_AWS_CONFIG)
    return client


@cache
def secrets_manager() -> "SecretsManagerClient":
    client: SecretsManagerClient = _session().create_client("secretsmanager", config=_AWS_CONFIG)
    return client


@cache
def messages() -> "Messages":
    from bandwidth_messaging.store.message_store import Messages

    return Messages(
        Table(_dynamodb(), settings().messages_table), retention_days=int(settings().message_retention_days)
    )


@cache
def claims() -> "Claims":
    from bandwidth_messaging.store.claims import Claims

    return Claims(Table(_dynamodb(), settings().messages_table))


@cache
def schedule() -> "Schedule":
    from bandwidth_messaging.store.schedule import Schedule

    return Schedule(
        Table(_dynamodb(), settings().messages_table), retention_days=int(settings().message_retention_days)
    )


@cache
def receipts() -> "Receipts":
    from bandwidth_messaging.store.receipts import Receipts

    return Receipts(
        Table(_dynamodb(), settings().messages_table), retention_days=int(settings().message_retention_days)
    )


@cache
def numbers() -> "Numbers":
    from bandwidth_messaging.store.number_store import Numbers

    return Numbers(Table(_dynamodb(), settings().numbers_table))


@cache
def orders() -> "Orders":
    from bandwidth_messaging.store.order_store import Orders

    return Orders(Table(_dynamodb(), settings().numbers_table))


@cache
def setup_requests() -> "SetupRequests":
    from bandwidth_messaging.store.setup_requests import SetupRequests

    return SetupRequests(Table(_dynamodb(), settings().numbers_table))


@cache
def created_resources() -> "CreatedResources":
    from bandwidth_messaging.store.created_resources import CreatedResources

    return CreatedResources(Table(_dynamodb(), settings().numbers_table))


@cache
def drift() -> "Drift":
    from bandwidth_messaging.store.drift_store import Drift

    return Drift(Table(_dynamodb(), settings().numbers_table))


@cache
def transfers() -> "Transfers":
    from bandwidth_messaging.store.transfer_store import Transfers

    return Transfers(Table(_dynamodb(), settings().numbers_table))


@cache
def leases() -> "Leases":
    from bandwidth_messaging.store.leases import Leases

    return Leases(Table(_dynamodb(), settings().numbers_table))


@cache
def letters() -> "Letters":
    from bandwidth_messaging.store.letters import Letters

    return Letters(_s3(), settings().letters_bucket)


@cache
def opt_outs() -> "OptOuts":
    from bandwidth_messaging.store.opt_out_store import OptOuts

    return OptOuts(Table(_dynamodb(), settings().numbers_table), settings().opt_out_scope)


@cache
def files() -> "Files":
    from bandwidth_messaging.store.files import Files

    return Files(_s3(), settings().files_bucket)


@cache
def send_queue() -> "SendQueue":
    """Return the queue of accepted messages without high priority."""
    from bandwidth_messaging.store.queues import SendQueue

    return SendQueue(_sqs(), settings().send_queue_url)


@cache
def high_send_queue() -> "SendQueue":
    """Return the queue of accepted messages with high priority."""
    from bandwidth_messaging.store.queues import SendQueue

    return SendQueue(_sqs(), settings().high_send_queue_url)


def find_send_queue(priority: str | None) -> "SendQueue":
    """Return the queue of messages with this priority."""
    return high_send_queue() if priority == "high" else send_queue()


def create_send_queues() -> None:
    """Create both queues before threads use them: botocore's session is not thread-safe."""
    send_queue()
    high_send_queue()


@cache
def pools() -> "Pools":
    from bandwidth_messaging.store.pool_store import Pools

    return Pools(
        Table(_dynamodb(), settings().numbers_table), retention_days=int(settings().message_retention_days)
    )


@cache
def replies() -> "Replies":
    from bandwidth_messaging.store.reply_store import Replies

    return Replies(Table(_dynamodb(), settings().numbers_table))


@cache
def lanes() -> "Lanes":
    from bandwidth_messaging.store.lane_store import Lanes

    return Lanes(Table(_dynamodb(), settings().numbers_table))


@cache
def scheduled_segments() -> "ScheduledSegments":
    from bandwidth_messaging.store.scheduled_segment_store import ScheduledSegments

    return ScheduledSegments(Table(_dynamodb(), settings().numbers_table))


@cache
def usage() -> "Usage":
    from bandwidth_messaging.store.usage_store import Usage

    return Usage(Table(_dynamodb(), settings().usage_table))


@cache
def quarantine() -> "Quarantine":
    from bandwidth_messaging.store.queues import Quarantine

    return Quarantine(_sqs(), settings().quarantine_queue_url, s3=_s3, bucket=settings().quarantine_bucket)


@cache
def dead_letters() -> "DeadLetters":
    from bandwidth_messaging.store.queues import DeadLetters

    return DeadLetters(
        _sqs(), settings().events_dead_letter_queue_url, s3=_s3, bucket=settings().quarantine_bucket
    )


@cache
def media_queue() -> "WorkQueue":
    from bandwidth_messaging.store.queues import WorkQueue

    return WorkQueue(_sqs(), settings().media_queue_url)


@cache
def uploads() -> "Uploads":
    from bandwidth_messaging.store.upload_store import Uploads

    return Uploads(_s3(), settings().upload_bucket, retention_days=int(settings().message_retention_days))


@cache
def webhooks() -> "Webhooks":
    from bandwidth_messaging.store.webhook_store import Webhooks

    return Webhooks(Table(_dynamodb(), settings().numbers_table))


@cache
def webhook_queue() -> "WebhookQueue":
    from bandwidth_messaging.store.webhook_queue import WebhookQueue

    return WebhookQueue(_sqs(), settings().webhook_queue_url, settings().webhook_dead_letter_queue_url)


@cache
def archive() -> "Archive":
    from bandwidth_messaging.store.archive import Archive

    return Archive(_s3(), settings().media_bucket)


@cache
def archive_records() -> "ArchiveRecords":
    from bandwidth_messaging.store.archive import ArchiveRecords

    return ArchiveRecords(Table(_dynamodb(), settings().messages_table))


@cache
def media_links() -> "Archive | None":
    """Return the archive whose files the API links to, or None if the stack archives no media."""
    return archive() if settings().media_bucket else None


def executions() -> "Executions":
    """Return the executions of the state machines."""
    from bandwidth_messaging.store.executions import Executions

    return Executions(step_functions())
