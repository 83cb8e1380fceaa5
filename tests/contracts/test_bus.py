"""Each detail type has a schema, a valid example, and a row in docs/events.md."""

import json
import re
from pathlib import Path

import pytest

from local import bus_schemas
from tests.bus import FOLDER, KIND_OF, bus_event, example_path, schema_errors, schema_path
from tests.template import ROOT

EVENTS = (ROOT / "docs" / "events.md").read_text()
every_detail_type = pytest.mark.parametrize("detail_type", KIND_OF)


def test_the_schemas_are_up_to_date() -> None:
    schemas = {path.name: path.read_text() for path in (FOLDER / "schemas").iterdir()}
    assert schemas == bus_schemas.schemas(), "make openapi"


def test_the_check_reports_an_outdated_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_schemas, "SCHEMAS", tmp_path)
    monkeypatch.setattr("sys.argv", ["bus_schemas", "--check"])
    with pytest.raises(SystemExit, match=r"^events/bus/schemas/message\.json is out of date"):
        bus_schemas.main()


def test_the_check_accepts_what_the_command_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_schemas, "SCHEMAS", tmp_path)
    for arguments in ([], ["--check"]):
        monkeypatch.setattr("sys.argv", ["bus_schemas", *arguments])
        bus_schemas.main()


def test_the_folder_has_an_example_and_a_schema_of_each_detail_type_only() -> None:
    assert {path for path in FOLDER.rglob("*") if path.is_file()} == {
        *map(example_path, KIND_OF),
        *map(schema_path, KIND_OF.values()),
    }


@every_detail_type
def test_the_example_of_a_detail_type_matches_its_schema(detail_type: str) -> None:
    example = json.loads(example_path(detail_type).read_text())
    assert example["detail-type"] == detail_type
    assert schema_errors(example) == []


def test_an_event_with_an_unknown_field_an_invalid_state_or_no_id_is_rejected() -> None:
    detail = json.loads(example_path("Message Accepted").read_text())["detail"]
    assert schema_errors(bus_event("Message Accepted", detail)) == []
    assert schema_errors(bus_event("Message Accepted", detail | {"colour": "red"}))
    assert schema_errors(bus_event("Message Accepted", detail | {"state": "sent"}))
    assert schema_errors(bus_event("Message Accepted", {**detail, "eventId": None}))
    assert schema_errors(bus_event("Message Accepted", {**detail, "version": "1"}))


def test_the_page_lists_each_detail_type_with_its_example_and_its_schema() -> None:
    rows = re.findall(r"^\| \[([^]]+)\]\(\.\./(\S+)\) \|", EVENTS, re.MULTILINE)
    assert {name: ROOT / path for name, path in rows} == {name: example_path(name) for name in KIND_OF}
    assert len(rows) == len(KIND_OF)
    linked = {ROOT / path for path in re.findall(r"\]\(\.\./(events/bus/schemas/\S+)\)", EVENTS)}
    assert linked == {schema_path(kind) for kind in KIND_OF.values()}
