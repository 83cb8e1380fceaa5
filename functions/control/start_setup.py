"""POST /setups/… and /releases: validates the input as the state machine does, and starts the machine."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.resolver import resolver
from bandwidth_messaging.api.setup_routes import add_setup_routes
from bandwidth_messaging.runtime import wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_setup_routes(app, wiring.setup_start)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
