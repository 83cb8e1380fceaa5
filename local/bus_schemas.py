"""Generate events/bus/schemas: JSON Schemas of the events on the bus, one file for each kind of item.

``python -m local.bus_schemas`` writes the files. ``--check`` fails if a file is out of date.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "events" / "bus" / "schemas"
_STRING = {"type": "string"}


def schemas() -> dict[str, str]:
    """Return the schemas that the code describes, by file name."""
    # On AWS, Lambda adds the layer to the path.
    sys.path.insert(0, str(ROOT / "layers" / "shared"))
    from bandwidth_messaging.api import bus_events, responses  # noqa: PLC0415

    models: dict[str, type[BaseModel]] = {
        "message": responses.MessageEvent,
        "number": responses.NumberEvent,
        "order": responses.OrderEvent,
        "opt_out": responses.OptOutEvent,
        "drift": responses.DriftEvent,
        "opt_out_transfer": responses.OptOutTransferEvent,
        "webhook": responses.WebhookEvent,
    }
    return {
        f"{kind.name}.json": json.dumps(
            _schema(kind, models[kind.name].model_json_schema()), indent=2, ensure_ascii=False
        )
        + "\n"
        for kind in bus_events.KINDS
    }


def _schema(kind: Any, detail: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an event as EventBridge delivers it, for a kind and its detail."""
    definitions = detail.pop("$defs", {})
    for each in (detail, *definitions.values()):
        _strip(each)
    states = [
        {
            "if": {"properties": {"detail-type": {"const": name}}},
            "then": {"properties": {"detail": {"properties": {"state": {"const": state}}}}},
        }
        for state, name in kind.states.items()
        if "state" in detail["properties"]
    ]
    envelope = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "required": [
            "version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"
        ],
        "properties": {
            "version": {"const": "0", "description": "EventBridge's version of this envelope"},
            "id": {**_STRING, "description": "EventBridge's id. Use detail.eventId to detect duplicates"},
            "detail-type": {"enum": list(kind.detail_types)},
            "source": {**_STRING, "description": "Name of the stack"},
            "account": _STRING,
            "time": {**_STRING, "format": "date-time"},
            "region": _STRING,
            "resources": {"type": "array", "maxItems": 0},
            "detail": detail,
        },
        "allOf": states,
        "$defs": definitions,
    }  # fmt: skip
    return {name: value for name, value in envelope.items() if value}


def _strip(schema: dict[str, Any]) -> None:
    """Remove the titles that pydantic derives from names, and the defaults of missing fields."""
    for field in (schema, *schema.get("properties", {}).values()):
        field.pop("title", None)
        field.pop("default", None)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.bus_schemas", description="Write events/bus/schemas."
    )
    parser.add_argument("--check", action="store_true", help="only check that the schemas are up to date")
    check = parser.parse_args().check
    for name, schema in schemas().items():
        file = SCHEMAS / name
        if not check:
            file.write_text(schema)
        elif not file.exists() or file.read_text() != schema:
            sys.exit(f"events/bus/schemas/{name} is out of date. Run `make openapi`.")


if __name__ == "__main__":
    main()
