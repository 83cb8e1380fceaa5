"""GET operations of the ControlApi: messages, numbers, opt-outs, orders, pools, rates and usage."""

from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.message_routes import add_message_routes
from bandwidth_messaging.api.number_routes import add_number_routes
from bandwidth_messaging.api.opt_out_routes import add_opt_out_routes
from bandwidth_messaging.api.order_routes import add_order_routes
from bandwidth_messaging.api.pool_routes import add_pool_reads
from bandwidth_messaging.api.rate_routes import add_rate_reads
from bandwidth_messaging.api.resolver import resolver
from bandwidth_messaging.api.usage_routes import add_usage_routes
from bandwidth_messaging.runtime import stores, wiring

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_message_routes(app, stores.messages, stores.media_links, wiring.lane_rates)
add_number_routes(app, stores.numbers)
add_opt_out_routes(app, stores.opt_outs)
add_order_routes(app, stores.orders, stores.numbers)
add_pool_reads(app, wiring.number_pools)
add_rate_reads(app, wiring.lane_rates)
add_usage_routes(app, wiring.usage_report, wiring.prices)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
