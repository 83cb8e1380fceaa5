"""PUT /numbers/{number}/replies: sets the replies of a number."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.reply_routes import add_reply_writes
from bandwidth_messaging.api.resolver import resolver
from bandwidth_messaging.runtime import stores

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_reply_writes(app, stores.numbers)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
