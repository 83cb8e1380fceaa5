"""The queues that functions write to: messages on their way, and what could not be stored or announced."""

import base64
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

# Of API Gateway's proxy event, what reading it again takes.
_KEPT: Final = (
    "httpMethod",
    "resource",
    "path",
    "multiValueQueryStringParameters",
    "body",
    "isBase64Encoded",
)
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-amz-security-token"})
# A queue takes four times as much, and took as little as this for years.
_LARGEST_MESSAGE: Final = 262_144
_REASONS_SHOWN: Final = 100
_BATCH: Final = 10
_RECORDS_PREFIX: Final = "events/"


class WorkQueue:
    """Work that waits for a worker."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def delay(self, receipt_handle: str, seconds: int) -> None:
        """Let a message that was taken from the queue come again after so many seconds."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


class SendQueue(WorkQueue):
    """Accepted messages, by id only."""

    def add(self, message_id: str) -> None:
        """Queue an accepted message."""
        self._client.send_message(QueueUrl=self._url, MessageBody=message_id)


class Quarantined(NamedTuple):
    """A callback taken from the quarantine, when it was stored there, and the handles to delete it.

    `callback` is None if its message of the queue, or its object of the bucket, cannot be read.
    """

    callback: dict[str, Any] | None
    at: str
    receipt_handle: str
    object_key: str | None


class Quarantine:
    """Callbacks that could not be read, stored or applied, whole but for the credentials.

    Each is a message of the queue, {at, reasons, callback}; a callback too large for that is an object of the
    bucket, and the message has `object`, its key, instead.
    """

    def __init__(self, sqs: "SQSClient", url: str, s3: "Callable[[], S3Client]", bucket: str) -> None:
        self._sqs = sqs
        self._url = url
        self._s3 = s3
        self._bucket = bucket

    def keep(self, callback: Mapping[str, Any], reasons: Sequence[str], at: str) -> None:
        """Keep a callback, API Gateway's proxy event, and why it is here."""
        headers = callback.get("multiValueHeaders") or {}
        kept = {name: callback[name] for name in _KEPT if callback.get(name)} | {
            "multiValueHeaders": {
                name: values for name, values in headers.items() if name.lower() not in _CREDENTIALS
            }
        }
        if kept.get("isBase64Encoded"):
            kept = _as_text(kept)
        why = {"at": at, "reasons": reasons[:_REASONS_SHOWN]}
        # Escapes only: a queue takes neither control characters nor halves of characters.
        message = json.dumps(why | {"callback": kept})
        if len(message) > _LARGEST_MESSAGE:
            key = f"{at}-{uuid.uuid4().hex}"
            self._s3().put_object(
                Bucket=self._bucket, Key=key, Body=json.dumps(kept).encode(), ContentType="application/json"
            )
            message = json.dumps(why | {"object": key})
        self._sqs.send_message(QueueUrl=self._url, MessageBody=message)

    def take(self, at_most: int, *, seconds: int) -> list[Quarantined]:
        """Return some callbacks, up to ten, that nobody else gets for so many seconds."""
        taken = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(at_most, _BATCH),
            VisibilityTimeout=seconds,
            # Without a wait not all of a queue is asked.
            WaitTimeSeconds=1,
        )
        return [
            self._opened(_parsed(message["Body"]), message["ReceiptHandle"])
            for message in taken.get("Messages", [])
        ]

    def _opened(self, kept: Any, receipt_handle: str) -> Quarantined:
        """Return a callback, without its content if that cannot be read: the others are still replayed."""
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
    """Stream records that cannot be announced, each whole, as the event that the function takes again.

    A record too large for the queue is an object of the bucket; the message then has `object`, its key.
    """

    def __init__(self, sqs: "SQSClient", url: str, s3: "Callable[[], S3Client]", bucket: str) -> None:
        self._sqs = sqs
        self._url = url
        self._s3 = s3
        self._bucket = bucket

    def keep(self, record: dict[str, Any]) -> None:
        """Store a stream record."""
        message = json.dumps({"Records": [record]})
        if len(message) > _LARGEST_MESSAGE:
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


def _parsed(body: str) -> Any:
    """Return the value of a JSON text, None if it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _as_text(callback: dict[str, Any]) -> dict[str, Any]:
    """Return a callback with its body for a person to read; as it came, where that is no text."""
    try:
        body = base64.b64decode(callback.get("body", ""), validate=True).decode()
    except ValueError:
        return callback
    return {name: part for name, part in callback.items() if name != "isBase64Encoded"} | {"body": body}
