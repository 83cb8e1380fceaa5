"""The classic V2 messaging API (JSON, Basic auth with token and secret)."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bandwidth_messaging.bandwidth.transport import (
    Auth,
    ErrorBody,
    Response,
    Transport,
    combine_errors,
)
from bandwidth_messaging.domain.messages import MessageState

# V2 ids have about 30 characters. V1 ids have "m-" and 25 characters.
_MESSAGE_ID: Final = re.compile(r"[!-~]{1,200}")
_MAX_SEGMENT_DIGITS: Final = 3
_MAX_SEGMENTS: Final = 999


@dataclass(frozen=True)
class AcceptedMessage:
    """A message that Bandwidth accepted (202): Bandwidth's id, and its segment count if it returned one."""

    bandwidth_id: str
    segment_count: int | None


@dataclass(frozen=True)
class FoundMessage:
    """A message that the search found: its state, and the facts that identify it."""

    bandwidth_id: str
    state: MessageState
    error_code: int | None
    segment_count: int | None
    recipients: int
    is_rcs: bool = False


class Messaging:
    """Client of the messages of one user."""

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
        rcs: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Callable[[], AcceptedMessage]:
        """Return the call that sends a message (heading "Send Text Message"). Call it at most once.

        Numbers are in E.164. Every receipt contains `tag`. No byte is sent before the call. 202 means queued:
        Bandwidth checks numbers, application and location later and reports the result by callback.

        `rcs` (RcsContent.to_item) is sent first if the API has RCS, and the text and media are its fallback.
        The classic API has no RCS, and sends only the text and media.

        Raises the errors of the transport, and so does the call. If the call raises BandwidthOutcomeUnknown,
        the message may have been sent.
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
        # Empty fields are left out, as in the document.
        body = {name: value for name, value in body.items() if value not in (None, [], "")}
        post = self._transport.prepare(
            "POST",
            self._messages,
            body=json.dumps(body).encode(),
            content_type="application/json; charset=utf-8",
        )
        return lambda: _parse_accepted(post())

    def find_sent(
        self,
        sender: str,  # noqa: ARG002
        recipient: str,  # noqa: ARG002
        *,
        since: str,  # noqa: ARG002
        until: str,  # noqa: ARG002
        agent: str | None = None,  # noqa: ARG002
    ) -> list[FoundMessage]:
        """Return no messages, because the classic API has no search."""
        return []

    def _recipients(self, to: tuple[str, ...]) -> str | list[str]:
        # In the document a single recipient is a string.
        return to[0] if len(to) == 1 else list(to)


def _parse_accepted(response: Response) -> AcceptedMessage:
    """Parse a 202. Raises BandwidthGarbled if it has no valid id: the message may have been sent."""
    try:
        accepted = json.loads(response.body)
        bandwidth_id, segment_count = accepted["id"], accepted.get("segmentCount")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise response.garbled("has no id") from None
    return AcceptedMessage(parse_message_id(response, bandwidth_id), parse_segment_count(segment_count))


def parse_message_id(response: Response, value: object) -> str:
    """Return the id of a message. Raises BandwidthGarbled if the value is not a message id."""
    if not isinstance(value, str) or not _MESSAGE_ID.fullmatch(value):
        raise response.garbled("has no valid id")
    return value


def parse_segment_count(value: object) -> int | None:
    """Return the segment count, or None if the value is not a count: the id alone proves the acceptance."""
    is_text = isinstance(value, str) and value.isdecimal() and len(value) <= _MAX_SEGMENT_DIGITS
    is_whole = isinstance(value, float) and value.is_integer()
    count = int(value) if is_text or is_whole else value  # type: ignore[call-overload]
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= _MAX_SEGMENTS:
        return None
    return count


def read_error(body: bytes) -> ErrorBody | None:
    """Parse type, description and wrong fields of an error body. Return None if it is not an error body.

    A body with type and description (messagingRequestError in the specification) comes from Bandwidth itself:
    "Any 4xx or 5xx HTTP response code will not be billed nor will the message be sent." The page of a proxy
    proves nothing. A message with RCS is rejected with a list of errors (multiChannelError), about which the
    documentation promises nothing.
    """
    try:
        error = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(error, dict):
        return None
    if isinstance(several := error.get("errors"), list) and several:
        return combine_errors(map(_read_listed_error, several))
    error_type, description = error.get("type"), error.get("description")
    listed = error.get("fieldErrors")
    fields = "; ".join(_describe_field(field) for field in (listed if isinstance(listed, list) else []))
    words = description or error.get("message")
    words = words if isinstance(words, str) else None
    return ErrorBody(
        error_type if isinstance(error_type, str) else None,
        f"{words or 'no description'} ({fields})" if fields else words,
        # The type of a proxy's problem document is a URI.
        proves_no_effect=isinstance(error_type, str)
        and ":" not in error_type
        and isinstance(description, str),
    )


def _read_listed_error(error: object) -> ErrorBody:
    """Parse one error of a multiChannelError. `source.field` is the path of the wrong field."""
    if not isinstance(error, dict):
        return ErrorBody(None, None)
    error_type, words, source = error.get("type"), error.get("description"), error.get("source")
    words = words if isinstance(words, str) else "no description"
    field = source.get("field") if isinstance(source, dict) else None
    return ErrorBody(
        error_type if isinstance(error_type, str) else None, f"{field}: {words}" if field else words
    )


def _describe_field(value: object) -> str:
    if not isinstance(value, dict):
        return "a field is wrong"
    return f"{value.get('fieldName') or 'a field'}: {value.get('description') or 'is wrong'}"
