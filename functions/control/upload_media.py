"""/media: uploads files that messages send."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.media_routes import add_media_routes
from bandwidth_messaging.api.resolver import resolver
from bandwidth_messaging.runtime import stores

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_media_routes(app, stores.uploads)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
