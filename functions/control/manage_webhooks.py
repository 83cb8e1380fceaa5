"""/webhooks: stores the endpoints that receive signed events."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.resolver import resolver
from bandwidth_messaging.api.webhook_routes import add_webhook_routes
from bandwidth_messaging.runtime import wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_webhook_routes(app, wiring.webhook_settings)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
