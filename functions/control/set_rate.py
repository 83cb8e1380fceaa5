"""PUT /rates/{lane}: sets the rate of a lane."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.rate_routes import add_rate_writes
from bandwidth_messaging.api.resolver import resolver
from bandwidth_messaging.runtime import wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_rate_writes(app, wiring.lane_rates)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
