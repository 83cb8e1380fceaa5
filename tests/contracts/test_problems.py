"""docs/problems.md describes every problem, and API Gateway's own errors have the form of the functions'."""

import json
import re
from typing import Any

import pytest

from bandwidth_messaging.domain.problems import ProblemCode
from tests.openapi import schema_errors
from tests.template import ROOT, resources

GATEWAY_RESPONSES: dict[str, Any] = resources("AWS::Serverless::Api")["ControlApi"]["GatewayResponses"]
URN = "urn:problem-type:bandwidth-messaging:"
every_gateway_response = pytest.mark.parametrize("kind", GATEWAY_RESPONSES)


def described_codes() -> list[tuple[str, str]]:
    """Return code and statuses of each row of the page's tables."""
    page = (ROOT / "docs" / "problems.md").read_text()
    return re.findall(r"^\| `(\w+)` \| ([\d, ]+) \|", page, re.MULTILINE)


def problem_of(kind: str) -> Any:
    """Return the problem of a gateway response, with the values that API Gateway inserts."""
    template = GATEWAY_RESPONSES[kind]["ResponseTemplates"]["application/json"]
    values = {"$context.error.messageString": '"a message"', "$context.requestId": "request-1"}
    for name, value in values.items():
        template = template.replace(name, value)
    assert "$" not in template
    return json.loads(template)


def test_the_page_describes_every_code_once() -> None:
    assert sorted(code for code, _ in described_codes()) == sorted(ProblemCode)


@every_gateway_response
def test_a_gateway_response_is_a_problem_with_a_described_code(kind: str) -> None:
    problem = problem_of(kind)

    assert schema_errors({"$ref": "#/components/schemas/Problem"}, problem) == []
    assert problem["type"] == URN + problem["code"]
    assert problem["code"] in set(ProblemCode)
    assert problem["requestId"] == "request-1"
    headers = GATEWAY_RESPONSES[kind]["ResponseParameters"]["Headers"]
    assert headers == {"Content-Type": "'application/problem+json'"}


@every_gateway_response
def test_a_gateway_response_has_the_status_that_the_page_says(kind: str) -> None:
    problem = problem_of(kind)
    statuses = dict(described_codes())[problem["code"]].split(", ")

    # A status of a default would replace the statuses of all other types.
    assert ("StatusCode" in GATEWAY_RESPONSES[kind]) == (not kind.startswith("DEFAULT_"))
    assert problem.get("status") == GATEWAY_RESPONSES[kind].get("StatusCode")
    assert str(problem.get("status", statuses[0])) in statuses


def test_every_error_of_api_gateway_is_a_problem() -> None:
    """API Gateway uses the defaults for the types that have no response of their own."""
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= GATEWAY_RESPONSES.keys()
