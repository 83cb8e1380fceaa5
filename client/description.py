"""The operations of openapi.json: their paths, parameters and body fields."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

Place = Literal["path", "query", "header", "body"]


@dataclass(frozen=True)
class Argument:
    """A parameter of an operation, or a field of its body. Its value matches one of `schemas`."""

    place: Place
    schemas: tuple[Mapping[str, Any], ...]
    description: str
    is_required: bool


@dataclass(frozen=True)
class Operation:
    """An operation of the API, with its arguments by name. `is_list` is whether it returns pages."""

    id: str
    method: str
    path: str
    summary: str
    arguments: Mapping[str, Argument]
    has_body: bool
    is_list: bool


def _read() -> dict[str, Operation]:
    document = json.loads(files(__package__).joinpath("openapi.json").read_text("utf-8"))
    schemas = document["components"]["schemas"]
    return {
        described["operationId"]: _build(method.upper(), path, described, schemas)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    }


def _build(method: str, path: str, described: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    arguments = {
        each["name"]: Argument(
            each["in"],
            _resolve(each["schema"], schemas),
            each.get("description", ""),
            each.get("required", False),
        )
        for each in described.get("parameters", ())
    }
    if body := described.get("requestBody"):
        # An optional body has the alternative null.
        model = _resolve(body["content"]["application/json"]["schema"], schemas)[0]
        for name, schema in model["properties"].items():
            is_required = name in model.get("required", ())
            alternatives = _resolve(schema, schemas)
            arguments[name] = Argument("body", alternatives, schema.get("description", ""), is_required)
    return Operation(
        id=described["operationId"],
        method=method,
        path=path,
        summary=described["summary"],
        arguments=arguments,
        has_body=body is not None,
        is_list="cursor" in arguments,
    )


def _resolve(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the alternatives of a schema, without references."""
    return tuple(
        schemas[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        for each in schema.get("anyOf", (schema,))
    )


OPERATIONS: Mapping[str, Operation] = _read()
