"""Public page and OpenAPI document of the ControlApi. functions/control/describe registers them."""

import json
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aws_lambda_powertools.event_handler import Response

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

_SWAGGER_UI: Final = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
_PAGE: Final = """\
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
<p class="notice">This page only describes the API. Each request must be signed (AWS Signature
Version 4), and a browser does not sign requests. docs/api.md has an example with curl.
<a href="openapi.json">openapi.json</a> is the same document for programs.</p>
<div id="api"></div>
<script>{script}</script>
<script>
SwaggerUIBundle({{dom_id: "#api", spec: {document}, deepLinking: true, supportedSubmitMethods: []}})
</script>
"""


def add_description_routes(app: "APIGatewayRestResolver", document: Path, url: Callable[[], str]) -> None:
    """Register the page and the document. `url` returns the base URL of this stack's ControlApi."""

    @app.get("/docs")
    def get_page() -> Response[str]:
        """Return the document as a page that loads nothing else."""
        return Response(200, "text/html; charset=utf-8", _page(document, url()))

    @app.get("/openapi.json")
    def get_document() -> Response[str]:
        """Return the document."""
        return Response(200, "application/json", _text(document, url()))


@cache
def _page(document: Path, url: str) -> str:
    return _PAGE.format(
        css=(_SWAGGER_UI / "swagger-ui.min.css").read_text("utf-8"),
        script=(_SWAGGER_UI / "swagger-ui-bundle.min.js").read_text("utf-8"),
        # The document must not contain a tag that ends the script.
        document=_text(document, url).replace("</", "<\\/"),
    )


@cache
def _text(document: Path, url: str) -> str:
    description = json.loads(document.read_text("utf-8"))
    # The document in the repository names no stack.
    description["servers"] = [{"url": url, "description": "This stack"}]
    return json.dumps(description, ensure_ascii=False)
