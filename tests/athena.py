"""The exported events as Athena reads them, with the table and the saved queries of the template.

DuckDB runs the queries. sqlglot translates them from Athena's SQL, and the column types from Hive's.
"""

import gzip
import json
from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import sqlglot
from sqlglot import exp

from bandwidth_messaging.api.bus_events import KINDS
from tests.bus import schema_errors, schema_path
from tests.cloudwatch import resolve
from tests.template import resources

TABLE: Final[dict[str, Any]] = resources("AWS::Glue::Table")["AnalyticsTable"]["TableInput"]
QUERIES: Final = resources("AWS::Athena::NamedQuery")
_HIVE_TYPES: Final = {"string": "string", "integer": "bigint", "number": "double", "boolean": "boolean"}
_SERDE: Final[dict[str, str]] = TABLE["StorageDescriptor"]["SerdeInfo"]["Parameters"]


def fields_of_events(left_out: Collection[str]) -> list[str]:
    """Return the fields of all schemas but those left out, as a Hive struct lists them.

    A field whose type depends on the kind of item is a string, which the SerDe makes of any value.
    """
    fields: dict[str, str] = {}
    for kind in KINDS:
        schema = json.loads(schema_path(kind.name).read_text())
        for name, field in schema["properties"]["detail"]["properties"].items():
            if name not in left_out:
                given = _hive_type(field, schema.get("$defs", {}))
                fields[name] = given if fields.get(name, given) == given else "string"
    return [f"{name.lower()}:{given}" for name, given in fields.items()]


def _hive_type(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    match schema:
        case {"$ref": reference}:
            return _hive_type(definitions[reference.removeprefix("#/$defs/")], definitions)
        case {"anyOf": [given, {"type": "null"}]}:
            return _hive_type(given, definitions)
        case {"type": "array", "items": items}:
            return f"array<{_hive_type(items, definitions)}>"
        case {"type": "object", "additionalProperties": dict(values)}:
            return f"map<string,{_hive_type(values, definitions)}>"
        case {"type": "object", "properties": fields}:
            names = (f"{name.lower()}:{_hive_type(field, definitions)}" for name, field in fields.items())
            return f"struct<{','.join(names)}>"
    return _HIVE_TYPES[schema["type"]]


def columns() -> dict[str, str]:
    """Return the Hive types of the table's columns by name."""
    return {each["Name"]: _join(each["Type"]) for each in TABLE["StorageDescriptor"]["Columns"]}


def _join(value: Any) -> str:
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(map(_join, parts))
    return str(value)


def query(logical_id: str) -> str:
    """Return the SQL of a saved query, with the defaults of the parameters."""
    return str(resolve(QUERIES[logical_id]["QueryString"]))


def export(events: Iterable[dict[str, Any]], day: date, bucket: Path) -> None:
    """Write events to the folder of a day, with the keys that the SerDe makes of them. Each must be valid."""
    folder = bucket / f"day={day}"
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for event in events:
        assert schema_errors(event) == []
        lines.append(json.dumps(_rename(event)) + "\n")
    with gzip.open(folder / f"{len(list(folder.iterdir()))}.json.gz", "wt") as file:
        file.writelines(lines)


def _rename(value: Any) -> Any:
    """Return a value with the lower-case keys that the SerDe compares with the columns."""
    columns_of = {key: name.removeprefix("mapping.") for name, key in _SERDE.items()}
    match value:
        case dict():
            return {columns_of.get(key, key.lower()): _rename(each) for key, each in value.items()}
        case list():
            return [_rename(each) for each in value]
    return value


def run(logical_id: str, bucket: Path) -> list[dict[str, Any]]:
    """Run a saved query over the exported events, and return the rows."""
    return run_sql(query(logical_id), bucket)


def run_sql(sql: str, bucket: Path) -> list[dict[str, Any]]:
    """Run a query in Athena's SQL over the exported events, and return the rows."""
    (translated,) = sqlglot.transpile(
        sql, read="athena", write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    types = {
        name: exp.DataType.build(given, dialect="hive").sql("duckdb") for name, given in columns().items()
    }
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        source = database.read_json(
            str(bucket / "*" / "*.gz"),
            columns=types,
            format="newline_delimited",
            hive_partitioning=True,
            hive_types_autocast=False,
        )
        source.create_view("events")
        result = database.execute(translated)
        names = [each[0] for each in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
