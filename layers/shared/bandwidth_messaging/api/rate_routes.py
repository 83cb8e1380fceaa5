"""Operations of the ControlApi for rates. functions/control/browse and set_rate register them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Body, Path

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import View, rate_view
from bandwidth_messaging.domain.lanes import to_interval, to_micros
from bandwidth_messaging.domain.problems import FieldProblem
from bandwidth_messaging.domain.rate_requests import LaneName, NewRate
from bandwidth_messaging.domain.times import now

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.services.lane_rates import LaneRate, LaneRates

_PARAMETER_PROBLEM: Final = FieldProblem(
    "limit", "is not a query parameter of this operation. There are no parameters."
)
_LANE_PROBLEM: Final = FieldProblem(
    "lane", '"campaign" is not a lane. Use account, campaign:CXXXXXX or number:+19195551212.'
)
_RATE_PROBLEM: Final = FieldProblem(
    "segmentsPerSecond",
    "0 is not a rate. Use 0.001 to 1000 segments per second, or null for the rate of the stack's parameter.",
)
_Lane = Annotated[
    LaneName,
    Path(
        description="account, campaign:CXXXXXX or number:+19195551212. A phone number alone is its lane",
        examples=["account"],
    ),
]


def add_rate_reads(app: "APIGatewayRestResolver", rates: "Callable[[], LaneRates]") -> None:
    """Register the operations that read rates."""

    @operation(
        app.get,
        "/rates",
        tag="Rates",
        response=responses.Rates,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: _PARAMETER_PROBLEM},
    )
    def list_rates() -> dict[str, Any]:
        """Return the account's rate, and the rates that were set with PUT /rates/{lane}."""
        return {"items": [_view(rate) for rate in rates().list_all()]}

    @operation(
        app.get,
        "/rates/<lane>",
        tag="Rates",
        response=responses.Rate,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: _LANE_PROBLEM},
    )
    def get_rate(lane: _Lane) -> dict[str, Any]:
        """Return the rate of a lane, and how many segments wait for it.

        A lane without a rate of its own has the rate of the stack's parameter.
        """
        return _view(rates().get(lane))


def add_rate_writes(app: "APIGatewayRestResolver", rates: "Callable[[], LaneRates]") -> None:
    """Register the operation that sets a rate."""

    @operation(
        app.put,
        "/rates/<lane>",
        tag="Rates",
        response=responses.Rate,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: _RATE_PROBLEM},
    )
    def set_rate(lane: _Lane, new: Annotated[NewRate, Body()]) -> dict[str, Any]:
        """Set the rate of a lane.

        The rate applies to the next message, and to messages that wait. null returns to the rate of the
        stack's parameter.
        """
        rate = new.segments_per_second
        return _view(rates().set_rate(lane, None if rate is None else to_interval(rate)))


def _view(rate: "LaneRate") -> View:
    return rate_view(rate.lane, to_micros(now()), is_set=rate.is_set)
