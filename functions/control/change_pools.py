"""PUT and DELETE /pools/{name}: creates, changes and deletes pools of numbers."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.pool_routes import add_pool_writes
from bandwidth_messaging.api.resolver import resolver
from bandwidth_messaging.runtime import wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_pool_writes(app, wiring.number_pools)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
