"""GET /docs and GET /openapi.json: the public description of the ControlApi."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandwidth_messaging.api.description_routes import add_description_routes
from bandwidth_messaging.api.resolver import resolver

# Configures the logs.
from bandwidth_messaging.runtime import logging as _logging  # noqa: F401
from bandwidth_messaging.runtime.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = resolver()
add_description_routes(app, Path(__file__).with_name("openapi.json"), lambda: settings().control_api_url)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to an API Gateway request."""
    return app.resolve(event, context)
