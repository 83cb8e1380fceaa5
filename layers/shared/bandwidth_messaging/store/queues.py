"""The queues: accepted messages, quarantined callbacks, and stream records that were not published."""

import base64
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from bandwidth_messaging.domain.send_records import TICKETS, write_tickets

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

    from bandwidth_messaging.domain.lanes import Tickets

# The fields of API Gateway's proxy event that a replay needs.
_REPLAY_FIELDS: Final = (
    "httpMethod",
    "resource",
    "path",
    "multiValueQueryStringParameters",
    "body",
    "isBase64Encoded",
)
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-amz-security-token"})
# SQS accepts 1 MiB since 2025, and 256 KiB before.
_MAX_MESSAGE_BYTES: Final = 262_144
_REASONS_SHOWN: Final = 100
_BATCH: Final = 10
_RECORDS_PREFIX: Final = "events/"


class WorkQueue:
    """A queue whose records a worker processes."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Redeliver a received message after `seconds`."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


class SendQueue(WorkQueue):
    """Accepted messages, as records of domain.send_records."""

    def add(self, message_id: str, *, delay_seconds: int = 0, tickets: "Tickets | None" = None) -> None:
        """Queue an accepted message. The worker receives it after `delay_seconds` (at most 900)."""
        attributes: dict[str, MessageAttributeValueTypeDef] = (
            {TICKETS: {"DataType": "String", "StringValue": write_tickets(tickets)}} if tickets else {}
        )
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=message_id,
            MessageAttributes=attributes,
            DelaySeconds=delay_seconds,
        )


class Quarantined(NamedTuple):
    """A callback received from the quarantine, when it was stored, and the handles to delete it.

    `callback` is None if the queue message cannot be parsed, or the object cannot be read.
    """

    callback: dict[str, Any] | None
    at: str
    receipt_handle: str
    object_key: str | None


class Quarantine:
    """Callbacks that could not be parsed, stored or applied, without their credentials.

    Each callback is a queue message `{at, reasons, callback}`. A callback that is too large for the queue is
    an object of the bucket, and the message has `object`, its key.
    """

    def __init__(self, sqs: "SQSClient", url: str, s3: "Callable[[], S3Client]", bucket: str) -> None:
        self._sqs = sqs
        self._url = url
        self._s3 = s3
        self._bucket = bucket

    def keep(self, callback: Mapping[str, Any], reasons: Sequence[str], at: str) -> None:
        """Store a callback, API Gateway's proxy event, with the reasons."""
        headers = callback.get("multiValueHeaders") or {}
        kept = {name: callback[name] for name in _REPLAY_FIELDS if callback.get(name)} | {
            "multiValueHeaders": {
                name: values for name, values in headers.items() if name.lower() not in _CREDENTIALS
            }
        }
        if kept.get("isBase64Encoded"):
            kept = _as_text(kept)
        why = {"at": at, "reasons": reasons[:_REASONS_SHOWN]}
        # json.dumps escapes control characters and lone surrogates, which SQS rejects.
        message = json.dumps(why | {"callback": kept})
        if len(message) > _MAX_MESSAGE_BYTES:
            key = f"{at}-{uuid.uuid4().hex}"
            self._s3().put_object(
                Bucket=self._bucket, Key=key, Body=json.dumps(kept).encode(), ContentType="application/json"
            )
            message = json.dumps(why | {"object": key})
        self._sqs.send_message(QueueUrl=self._url, MessageBody=message)

    def take(self, at_most: int, *, seconds: int) -> list[Quarantined]:
        """Receive up to ten callbacks and hide them from other receivers for `seconds`."""
        response = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(at_most, _BATCH),
            VisibilityTimeout=seconds,
            # Long polling queries every SQS server. Short polling may miss messages.
            WaitTimeSeconds=1,
        )
        return [
            self._open(_parse(message["Body"]), message["ReceiptHandle"])
            for message in response.get("Messages", [])
        ]

    def _open(self, kept: Any, receipt_handle: str) -> Quarantined:
        """Return a callback, without content if the content cannot be read: the others are still replayed."""
        at, key = "", None
        try:
            at, key = kept["at"], kept.get("object")
            if key is None:
                return Quarantined(kept["callback"], at, receipt_handle, None)
            stored = self._s3().get_object(Bucket=self._bucket, Key=key)["Body"].read()
            return Quarantined(json.loads(stored), at, receipt_handle, key)
        except (BotoCoreError, ClientError, ValueError, KeyError, TypeError, AttributeError):
            return Quarantined(None, at, receipt_handle, key)

    def delete(self, quarantined: Quarantined) -> None:
        """Delete a callback that has been stored."""
        self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=quarantined.receipt_handle)
        if quarantined.object_key is not None:
            self._s3().delete_object(Bucket=self._bucket, Key=quarantined.object_key)


class DeadLetters:
    """Stream records that cannot be published, as events that publish_events accepts.

    A record that is too large for the queue is an object of the bucket. The message has `object`, its key.
    """

    def __init__(self, sqs: "SQSClient", url: str, s3: "Callable[[], S3Client]", bucket: str) -> None:
        self._sqs = sqs
        self._url = url
        self._s3 = s3
        self._bucket = bucket

    def keep(self, record: dict[str, Any]) -> None:
        """Store a stream record."""
        message = json.dumps({"Records": [record]})
        if len(message) > _MAX_MESSAGE_BYTES:
            key = f"{_RECORDS_PREFIX}{record['eventID']}"
            self._s3().put_object(
                Bucket=self._bucket, Key=key, Body=message.encode(), ContentType="application/json"
            )
            message = json.dumps({"object": key})
        self._sqs.send_message(QueueUrl=self._url, MessageBody=message)

    def read(self, key: str) -> dict[str, Any]:
        """Return the event of an object, `{"Records": [record]}`."""
        event: dict[str, Any] = json.loads(self._s3().get_object(Bucket=self._bucket, Key=key)["Body"].read())
        return event


def _parse(body: str) -> Any:
    """Return the value of a JSON text, or None if the text is not JSON."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _as_text(callback: dict[str, Any]) -> dict[str, Any]:
    """Return a callback with its body decoded for people, unchanged if the body is not UTF-8."""
    try:
        body = base64.b64decode(callback.get("body", ""), validate=True).decode()
    except ValueError:
        return callback
    return {name: part for name, part in callback.items() if name != "isBase64Encoded"} | {"body": body}
