"""Functions, state machines, tables, policy statements and event sources of the template."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.template import resources, template

DEPLOYED = resources("AWS::Serverless::Function")
MACHINES = resources("AWS::Serverless::StateMachine")
TABLES = resources("AWS::DynamoDB::Table")
GLOBALS = template()["Globals"]["Function"]
every_function = pytest.mark.parametrize("logical_id", DEPLOYED)


def as_list(value: Any) -> list[Any]:
    """Return a value that may stand for a list of one as a list."""
    return value if isinstance(value, list) else [value]


def statements(properties: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the policy statements of a resource, also those of optional parts of the stack."""
    for policy in properties.get("Policies", ()):
        for statement in policy["Statement"]:
            yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def events(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the event sources of a type: the logical id of the function, and the properties."""
    for logical_id, properties in DEPLOYED.items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == kind:
                yield logical_id, event["Properties"]
