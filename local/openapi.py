"""docs/openapi.json: the ControlApi as its functions' routes describe it.

``python -m local.openapi`` writes it, ``--check`` says whether it is what the code says.
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
FUNCTIONS = ("messages/send_message", "control/start_setup", "control/browse")
# The samples of requests: file under events/, and key of the body where the sample is API Gateway's event.
REQUESTS = {
    "sendMessage": ("messages/send_message.json", "body"),
    "startMessagingV2": ("executions/messaging_v2.json", None),
    "startHostedMessaging": ("executions/hosted_messaging.json", None),
}
ANSWERS = Path(__file__).with_name("openapi_examples.json")
_JSON = "application/json"


def document() -> str:
    """Return the OpenAPI document that the code describes, as text."""
    merge = OpenAPIMerge(
        title="Bandwidth messaging",
        version="1.0.0",
        description=(
            "Send messages, start set-ups, read what is stored. Every request is signed with AWS Signature "
            "Version 4 (service execute-api) by somebody whom IAM allows `execute-api:Invoke`. Errors are "
            "problem details (RFC 9457). null for an optional field is the same as leaving it out. Path "
            "parameters are percent-encoded. Unknown query parameters are a 422."
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
            Tag(name="Messages", description="Texts in both directions"),
            Tag(name="Numbers", description="What you send from, and who does not want to hear from it"),
            Tag(name="Set-ups", description="How numbers come, and go"),
        ],
        security_schemes={
            "signature": APIKey(
                name="Authorization",
                in_=APIKeyIn.header,
                description="AWS Signature Version 4; without it, API Gateway itself answers 403.",
                **{"x-amazon-apigateway-authtype": "awsSigv4"},
            )
        },
        security=[{"signature": []}],
        on_conflict="error",
    )
    for function in FUNCTIONS:
        merge.add_file(ROOT / "functions" / f"{function}.py")
    # Where Lambda has its layer.
    sys.path.insert(0, str(ROOT / "layers" / "shared"))
    # It only warns of a function that cannot be loaded.
    with warnings.catch_warnings(action="error"):
        merged = json.loads(merge.get_openapi_json_schema())
    return json.dumps(_finish(merged), indent=2, ensure_ascii=False) + "\n"


def _finish(merged: dict[str, Any]) -> dict[str, Any]:
    """Add the examples, remove the error responses that Powertools adds, and sort."""
    answers = json.loads(ANSWERS.read_text())
    for path in merged["paths"].values():
        for operation in path.values():
            name, responses = operation["operationId"], operation["responses"]
            if _JSON in responses["422"]["content"]:
                del responses["422"]
            operation["responses"] = dict(sorted(responses.items()))
            (good,) = (each for each in responses.values() if _JSON in each["content"])
            good["content"][_JSON]["example"] = answers[name]
            if "requestBody" in operation:
                operation["requestBody"]["content"][_JSON]["example"] = _request(name)
            for parameter in operation.get("parameters", ()):
                _untitle(parameter["schema"])
    schemas = merged["components"]["schemas"]
    for name in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        del schemas[name]
    for schema in schemas.values():
        _untitle(schema)
    merged["paths"] = dict(sorted(merged["paths"].items()))
    merged["components"]["schemas"] = dict(sorted(schemas.items()))
    return merged


def _untitle(schema: dict[str, Any]) -> None:
    """Remove the titles that pydantic derives from names ("Messageid")."""
    schema.pop("title", None)
    for field in schema.get("properties", {}).values():
        _untitle(field)


def _request(name: str) -> Any:
    file, key = REQUESTS[name]
    sample = json.loads((ROOT / "events" / file).read_text())
    return json.loads(sample[key]) if key else sample


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.openapi", description="Writes docs/openapi.json.")
    parser.add_argument("--check", action="store_true", help="only say whether it is what the code says")
    if not parser.parse_args().check:
        DOCUMENT.write_text(document())
    elif not DOCUMENT.exists() or DOCUMENT.read_text() != document():
        sys.exit("docs/openapi.json is not what the code says; `make openapi` writes it anew.")


if __name__ == "__main__":
    main()
