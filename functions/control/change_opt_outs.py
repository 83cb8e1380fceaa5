"""PUT and DELETE /numbers/{number}/opt-outs/{recipient}: records opt-outs and opt-ins of operators."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.opt_out_routes import add_opt_out_changes
from bandwidth_messaging.api.resolver import resolver
from bandwidth_messaging.runtime import wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_opt_out_changes(app, wiring.manual_opt_outs)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
