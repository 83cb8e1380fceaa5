"""Operation of the ControlApi that reports usage. functions/control/browse registers it."""

from collections import Counter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AfterValidator, Field

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import View
from bandwidth_messaging.domain.problems import Conflict, FieldProblem, ProblemCode
from bandwidth_messaging.domain.usage import COUNTS, By, parse_day
from bandwidth_messaging.services.usage_report import NOT_COUNTED, Prices

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.services.usage_report import UsageReport

_KEYS: Final[Mapping[By, str]] = {"day": "day", "number": "number", "campaign": "campaignId"}
_Day = Annotated[str, AfterValidator(parse_day), Field(json_schema_extra={"format": "date"})]


def add_usage_routes(
    app: "APIGatewayRestResolver", report: "Callable[[], UsageReport]", prices: Callable[[], Prices]
) -> None:
    """Register the operation."""

    @operation(
        app.get,
        "/usage",
        tag="Usage",
        response=responses.Usage,
        errors={
            HTTPStatus.CONFLICT: Conflict(NOT_COUNTED, ProblemCode.NOT_ENABLED),
            HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem(
                "from", '"yesterday" is not a day. Use YYYY-MM-DD, such as 2026-11-22.'
            ),
        },
    )
    def get_usage(
        first: Annotated[_Day, Query(alias="from", description="First day (UTC)", examples=["2026-11-01"])],
        last: Annotated[
            _Day,
            Query(
                alias="to",
                description="Last day (UTC). from and to span at most 92 days",
                examples=["2026-11-30"],
            ),
        ],
        by: Annotated[By, Query(description="What the items sum")] = "day",
    ) -> dict[str, Any]:
        """Return messages, segments and the estimated price by day, number or campaign.

        Only with the parameter UsageCounts. Days, numbers and campaigns without messages are left out.
        """
        sums = report().sum_days(first, last, by)
        total = sum((each.counts for each in sums), Counter())
        return {
            "from": first,
            "to": last,
            "by": by,
            "items": [_view(each.counts, prices(), {_KEYS[by]: each.key}) for each in sums],
            "total": _view(total, prices(), {}),
        }


def _view(counts: Mapping[str, int], prices: Prices, key: View) -> View:
    """Return counters as GET /usage shows them. Without prices there is no estimate."""
    view = {name: value for name, value in key.items() if value is not None}
    view |= {name: counts[name] for name in COUNTS}
    return view | ({"estimatedPrice": float(prices.estimate(counts))} if any(prices) else {})
