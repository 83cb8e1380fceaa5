"""The public page and document of the ControlApi."""

import json
import re
from typing import Any

import pytest

from functions.control import describe
from tests.functions.conftest import Stack, api_event, call, sample
from tests.openapi import openapi_document, operations

URL = "https://abcdef1234.execute-api.us-east-1.amazonaws.com/live"


@pytest.fixture(autouse=True)
def _url(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the URL of this stack's ControlApi."""
    monkeypatch.setenv("CONTROL_API_URL", URL)


def document_of_the_stack() -> Any:
    """Return the document with the URL of this stack."""
    return openapi_document() | {"servers": [{"url": URL, "description": "This stack"}]}


def test_the_page_shows_the_document_with_the_url_of_the_stack() -> None:
    answer = call(describe, sample("control/describe"))
    assert answer["statusCode"] == 200
    assert answer["multiValueHeaders"]["Content-Type"] == ["text/html; charset=utf-8"]
    _, _, rest = answer["body"].rpartition("spec: ")
    spec = rest[: rest.index(", deepLinking")]
    assert json.loads(spec.replace("<\\/", "</")) == document_of_the_stack()
    assert all(path in spec for _, path, _ in operations())


def test_the_page_loads_nothing_else_and_says_that_requests_are_signed() -> None:
    page = call(describe, sample("control/describe"))["body"]
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in re.findall(r'Content-Security-Policy"\s+content="([^"]*)"', page)[0].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert set(policy) == {"default-src", "img-src", "script-src", "style-src"}
    assert {policy["script-src"], policy["style-src"], policy["img-src"]} == {"'unsafe-inline'", "data:"}
    assert "supportedSubmitMethods: []" in page
    assert "signed (AWS Signature" in page


def test_the_page_is_small_enough_for_lambda() -> None:
    assert len(json.dumps(call(describe, sample("control/describe"))).encode()) < 6 * 1024 * 1024


def test_the_document_is_served_as_json() -> None:
    answer = call(describe, api_event("GET", "/openapi.json"))
    assert answer["statusCode"] == 200
    assert answer["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert json.loads(answer["body"]) == document_of_the_stack()


def test_other_paths_are_a_404() -> None:
    assert call(describe, api_event("GET", "/messages"))["statusCode"] == 404
