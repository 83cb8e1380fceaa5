"""Operations of the ControlApi that read messages. functions/control/browse registers them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AfterValidator, Field

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.cursors import list_page
from bandwidth_messaging.api.parameters import (
    LIMIT_EXAMPLE,
    MAX_MESSAGE_ID,
    NUMBER_EXAMPLE,
    OTHER_NUMBER,
    OWN_NUMBER,
    Cursor,
    Limit,
)
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import View, message_view
from bandwidth_messaging.domain.failures import ErrorClass
from bandwidth_messaging.domain.message_search import MessageSearch
from bandwidth_messaging.domain.messages import Direction, MessageState, Waiting
from bandwidth_messaging.domain.participants import list_readings, parse_owner_number
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput, NotFound
from bandwidth_messaging.domain.times import now, parse_time, to_rfc3339
from bandwidth_messaging.domain.validation import CamelModel, Participant, parse

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.services.lane_rates import LaneRates
    from bandwidth_messaging.store.archive import Archive
    from bandwidth_messaging.store.message_store import Messages

_LINK_SECONDS: Final = 900
_NOT_FOUND: Final = "Message {} does not exist."
# After its time, a scheduled message waits for its rate, and one of a narrow lane may wait for the account's.
_BEFORE_RATE: Final = frozenset({None, Waiting.SCHEDULED, Waiting.QUIET_HOURS})
_ID_PROBLEM: Final = FieldProblem("messageId", f"string should have at most {MAX_MESSAGE_ID} characters")
_OWNER: Final = "One of your numbers, or the sender id of an RCS agent, for the texts to it"
_Time = Annotated[str, AfterValidator(parse_time), Field(json_schema_extra={"format": "date-time"})]
_OwnerNumber = Annotated[str, AfterValidator(parse_owner_number)]


def add_message_routes(
    app: "APIGatewayRestResolver",
    messages: "Callable[[], Messages]",
    archive: "Callable[[], Archive | None]",
    rates: "Callable[[], LaneRates]",
) -> None:
    """Register the operations. `archive` is None if the stack archives no media."""

    @operation(
        app.get,
        "/messages/<messageId>",
        tag="Messages",
        response=responses.Message,
        errors={
            HTTPStatus.NOT_FOUND: _NOT_FOUND.format("out_1"),
            HTTPStatus.UNPROCESSABLE_ENTITY: _ID_PROBLEM,
        },
    )
    def get_message(
        message_id: Annotated[str, Path(alias="messageId", max_length=MAX_MESSAGE_ID)],
    ) -> dict[str, Any]:
        """Return a message by its messageId."""
        if (message := messages().get(message_id)) is None:
            raise NotFound(_NOT_FOUND.format(message_id))
        # The lanes may have slowed down or sped up since the message was accepted.
        if expected_at := rates().expect(message):
            message["expectedAt"] = expected_at
            if message.get("dueAt", "") <= now() < expected_at and message.get("waiting") in _BEFORE_RATE:
                message["waiting"] = Waiting.RATE
        store = archive()
        return message_view(message, partial(_link, store) if store else None)

    @operation(
        app.get,
        "/messages",
        tag="Messages",
        response=responses.Messages,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: LIMIT_EXAMPLE},
    )
    def list_messages(
        number: Annotated[_OwnerNumber, Query(description=_OWNER, examples=[OWN_NUMBER])],
        since: Annotated[_Time | None, Query(alias="from", description="First time (RFC 3339)")] = None,
        until: Annotated[
            _Time | None, Query(alias="to", description="Time (RFC 3339) that follows the last message")
        ] = None,
        state: Annotated[MessageState | None, Query(description="State of the messages")] = None,
        direction: Annotated[
            Direction | None, Query(description="`in`: received messages, `out`: sent messages")
        ] = None,
        tag: Annotated[
            str | None, Query(max_length=1024, description="Tag of the request, exactly as it was sent")
        ] = None,
        error_class: Annotated[
            ErrorClass | None, Query(alias="errorClass", description="Class of the failure")
        ] = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """Return the messages of a number, newest first.

        The filters are combined: each message of the list matches all of them. With a filter other than
        `from` and `to`, a page can have fewer items than `limit`, or none, and still a `cursor`: each request
        reads at most 500 messages.
        """
        search = MessageSearch(
            since=since, until=until, state=state, direction=direction, tag=tag, error_class=error_class
        )
        query = partial(messages().search, number, search)
        list_name = f"messages of {number}{search.name}"
        return list_page(query, message_view, list_name=list_name, limit=limit, cursor=cursor)

    @operation(
        app.get,
        "/conversations/<number>/<participants>",
        tag="Messages",
        response=responses.Messages,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: NUMBER_EXAMPLE},
    )
    def list_conversation(
        number: Annotated[_OwnerNumber, Path(description=_OWNER, examples=[OWN_NUMBER])],
        participants: Annotated[
            str,
            Path(
                description="The other participants, separated by commas: phone numbers, short codes or "
                "sender names, as `from` and `to` of a message show them",
                examples=[OTHER_NUMBER],
            ),
        ],
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """Return the messages between your number and the participants, newest first."""
        return _conversation_page(messages(), number, participants, limit, cursor)


class _Participants(CamelModel):
    participants: list[Participant]


def _conversation_page(
    messages: "Messages", number: str, participants: str, limit: int, cursor: str | None
) -> dict[str, Any]:
    """Return a page of the conversation that a text of participants means.

    The participants as messages show them come first, then the participants as people write them.
    """
    readings: list[Sequence[str]] = [*list_readings(participants)]
    problem: InvalidInput | None = None
    try:
        written = parse(_Participants, {"participants": participants.split(",")}).participants
        if tuple(written) not in readings:
            readings.append(written)
    except InvalidInput as error:
        problem = error
    page: dict[str, Any] = {}
    for reading in readings:
        try:
            page = list_page(
                partial(messages.list_by_conversation, number, reading),
                message_view,
                list_name=f"conversation of {number} with {sorted(reading)}",
                limit=limit,
                cursor=cursor,
            )
        except InvalidInput as error:
            problem = problem or error
            continue
        if page["items"] or cursor:
            return page
    if problem:
        raise problem
    return page


def _link(archive: "Archive", key: str) -> View:
    """Return a link to a file of the archive, and when the link expires."""
    expires = datetime.now(UTC) + timedelta(seconds=_LINK_SECONDS)
    return {"url": archive.link(key, seconds=_LINK_SECONDS), "expiresAt": to_rfc3339(expires.isoformat())}
