"""docs/openapi.json: its operations, and validation against its schemas."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.template import ROOT

type Operation = tuple[str, str, dict[str, Any]]


@cache
def openapi_document() -> dict[str, Any]:
    """Return docs/openapi.json, parsed."""
    document: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())
    return document


def operations() -> Iterator[Operation]:
    """Yield method, path and description of every operation, with its shared responses inside."""
    shared = openapi_document()["components"]["responses"]
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            responses = {
                status: shared[response["$ref"].rpartition("/")[2]] if "$ref" in response else response
                for status, response in operation["responses"].items()
            }
            yield method.upper(), path, operation | {"responses": responses}


def find_operation(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation that a request calls, or None."""
    for described_method, pattern, operation in operations():
        if method == described_method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
            return operation
    return None


def schema_errors(schema: dict[str, Any], value: Any) -> list[str]:
    """Return the violations of one of the document's schemas. Unknown fields are violations."""
    validator = Draft202012Validator(schema | {"components": _closed()})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


@cache
def _closed() -> dict[str, Any]:
    schemas = openapi_document()["components"]["schemas"]
    return {"schemas": {name: {"additionalProperties": False} | schema for name, schema in schemas.items()}}
