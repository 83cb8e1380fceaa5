"""Generate docs/openapi.json from the routes of the ControlApi's functions.

``python -m local.openapi`` writes the document. ``--check`` fails if the document is out of date.
"""

import argparse
import json
import sys
import warnings
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.openapi import OpenAPIMerge
from aws_lambda_powertools.event_handler.openapi.models import APIKey, APIKeyIn, Server, ServerVariable, Tag

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "openapi.json"
FUNCTIONS = (
    "messages/send_message",
    "messages/cancel_message",
    "control/start_setup",
    "control/browse",
    "control/set_rate",
    "control/change_opt_outs",
    "control/change_pools",
    "control/set_replies",
    "control/manage_webhooks",
    "control/upload_media",
)
# Samples of requests: the file under events/, and the key of the body if the sample is a proxy event.
REQUESTS = {
    "sendMessage": ("messages/send_message.json", "body"),
    "startMessagingV2": ("executions/messaging_v2.json", None),
    "recordOptOut": ("control/change_opt_outs.json", "body"),
    "startHostedMessaging": ("executions/hosted_messaging.json", None),
    "setPool": ("control/change_pools.json", "body"),
    "setReplies": ("control/set_replies.json", "body"),
    "setRate": ("control/set_rate.json", "body"),
    "uploadMedia": ("control/upload_media.json", "body"),
    "putWebhook": ("control/manage_webhooks.json", "body"),
}
EXAMPLES = Path(__file__).with_name("openapi_examples.json")
_JSON = "application/json"


def document() -> str:
    """Return the document that the code describes."""
    merge = OpenAPIMerge(
        title="Bandwidth messaging",
        version="1.0.0",
        description=(
            "Send messages, start set-ups, set rates, record opt-outs, pool numbers, and read all of them. "
            "Sign every request with AWS Signature Version 4 (service execute-api). The caller needs the IAM "
            "permission `execute-api:Invoke`. Errors are problem details (RFC 9457). An optional field may "
            "be null, which is the same as leaving it out. Path parameters are percent-encoded. An unknown "
            "query parameter is a 422."
        ),
        servers=[
            Server(
                url="https://{api}.execute-api.{region}.amazonaws.com/live",
                description="The stack's output ControlApiUrl",
                variables={
                    "api": ServerVariable(default="abcdef1234"),
                    "region": ServerVariable(default="us-east-1"),
                },
            )
        ],
        tags=[
            Tag(name="Messages", description="Outbound and inbound messages"),
            Tag(name="Media", description="Files that messages send"),
            Tag(name="Numbers", description="Your numbers"),
            Tag(name="Opt-outs", description="People who opted out of texts from your numbers"),
            Tag(name="Pools", description="Groups of your numbers that share their messages"),
            Tag(name="Rates", description="How fast messages are sent, and how long they wait"),
            Tag(name="Webhooks", description="Your endpoints that receive signed events"),
            Tag(name="Set-ups", description="Orders that import, buy or release numbers"),
        ],
        security_schemes={
            "signature": APIKey(
                name="Authorization",
                in_=APIKeyIn.header,
                description="AWS Signature Version 4. Without a valid signature, API Gateway returns 403.",
                **{"x-amazon-apigateway-authtype": "awsSigv4"},
            )
        },
        security=[{"signature": []}],
        on_conflict="error",
    )
    for function in FUNCTIONS:
        merge.add_file(ROOT / "functions" / f"{function}.py")
    # On AWS, Lambda adds the layer to the path.
    sys.path.insert(0, str(ROOT / "layers" / "shared"))
    # OpenAPIMerge only warns if a function cannot be loaded.
    with warnings.catch_warnings(action="error"):
        merged = json.loads(merge.get_openapi_json_schema())
    return json.dumps(_finish(merged), indent=2, ensure_ascii=False) + "\n"


def _finish(merged: dict[str, Any]) -> dict[str, Any]:
    """Add the examples, remove the error schemas of Powertools, and sort."""
    examples = json.loads(EXAMPLES.read_text())
    for path in merged["paths"].values():
        for operation in path.values():
            name, responses = operation["operationId"], operation["responses"]
            if _JSON in responses["422"]["content"]:
                del responses["422"]
            operation["responses"] = dict(sorted(responses.items()))
            (success,) = (each for each in responses.values() if _JSON in each["content"])
            success["content"][_JSON]["example"] = examples[name]
            if "requestBody" in operation:
                operation["requestBody"]["content"][_JSON]["example"] = _request_example(name)
            for parameter in operation.get("parameters", ()):
                _remove_titles(parameter["schema"])
    schemas = merged["components"]["schemas"]
    for name in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        del schemas[name]
    for schema in schemas.values():
        _remove_titles(schema)
    merged["paths"] = dict(sorted(merged["paths"].items()))
    merged["components"]["schemas"] = dict(sorted(schemas.items()))
    return merged


def _remove_titles(schema: dict[str, Any]) -> None:
    """Remove the titles that pydantic derives from names ("Messageid")."""
    schema.pop("title", None)
    for field in schema.get("properties", {}).values():
        _remove_titles(field)


def _request_example(name: str) -> Any:
    file, key = REQUESTS[name]
    sample = json.loads((ROOT / "events" / file).read_text())
    return json.loads(sample[key]) if key else sample


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.openapi", description="Write docs/openapi.json.")
    parser.add_argument("--check", action="store_true", help="only check that the document is up to date")
    if not parser.parse_args().check:
        DOCUMENT.write_text(document())
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != document():
        sys.exit("docs/openapi.json is out of date. Run `make openapi`.")


if __name__ == "__main__":
    main()
