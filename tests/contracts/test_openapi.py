"""docs/openapi.json is up to date and complete, and its examples match the schemas."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bandwidth_messaging.api import responses, views
from local import openapi
from tests.openapi import openapi_document, operations, schema_errors
from tests.template import ROOT, resources

OPERATIONS = list(operations())
every_operation = pytest.mark.parametrize(
    "operation",
    [each for _, _, each in OPERATIONS],
    ids=[f"{method} {path}" for method, path, _ in OPERATIONS],
)


def test_the_document_is_up_to_date() -> None:
    assert openapi.DOCUMENT.read_text() == openapi.document(), "make openapi"


@pytest.mark.parametrize("user", ["functions/control", "client"])
def test_the_page_and_the_client_have_the_same_document(user: str) -> None:
    assert (ROOT / user / "openapi.json").read_bytes() == openapi.DOCUMENT.read_bytes()


@pytest.mark.parametrize("existing", [None, "{}\n"])
def test_the_check_reports_an_outdated_document(
    existing: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "openapi.json"
    if existing is not None:
        document.write_text(existing)
    monkeypatch.setattr(openapi, "DOCUMENT", document)
    monkeypatch.setattr("sys.argv", ["openapi", "--check"])
    with pytest.raises(SystemExit, match=r"^docs/openapi\.json is out of date\. Run `make openapi`"):
        openapi.main()


def test_the_check_accepts_what_the_command_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "DOCUMENT", tmp_path / "openapi.json")
    for arguments in ([], ["--check"]):
        monkeypatch.setattr("sys.argv", ["openapi", *arguments])
        openapi.main()


def test_the_endpoints_of_the_control_api_are_the_operations() -> None:
    endpoints = [
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for function in resources("AWS::Serverless::Function").values()
        for event in function.get("Events", {}).values()
        if event["Properties"].get("RestApiId") == {"Ref": "ControlApi"}
    ]
    assert sorted(endpoints) == sorted((method, path) for method, path, _ in OPERATIONS)


@every_operation
def test_an_operation_has_a_summary_and_a_tag(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["tags"][0] in {tag["name"] for tag in openapi_document()["tags"]}
    assert operation["operationId"].isalnum()


@every_operation
def test_an_operation_has_one_success_response_and_problem_details(
    operation: dict[str, Any],
) -> None:
    success, *errors = operation["responses"].items()
    assert success[0] in {"200", "202"}
    assert list(success[1]["content"]) == ["application/json"]
    for status, response in errors:
        assert response["description"], status
        assert response["content"]["application/problem+json"]["schema"] == {
            "$ref": "#/components/schemas/Problem"
        }
        assert response["content"]["application/problem+json"]["example"]["status"] == int(status)


@every_operation
def test_every_operation_has_the_problems_that_any_request_can_have(operation: dict[str, Any]) -> None:
    """Every operation rejects unknown query parameters (422). API Gateway returns the others."""
    with_body = {"413", "415"} if "requestBody" in operation else set()
    assert operation["responses"].keys() >= {"403", "422", "429", "500"} | with_body


def bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the request and response bodies of an operation."""
    for described_body in (operation.get("requestBody", {"content": {}}), *operation["responses"].values()):
        yield from described_body["content"].values()


@every_operation
def test_every_body_has_an_example_that_matches_its_schema(operation: dict[str, Any]) -> None:
    described_bodies = list(bodies(operation))
    assert described_bodies
    assert [schema_errors(body["schema"], body["example"]) for body in described_bodies] == [[]] * len(
        described_bodies
    )


def test_an_example_with_an_unknown_field_or_state_is_invalid() -> None:
    schema = {"$ref": "#/components/schemas/OptOut"}
    opt_out = {
        "owner": "+19195551212",
        "number": "+19195551234",
        "since": "2026-11-22T10:02:44.000Z",
        "keyword": "stop",
        "source": "text",
    }
    assert schema_errors(schema, opt_out) == []
    assert schema_errors(schema, opt_out | {"colour": "red"})
    assert schema_errors(schema, opt_out | {"since": None})
    assert schema_errors({"$ref": "#/components/schemas/Recipient"}, {"state": "lost"})


def test_the_document_requires_signatures() -> None:
    (name,) = openapi_document()["components"]["securitySchemes"]
    assert openapi_document()["security"] == [{name: []}]
    assert (
        openapi_document()["components"]["securitySchemes"][name]["x-amazon-apigateway-authtype"]
        == "awsSigv4"
    )


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        (
            responses.Message,
            {*views._MESSAGE, *views.WAITING, "archivedMedia", "times", "recipients", "attempts"},
        ),
        (responses.ArchivedFile, {*views._FILE, "url", "expiresAt"}),
        (responses.Recipient, {*views._OUTCOME, "times"}),
        (responses.Number, {*views._NUMBER, "times"}),
        (
            responses.Order,
            {*views._ORDER, "customerOrderId", "state", "failures", "steps", "times", "nextSteps"},
        ),
    ],
)
def test_a_response_has_the_fields_of_its_view(model: type[responses.Message], shown: set[str]) -> None:
    assert {field.alias for field in model.model_fields.values()} == shown
