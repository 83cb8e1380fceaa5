"""Generate docs/openapi.json from the routes of the ControlApi's functions.

``python -m local.openapi`` writes the document. ``--check`` fails if the document is out of date.
"""

import argparse
import json
import sys
import warnings
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.openapi import OpenAPIMerge
from aws_lambda_powertools.event_handler.openapi.models import (
    APIKey,
    APIKeyIn,
    License,
    Server,
    ServerVariable,
    Tag,
)
from samcli.yamlhelper import yaml_parse

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
    "control/verify_number",
)
# Samples of requests: the file under events/, and the key of the body if the sample is a proxy event.
REQUESTS = {
    "sendMessage": ("messages/send_message.json", "body"),
    "startMessagingV2": ("executions/messaging_v2.json", None),
    "recordOptOut": ("control/change_opt_outs.json", "body"),
    "startHostedMessaging": ("executions/hosted_messaging.json", None),
    "startRelease": ("executions/release_numbers.json", None),
    "setPool": ("control/change_pools.json", "body"),
    "setReplies": ("control/set_replies.json", "body"),
    "requestVerification": ("control/verify_number.json", "body"),
    "setRate": ("control/set_rate.json", "body"),
    "uploadMedia": ("control/upload_media.json", "body"),
    "putWebhook": ("control/manage_webhooks.json", "body"),
}
EXAMPLES = Path(__file__).with_name("openapi_examples.json")
# Responses that API Gateway can give to every operation: by status, the type in the template's
# GatewayResponses. The functions return 415 and 500 in the same form.
GATEWAY_RESPONSES = {
    HTTPStatus.FORBIDDEN: "MISSING_AUTHENTICATION_TOKEN",
    HTTPStatus.CONTENT_TOO_LARGE: "REQUEST_TOO_LARGE",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
    HTTPStatus.TOO_MANY_REQUESTS: "THROTTLED",
    HTTPStatus.INTERNAL_SERVER_ERROR: "DEFAULT_5XX",
}
# They concern only operations with a body.
BODY_STATUSES = {HTTPStatus.CONTENT_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}
EXAMPLE_REQUEST_ID = "6f7a9c1e-2b4d-4d0e-9a55-0c1f5e7b3a20"
_JSON = "application/json"


def document() -> str:
    """Return the document that the code describes."""
    merge = OpenAPIMerge(
        title="Bandwidth messaging",
        version="1.0.0",
        license_info=License(name="Apache License 2.0", identifier="Apache-2.0"),
        description=(
            "Send messages, start set-ups and releases, set rates, record opt-outs, pool numbers, and read "
            "all of them. "
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
            Tag(name="Usage", description="Messages, segments and their estimated price"),
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
            (success,) = (each for each in responses.values() if _JSON in each["content"])
            success["content"][_JSON]["example"] = examples[name]
            for status in GATEWAY_RESPONSES:
                if "requestBody" in operation or status not in BODY_STATUSES:
                    reference = {"$ref": f"#/components/responses/{_component_name(status)}"}
                    responses.setdefault(str(status.value), reference)
            operation["responses"] = dict(sorted(responses.items()))
            if "requestBody" in operation:
                operation["requestBody"]["content"][_JSON]["example"] = _request_example(name)
            for parameter in operation.get("parameters", ()):
                _remove_titles(parameter["schema"])
    schemas = merged["components"]["schemas"]
    for name in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        del schemas[name]
    _name_inline_models(schemas)
    for schema in schemas.values():
        _remove_titles(schema)
    merged["paths"] = dict(sorted(merged["paths"].items()))
    merged["components"]["schemas"] = dict(sorted(schemas.items()))
    merged["components"]["responses"] = _gateway_responses()
    return merged


def _gateway_responses() -> dict[str, Any]:
    """Return the shared responses, with the template's problems as examples."""
    api = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["ControlApi"]
    configured = api["Properties"]["GatewayResponses"]
    shared = {}
    for status, kind in GATEWAY_RESPONSES.items():
        problem = json.loads(configured[kind]["ResponseTemplates"][_JSON])
        problem |= {"status": status.value, "requestId": EXAMPLE_REQUEST_ID}
        content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": problem}
        shared[_component_name(status)] = {
            "description": status.phrase,
            "content": {"application/problem+json": content},
        }
    return shared


def _component_name(status: HTTPStatus) -> str:
    return status.phrase.replace(" ", "")


def _name_inline_models(schemas: dict[str, Any]) -> None:
    """Move models in the fields of schemas to the schemas: pydantic does not name one that is loaded late."""
    fields = [field for schema in schemas.values() for field in schema.get("properties", {}).values()]
    for alternative in (each for field in fields for each in field.get("anyOf", ())):
        if "properties" in alternative:
            name = alternative["title"]
            schemas[name] = alternative.copy()
            alternative.clear()
            alternative["$ref"] = f"#/components/schemas/{name}"


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
