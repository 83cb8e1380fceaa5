"""The AWS actions that a function calls in a test, and the actions that its policy allows."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import CodeType, FrameType
from typing import Any, NamedTuple
from unittest.mock import patch

from botocore.client import BaseClient

from tests.template import ROOT, resources

_PREFIXES = {"stepfunctions": "states"}
_ACTIONS = {"s3:HeadObject": "s3:GetObject"}
_TESTS = str(ROOT / "tests")


class Permission(NamedTuple):
    """An action. For DynamoDB `resource` is the logical id of the table; for other services it is empty."""

    action: str
    resource: str = ""
    is_index: bool = False


@cache
def allowed(logical_id: str) -> frozenset[Permission]:
    """Return the permissions that the policies of a function's role grant."""
    return frozenset(
        _permission(action, str(resource))
        for statement in _statements(logical_id)
        for granted in [statement["Fn::If"][1] if "Fn::If" in statement else statement]
        for action in _as_list(granted["Action"])
        for resource in _as_list(granted["Resource"])
    )


def _statements(logical_id: str) -> Iterator[dict[str, Any]]:
    """Yield the statements of a function's own policies, and of the policies attached to its role."""
    for policy in resources("AWS::Serverless::Function")[logical_id].get("Policies", ()):
        yield from policy["Statement"]
    for policy in resources("AWS::IAM::Policy").values():
        if {"Ref": f"{logical_id}Role"} in policy["Roles"]:
            yield from policy["PolicyDocument"]["Statement"]


@contextmanager
def recording(until: CodeType) -> Iterator[set[Permission]]:
    """Record the AWS calls of a handler in this block. Calls by the test itself are not recorded.

    `until` is the code that calls the handler. Test frames above it are ignored.
    """
    called: set[Permission] = set()
    make_api_call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def record(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if not _is_called_by_test(sys._getframe(1), until):
            service = self.meta.service_model.service_name
            action = f"{_PREFIXES.get(service, service)}:{operation}"
            tables = [parameters.get("TableName"), *parameters.get("RequestItems", ())]
            called.update(
                Permission(_ACTIONS.get(action, action), table, "IndexName" in parameters)
                for table in (tables if service == "dynamodb" else [""])
                if table in {*resources("AWS::DynamoDB::Table"), ""}
            )
        return make_api_call(self, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", record):
        yield called


def _is_called_by_test(frame: FrameType | None, until: CodeType) -> bool:
    while frame and frame.f_code is not until:
        if frame.f_code.co_filename.startswith(_TESTS):
            return True
        frame = frame.f_back
    return False


def _permission(action: str, resource: str) -> Permission:
    if not action.startswith("dynamodb:"):
        return Permission(action)
    (table,) = [name for name in resources("AWS::DynamoDB::Table") if name in resource]
    return Permission(action, table, is_index="/index/" in resource)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
