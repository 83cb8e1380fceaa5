"""The reading doors of the ControlApi: messages, numbers, orders."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber, parse
from bandwidth_messaging.runtime import cursors, wiring
from bandwidth_messaging.runtime.api import NotFound, resolver
from bandwidth_messaging.runtime.views import View, message_view, number_view, opt_out_view, order_view
from bandwidth_messaging.store.dynamodb import Item, Page
from bandwidth_messaging.store.numbers import STATES

app = resolver()

Limit = Annotated[int, Query(ge=1, le=100, description="How many at the most")]
Cursor = Annotated[str | None, Query(description="`cursor` of the page before")]
_FAILURES_SHOWN = 100


@app.get("/messages/<id>")
def get_message(id: Annotated[str, Path()]) -> dict[str, Any]:  # noqa: A002 - the path names it so
    """Return a message by its messageId."""
    if (message := wiring.messages().get(id)) is None:
        raise NotFound(f"There is no message {id}.")
    return message_view(message)


@app.get("/messages")
def list_messages(
    number: Annotated[PhoneNumber, Query(description="One of your numbers")],
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Return a number's messages, newest first."""
    of = f"messages of {number}"
    page = wiring.messages().of_number(number, limit=limit, start=cursors.read(cursor, of=of))
    return _listed(page, message_view, of)


@app.get("/conversations/<number>/<participants>")
def list_conversation(
    number: Annotated[PhoneNumber, Path(description="One of your numbers")],
    participants: Annotated[str, Path(description="The others' numbers, separated by commas")],
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Return the messages between your number and these others, newest first."""
    others = parse(_Participants, {"participants": participants.split(",")}).participants
    of = f"conversation of {number} with {sorted(others)}"
    start = cursors.read(cursor, of=of)
    page = wiring.messages().of_conversation(number, others, limit=limit, start=start)
    return _listed(page, message_view, of)


@app.get("/numbers")
def list_numbers(
    state: Annotated[Literal["pending", "active", "failed", "releasing", "released"] | None, Query()] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Return numbers of one state, or of all, state by state."""
    of = f"numbers {state or 'of all states'}"
    states = (state,) if state else STATES
    page = wiring.numbers().in_states(states, limit=limit, start=cursors.read(cursor, of=of))
    return _listed(page, number_view, of)


@app.get("/numbers/<number>")
def get_number(number: Annotated[PhoneNumber, Path()]) -> dict[str, Any]:
    """Return one number."""
    if (item := wiring.numbers().get(number)) is None:
        raise NotFound(f"{number} is not a number of this account's set-ups.")
    return number_view(item)


@app.get("/numbers/<number>/opt-outs")
def list_opt_outs(
    number: Annotated[PhoneNumber, Path()], limit: Limit = 25, cursor: Cursor = None
) -> dict[str, Any]:
    """Return who opted out of texts from this number, and when."""
    of = f"opt-outs of {number}"
    page = wiring.opt_outs().of_number(number, limit=limit, start=cursors.read(cursor, of=of))
    return _listed(page, opt_out_view, of)


@app.get("/orders/<customer_order_id>")
def get_order(customer_order_id: Annotated[str, Path()]) -> dict[str, Any]:
    """Return an order: how far its set-up is, what came and what failed."""
    if (order := wiring.orders().get(customer_order_id)) is None:
        raise NotFound(f"There is no order {customer_order_id}.")
    failed = (
        wiring.numbers().of_order(customer_order_id, limit=_FAILURES_SHOWN) if order.get("failed") else None
    )
    return order_view(customer_order_id, order, failed.items if failed else [])


class _Participants(CamelModel):
    participants: list[PhoneNumber]


def _listed(page: Page, view: Callable[[Item], View], of: str) -> dict[str, Any]:
    return {"items": [view(item) for item in page.items], "cursor": cursors.write(page.next_key, of=of)}


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway request."""
    return app.resolve(event, context)
