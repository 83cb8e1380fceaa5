"""Bandwidth's V2 messaging API (JSON, Basic auth with token and secret)."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from bandwidth_messaging.bandwidth.transport import Answer, Auth, ErrorBody, Transport


@dataclass(frozen=True)
class Taken:
    """A message that Bandwidth took (202): its id there, and its count of segments where it tells one."""

    bandwidth_id: str
    segment_count: int | None


@dataclass(frozen=True)
class FoundMessage:
    """A message that was looked up: how far it is in our words, and what tells it from others."""

    bandwidth_id: str
    state: str
    error_code: int | None
    segment_count: int | None
    recipients: int


class Messaging:
    """The messages of one user."""

    def __init__(self, base_url: str, user_id: str, auth: Auth) -> None:
        self._transport = Transport(base_url, auth, read_error)
        self._messages = f"/users/{user_id}/messages"

    def prepare_send(
        self,
        *,
        sender: str,
        to: tuple[str, ...],
        text: str,
        application_id: str,
        tag: str,
        media: tuple[str, ...] = (),
        priority: str | None = None,
        expiration: str | None = None,
    ) -> Callable[[], Taken]:
        """Return the call that sends a message (heading "Send Text Message"). Call it at most once.

        Numbers in E.164; `tag` is in every receipt. No byte is sent before the call. 202 means queued:
        Bandwidth checks numbers, application and location later and reports by callback. Both raise the
        transport's errors; BandwidthOutcomeUnknown from the call means that the message may have been sent.
        """
        body = {
            "from": sender,
            "to": self._recipients(to),
            "text": text,
            "applicationId": application_id,
            "tag": tag,
            "media": list(media),
            "priority": priority,
            "expiration": expiration,
        }
        # What is not given is left out, as in the document.
        body = {name: value for name, value in body.items() if value not in (None, [], "")}
        post = self._transport.prepare(
            "POST",
            self._messages,
            body=json.dumps(body).encode(),
            content_type="application/json; charset=utf-8",
        )
        return lambda: _taken(post())

    def find_sent(self, sender: str, recipient: str, *, since: str, until: str) -> list[FoundMessage]:  # noqa: ARG002
        """Return nothing: the documents' API has no search."""
        return []

    def _recipients(self, to: tuple[str, ...]) -> str | list[str]:
        # The document sends one number as a plain string.
        return to[0] if len(to) == 1 else list(to)


def _taken(answer: Answer) -> Taken:
    try:
        taken = json.loads(answer.body)
        bandwidth_id, segment_count = taken["id"], taken.get("segmentCount")
    except (ValueError, KeyError, TypeError, AttributeError):
        bandwidth_id = None
    if not bandwidth_id:
        raise answer.garbled("no id is in it")
    return Taken(str(bandwidth_id), segment_count)


def read_error(body: bytes) -> ErrorBody | None:
    """Return type and description of an error body, with the wrong fields it names; None if it is no such."""
    try:
        error = json.loads(body)
        fields = "; ".join(
            f"{field['fieldName']}: {field['description']}" for field in error.get("fieldErrors") or ()
        )
        words = error.get("description") or error.get("message")
        return ErrorBody(error.get("type"), f"{words} ({fields})" if fields else words)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
