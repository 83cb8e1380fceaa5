"""Bandwidth's V2 messaging API (JSON, Basic auth with token and secret)."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bandwidth_messaging.bandwidth.transport import Answer, Auth, ErrorBody, Transport
from bandwidth_messaging.domain.messages import MessageState

# Ids of V2 have about 30 characters, those of V1 "m-" and 25.
_MESSAGE_ID: Final = re.compile(r"[!-~]{1,200}")
_COUNT_DIGITS: Final = 4
_SEGMENTS_BELOW: Final = 1000


@dataclass(frozen=True)
class AcceptedMessage:
    """A message that Bandwidth took (202): its id there, and its count of segments where it tells one."""

    bandwidth_id: str
    segment_count: int | None


@dataclass(frozen=True)
class FoundMessage:
    """A message that was looked up: how far it is in our words, and what tells it from others."""

    bandwidth_id: str
    state: MessageState
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
    ) -> Callable[[], AcceptedMessage]:
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
        return lambda: _parse_accepted(post())

    def find_sent(self, sender: str, recipient: str, *, since: str, until: str) -> list[FoundMessage]:  # noqa: ARG002
        """Return nothing: the documents' API has no search."""
        return []

    def _recipients(self, to: tuple[str, ...]) -> str | list[str]:
        # The document sends one number as a plain string.
        return to[0] if len(to) == 1 else list(to)


def _parse_accepted(answer: Answer) -> AcceptedMessage:
    """Return what a 202 says. Raises BandwidthGarbled without a usable id: the message may have been sent."""
    try:
        taken = json.loads(answer.body)
        bandwidth_id, segment_count = taken["id"], taken.get("segmentCount")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise answer.garbled("no id is in it") from None
    return AcceptedMessage(message_id_of(answer, bandwidth_id), segment_count_of(segment_count))


def message_id_of(answer: Answer, found: object) -> str:
    """Return the id of a message. Raises BandwidthGarbled if it is no text that can be one."""
    if not isinstance(found, str) or not _MESSAGE_ID.fullmatch(found):
        raise answer.garbled("no id is in it that a message can have")
    return found


def segment_count_of(found: object) -> int | None:
    """Return Bandwidth's count of segments, None if it is not a count; the id alone proves the acceptance."""
    count = (
        int(found) if isinstance(found, str) and found.isdecimal() and len(found) < _COUNT_DIGITS else found
    )
    if isinstance(count, float) and count.is_integer():
        count = int(count)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count < _SEGMENTS_BELOW:
        return None
    return count


def read_error(body: bytes) -> ErrorBody | None:
    """Return type and description of an error body, with the wrong fields it names; None if it is no such.

    A body with both, as the specification requires them (messagingRequestError), is Bandwidth's own: "Any 4xx
    or 5xx HTTP response code will not be billed nor will the message be sent." A proxy's page is none.
    """
    try:
        error = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(error, dict):
        return None
    kind, description = error.get("type"), error.get("description")
    listed = error.get("fieldErrors")
    fields = "; ".join(_field_error(each) for each in (listed if isinstance(listed, list) else []))
    words = description or error.get("message")
    words = words if isinstance(words, str) else None
    return ErrorBody(
        kind if isinstance(kind, str) else None,
        f"{words or 'no description'} ({fields})" if fields else words,
        # A problem document of a proxy has a URI as its type.
        proves_no_effect=isinstance(kind, str) and ":" not in kind and isinstance(description, str),
    )


def _field_error(found: object) -> str:
    if not isinstance(found, dict):
        return "a field is wrong"
    return f"{found.get('fieldName') or 'a field'}: {found.get('description') or 'is wrong'}"
