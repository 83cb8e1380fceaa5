"""Operations of the ControlApi that read numbers. functions/control/browse registers them."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.cursors import list_page
from bandwidth_messaging.api.parameters import LIMIT_EXAMPLE, NUMBER_EXAMPLE, OWN_NUMBER, Cursor, Limit
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import number_view
from bandwidth_messaging.domain.numbers import STATES
from bandwidth_messaging.domain.problems import NotFound
from bandwidth_messaging.domain.validation import PhoneNumber

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.store.number_store import Numbers

_NOT_FOUND: Final = "{} is not a number of this account's set-ups."
_State = Literal["pending", "active", "failed", "releasing", "released"]
_Number = Annotated[PhoneNumber, Path(examples=[OWN_NUMBER])]


def add_number_routes(app: "APIGatewayRestResolver", numbers: "Callable[[], Numbers]") -> None:
    """Register the operations."""

    @operation(
        app.get,
        "/numbers",
        tag="Numbers",
        response=responses.Numbers,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: LIMIT_EXAMPLE},
    )
    def list_numbers(
        state: Annotated[_State | None, Query()] = None, limit: Limit = 25, cursor: Cursor = None
    ) -> dict[str, Any]:
        """Return the numbers of one state, or of all states, state by state."""
        query = partial(numbers().list_by_states, (state,) if state else STATES)
        list_name = f"numbers {state or 'of all states'}"
        return list_page(query, number_view, list_name=list_name, limit=limit, cursor=cursor)

    @operation(
        app.get,
        "/numbers/<number>",
        tag="Numbers",
        response=responses.Number,
        errors={
            HTTPStatus.NOT_FOUND: _NOT_FOUND.format(OWN_NUMBER),
            HTTPStatus.UNPROCESSABLE_ENTITY: NUMBER_EXAMPLE,
        },
    )
    def get_number(number: _Number) -> dict[str, Any]:
        """Return a number."""
        if (item := numbers().get(number)) is None:
            raise NotFound(_NOT_FOUND.format(number))
        return number_view(item)
