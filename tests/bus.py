"""The events on the bus: schemas and examples under events/bus, and validation against them."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from bandwidth_messaging.api.bus_events import KINDS
from tests.template import ROOT

FOLDER = ROOT / "events" / "bus"
KIND_OF = {name: kind.name for kind in KINDS for name in kind.detail_types}
"""The kind of item of each detail type."""


def example_path(detail_type: str) -> Path:
    """Return the path of a detail type's example."""
    return FOLDER / f"{re.sub(r'[ -]', '_', detail_type).lower()}.json"


def schema_path(kind: str) -> Path:
    """Return the path of a kind's schema."""
    return FOLDER / "schemas" / f"{kind}.json"


def bus_event(detail_type: str, detail: Any) -> dict[str, Any]:
    """Return an event as EventBridge delivers it."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": detail_type,
        "source": "bandwidth-messaging",
        "account": "123456789012",
        "time": "2026-11-22T09:30:01Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def schema_errors(event: dict[str, Any]) -> list[str]:
    """Return the violations of an event's schema. Unknown fields are violations."""
    validator = _validator(KIND_OF[event["detail-type"]])
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(event)]


@cache
def _validator(kind: str) -> Draft202012Validator:
    schema = json.loads(schema_path(kind).read_text())
    for definition in (schema["properties"]["detail"], *schema.get("$defs", {}).values()):
        definition["additionalProperties"] = False
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
