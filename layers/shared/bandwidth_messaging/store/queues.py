"""The queues that functions write to: messages on their way, and what nobody could read or announce."""

import json
from typing import TYPE_CHECKING, Any

from bandwidth_messaging.domain.messages import Unreadable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


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


class Quarantine:
    """Callbacks that are not what the documents describe, whole, with the reason."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def keep(self, unreadable: Unreadable) -> None:
        """Keep what could not be read."""
        kept = {"reason": unreadable.reason, "body": unreadable.body}
        self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(kept))


class DeadLetters:
    """Stream records that cannot be announced, each whole, as the event that the function takes again."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def keep(self, record: dict[str, Any]) -> None:
        """Keep a stream record."""
        self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps({"Records": [record]}))
