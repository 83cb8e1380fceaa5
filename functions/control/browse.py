"""The reading doors of the ControlApi: messages, numbers, orders."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import AfterValidator

from bandwidth_messaging.api import cursors, responses
from bandwidth_messaging.api.resolver import operation, resolver
from bandwidth_messaging.api.views import View, message_view, number_view, opt_out_view, order_view
from bandwidth_messaging.domain.numbers import STATES
from bandwidth_messaging.domain.orders import is_customer_order_id
from bandwidth_messaging.domain.problems import FieldProblem, NotFound
from bandwidth_messaging.domain.texts import normalized
from bandwidth_messaging.domain.times import rfc3339
from bandwidth_messaging.domain.validation import CamelModel, Participant, PhoneNumber, parse
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.store.dynamodb import Item, Page

app = resolver()

_OURS, _THEIRS = "+19195551212", "+19195551234"
Limit = Annotated[int, Query(ge=1, le=100, description="How many at the most")]
Cursor = Annotated[str | None, Query(description="`cursor` of the page before")]
# Of Bandwidth's ids, callbacks store at most 500 bytes; a key of DynamoDB holds 2,048.
_MAX_MESSAGE_ID = 500
_FAILURES_SHOWN = 100
_LINK_SECONDS = 900

_NOT_FOUND, _UNPROCESSABLE = HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY
_NO_MESSAGE = "There is no message {}."
_NO_NUMBER = "{} is not a number of this account's set-ups."
_NO_ORDER = "There is no order {}."
_WRONG_LIMIT = FieldProblem("limit", "input should be less than or equal to 100")
_WRONG_ID = FieldProblem("messageId", f"string should have at most {_MAX_MESSAGE_ID} characters")
_WRONG_ORDER_ID = "may hold up to 40 letters, digits, spaces and dashes"
_WRONG_NUMBER = FieldProblem("number", '"12" is not a phone number. Use E.164 (+19195551212) or ten digits.')


def _order_id(value: str) -> str:
    value = normalized(value)
    if not is_customer_order_id(value):
        raise ValueError(_WRONG_ORDER_ID)
    return value


@operation(
    app.get,
    "/messages/<messageId>",
    tag="Messages",
    answer=responses.Message,
    errors={_NOT_FOUND: _NO_MESSAGE.format("out_1"), _UNPROCESSABLE: _WRONG_ID},
)
def get_message(
    message_id: Annotated[str, Path(alias="messageId", max_length=_MAX_MESSAGE_ID)],
) -> dict[str, Any]:
    """Return a message by its messageId."""
    if (message := wiring.messages().get(message_id)) is None:
        raise NotFound(_NO_MESSAGE.format(message_id))
    return message_view(message, _link if settings().media_bucket else None)


@operation(
    app.get, "/messages", tag="Messages", answer=responses.Messages, errors={_UNPROCESSABLE: _WRONG_LIMIT}
)
def list_messages(
    number: Annotated[PhoneNumber, Query(description="One of your numbers", examples=[_OURS])],
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Return a number's messages, newest first."""
    of = f"messages of {number}"
    page = wiring.messages().of_number(number, limit=limit, start=cursors.read(cursor, of=of))
    return _listed(page, message_view, of)


@operation(
    app.get,
    "/conversations/<number>/<participants>",
    tag="Messages",
    answer=responses.Messages,
    errors={_UNPROCESSABLE: _WRONG_NUMBER},
)
def list_conversation(
    number: Annotated[PhoneNumber, Path(description="One of your numbers", examples=[_OURS])],
    participants: Annotated[
        str,
        Path(
            description="The others, separated by commas: numbers, short codes or names of senders",
            examples=[_THEIRS],
        ),
    ],
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Return the messages between your number and these others, newest first."""
    others = parse(_Participants, {"participants": participants.split(",")}).participants
    of = f"conversation of {number} with {sorted(others)}"
    start = cursors.read(cursor, of=of)
    page = wiring.messages().of_conversation(number, others, limit=limit, start=start)
    return _listed(page, message_view, of)


@operation(
    app.get, "/numbers", tag="Numbers", answer=responses.Numbers, errors={_UNPROCESSABLE: _WRONG_LIMIT}
)
def list_numbers(
    state: Annotated[Literal["pending", "active", "failed", "releasing", "released"] | None, Query()] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Return numbers of one state, or of all, state by state."""
    of = f"numbers {state or 'of all states'}"
    states = (state,) if state else STATES
    page = wiring.numbers().list_by_states(states, limit=limit, start=cursors.read(cursor, of=of))
    return _listed(page, number_view, of)


@operation(
    app.get,
    "/numbers/<number>",
    tag="Numbers",
    answer=responses.Number,
    errors={_NOT_FOUND: _NO_NUMBER.format(_OURS), _UNPROCESSABLE: _WRONG_NUMBER},
)
def get_number(number: Annotated[PhoneNumber, Path(examples=[_OURS])]) -> dict[str, Any]:
    """Return one number."""
    if (item := wiring.numbers().get(number)) is None:
        raise NotFound(_NO_NUMBER.format(number))
    return number_view(item)


@operation(
    app.get,
    "/numbers/<number>/opt-outs",
    tag="Numbers",
    answer=responses.OptOuts,
    errors={_UNPROCESSABLE: _WRONG_NUMBER},
)
def list_opt_outs(
    number: Annotated[PhoneNumber, Path(examples=[_OURS])], limit: Limit = 25, cursor: Cursor = None
) -> dict[str, Any]:
    """Return who opted out of texts from this number, and when."""
    of = f"opt-outs of {number}"
    page = wiring.opt_outs().of_number(number, limit=limit, start=cursors.read(cursor, of=of))
    return _listed(page, opt_out_view, of)


@operation(
    app.get,
    "/orders/<customerOrderId>",
    tag="Set-ups",
    answer=responses.Order,
    errors={
        _NOT_FOUND: _NO_ORDER.format("order-7"),
        _UNPROCESSABLE: FieldProblem("customerOrderId", _WRONG_ORDER_ID),
    },
)
def get_order(
    customer_order_id: Annotated[str, Path(alias="customerOrderId"), AfterValidator(_order_id)],
) -> dict[str, Any]:
    """Return an order: how far its set-up is, what came and what failed."""
    if (order := wiring.orders().get(customer_order_id)) is None:
        raise NotFound(_NO_ORDER.format(customer_order_id))
    failed = (
        wiring.numbers().list_failed_by_order(customer_order_id, limit=_FAILURES_SHOWN)
        if order.get("failed")
        else []
    )
    return order_view(customer_order_id, order, failed)


def _link(key: str) -> View:
    """Return where a file of the archive may be got, and until when."""
    expires = datetime.now(UTC) + timedelta(seconds=_LINK_SECONDS)
    url = wiring.archive().link(key, seconds=_LINK_SECONDS)
    return {"url": url, "expiresAt": rfc3339(expires.isoformat())}


class _Participants(CamelModel):
    participants: list[Participant]


def _listed(page: Page, view: Callable[[Item], View], of: str) -> dict[str, Any]:
    return {"items": [view(item) for item in page.items], "cursor": cursors.write(page.next_key, of=of)}


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway request."""
    return app.resolve(event, context)
