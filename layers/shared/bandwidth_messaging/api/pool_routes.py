"""Operations of the ControlApi for number pools. functions/control/browse and change_pools register them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import AfterValidator, Field

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.cursors import list_page
from bandwidth_messaging.api.parameters import LIMIT_EXAMPLE, OWN_NUMBER, Cursor, Limit
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import pool_summary_view, pool_view
from bandwidth_messaging.domain.pools import MAX_NUMBERS, to_pool_name
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, ProblemCode
from bandwidth_messaging.domain.validation import CamelModel, PhoneNumber
from bandwidth_messaging.services.number_pools import BUSY, NOT_FOUND

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.services.number_pools import NumberPools

_EXAMPLE: Final = "reminders"
_NAME_PROBLEM: Final = FieldProblem(
    "name", "is not the name of a pool. Use a letter, then up to 63 letters, digits, - and _."
)
_NUMBER_PROBLEM: Final = FieldProblem(
    "numbers[1]", "+19195551213 is not a number of this stack. GET /numbers lists the stack's numbers."
)
_BUSY: Final = Conflict(BUSY, ProblemCode.CONCURRENT_CHANGE)
_Name = Annotated[
    str,
    AfterValidator(to_pool_name),
    Path(description="A letter, then up to 63 letters, digits, - and _", examples=[_EXAMPLE]),
]


class NewPool(CamelModel):
    """Body of PUT /pools/{name}."""

    numbers: list[PhoneNumber] = Field(
        min_length=1,
        max_length=MAX_NUMBERS,
        description="Numbers of the stack",
        examples=[[OWN_NUMBER]],
    )
    match_area_code: bool = Field(
        False, description="Prefer numbers with the area code of the recipient, for new conversations"
    )


def add_pool_reads(app: "APIGatewayRestResolver", pools: "Callable[[], NumberPools]") -> None:
    """Register the operations that read pools."""

    @operation(
        app.get,
        "/pools",
        tag="Pools",
        response=responses.Pools,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: LIMIT_EXAMPLE},
    )
    def list_pools(limit: Limit = 25, cursor: Cursor = None) -> dict[str, Any]:
        """Return the pools, by name."""
        return list_page(pools().list_all, pool_summary_view, list_name="pools", limit=limit, cursor=cursor)

    @operation(
        app.get,
        "/pools/<name>",
        tag="Pools",
        response=responses.Pool,
        errors={
            HTTPStatus.NOT_FOUND: NOT_FOUND.format(_EXAMPLE),
            HTTPStatus.UNPROCESSABLE_ENTITY: _NAME_PROBLEM,
        },
    )
    def get_pool(name: _Name) -> dict[str, Any]:
        """Return a pool, and which of its numbers can send."""
        return pool_view(*pools().get(name))


def add_pool_writes(app: "APIGatewayRestResolver", pools: "Callable[[], NumberPools]") -> None:
    """Register the operations that change pools."""

    @operation(
        app.put,
        "/pools/<name>",
        tag="Pools",
        response=responses.Pool,
        errors={HTTPStatus.CONFLICT: _BUSY, HTTPStatus.UNPROCESSABLE_ENTITY: _NUMBER_PROBLEM},
    )
    def set_pool(name: _Name, new: Annotated[NewPool, Body()]) -> dict[str, Any]:
        """Create a pool, or replace its numbers.

        The next message uses the new numbers. Conversations with numbers that stay in the pool keep their
        number. Opt-outs from numbers that leave the pool still apply to the pool.
        """
        return pool_view(*pools().set_numbers(name, new.numbers, match_area_code=new.match_area_code))

    @operation(
        app.delete,
        "/pools/<name>",
        tag="Pools",
        response=responses.PoolSummary,
        errors={
            HTTPStatus.NOT_FOUND: NOT_FOUND.format(_EXAMPLE),
            HTTPStatus.CONFLICT: _BUSY,
            HTTPStatus.UNPROCESSABLE_ENTITY: _NAME_PROBLEM,
        },
    )
    def delete_pool(name: _Name) -> dict[str, Any]:
        """Delete a pool and return it as it was.

        Its numbers stay in the stack. Accepted messages keep their number. If the pool is created again,
        the opt-outs from its former numbers apply again.
        """
        return pool_summary_view(pools().delete_pool(name))
