"""GET /docs and /openapi.json: the page that describes the ControlApi, for everybody to read."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.api.resolver import resolver

app = resolver()

_DOCUMENT = Path(__file__).with_name("openapi.json")
_SWAGGER_UI = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>Bandwidth messaging: API</title>
<link rel="icon" href="data:,">
<style>{css}</style>
<style>
.notice {{ font-family: sans-serif; margin: 1em auto 0; max-width: 1420px; padding: 0 20px }}
.auth-wrapper, .authorization__btn {{ display: none !important }}
</style>
<p class="notice">This page only shows the API: a request is answered if it is signed (AWS Signature
Version 4), and a browser does not sign. The README has an example with curl;
<a href="openapi.json">openapi.json</a> is the same for programs.</p>
<div id="api"></div>
<script>{script}</script>
<script>
SwaggerUIBundle({{dom_id: "#api", spec: {document}, deepLinking: true, supportedSubmitMethods: []}})
</script>
"""


@app.get("/docs")
def get_page() -> Response[str]:
    """Return the document as a page that asks for nothing else."""
    return Response(200, "text/html; charset=utf-8", _page())


@app.get("/openapi.json")
def get_document() -> Response[str]:
    """Return the document."""
    return Response(200, "application/json", _document())


@cache
def _page() -> str:
    return _PAGE.format(
        css=(_SWAGGER_UI / "swagger-ui.min.css").read_text("utf-8"),
        script=(_SWAGGER_UI / "swagger-ui-bundle.min.js").read_text("utf-8"),
        # Nothing in it may end the script.
        document=_document().replace("</", "<\\/"),
    )


@cache
def _document() -> str:
    return _DOCUMENT.read_text("utf-8")


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway request."""
    return app.resolve(event, context)
