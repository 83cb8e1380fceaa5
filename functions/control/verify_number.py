"""GET and PUT /numbers/{number}/toll-free-verification: reads and requests the verification of a number."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.resolver import resolver
from bandwidth_messaging.api.verification_routes import add_verification_routes
from bandwidth_messaging.runtime import wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_verification_routes(app, wiring.number_verification)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
