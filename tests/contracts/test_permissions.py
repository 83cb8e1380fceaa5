"""Policies of functions allow only the actions, resources and indexes that the function's code can reach.

A policy also allows every action that the code can reach, except for NOT_NEEDED. The actions that a function
calls are checked whenever a test calls a handler too (tests/functions/conftest.py).

For DynamoDB, an action is checked with its table. For other services, actions and resources are checked
apart: an action that one queue needs may be allowed on another queue that the function uses.
"""

import re
from collections.abc import Iterable
from typing import Any

import pytest

from tests import permissions
from tests.contracts.project import FUNCTIONS, Function
from tests.contracts.reachability import reachable_permissions, reachable_settings, reachable_texts
from tests.contracts.template.deployed import DEPLOYED, GLOBALS, statements
from tests.permissions import Permission
from tests.template import template

every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=str)


def list_unused(function: Function, granted: Iterable[Permission]) -> list[Permission]:
    """Return the granted permissions that no code of the function can need."""
    reachable = reachable_permissions(function)
    return [each for each in granted if each._replace(action=each.action.partition(":")[2]) not in reachable]


# Reached code mentions these methods by name, but the function never calls them.
NOT_NEEDED = {
    Function("hosted_messaging", "activate_numbers"): {
        Permission("BatchGetItem", "NumbersTable"),
        Permission("Query", "NumbersTable", is_index=True),
    },
    Function("messaging_v2", "check_order_status"): {
        Permission("BatchGetItem", "NumbersTable"),
        Permission("Query", "NumbersTable", is_index=True),
    },
    Function("messages", "replay_quarantine"): {Permission("PutObject")},
}


@every_function
def test_a_policy_allows_every_other_action_that_the_function_can_reach(function: Function) -> None:
    granted = {
        each._replace(action=each.action.partition(":")[2])
        for each in permissions.allowed(function.logical_id)
    }

    assert reachable_permissions(function) - granted == NOT_NEEDED.get(function, set())


def test_policies_that_are_attached_to_a_role_count() -> None:
    for function in ("ReceiveNotification", "ReplayQuarantine"):
        assert Permission("states:SendTaskSuccess") in permissions.allowed(function)


@every_function
def test_a_policy_allows_only_actions_that_the_function_can_reach(function: Function) -> None:
    assert list_unused(function, permissions.allowed(function.logical_id)) == []


@pytest.mark.parametrize(
    ("function", "unused"),
    [
        (Function("messages", "send_message"), Permission("secretsmanager:GetSecretValue")),
        (Function("messages", "receive_callback"), Permission("dynamodb:GetItem", "NumbersTable")),
        (Function("messages", "receive_callback"), Permission("sqs:ReceiveMessage")),
        (Function("control", "set_rate"), Permission("dynamodb:BatchGetItem", "NumbersTable")),
        (Function("control", "browse"), Permission("dynamodb:UpdateItem", "NumbersTable")),
        (Function("setups", "check_input"), Permission("s3:PutObject")),
        (Function("setups", "check_input"), Permission("dynamodb:Query", "NumbersTable", is_index=True)),
        (Function("control", "start_setup"), Permission("states:SendTaskSuccess")),
    ],
    ids=str,
)
def test_an_action_that_the_function_cannot_reach_is_reported(function: Function, unused: Permission) -> None:
    granted = permissions.allowed(function.logical_id) | {unused}

    assert list_unused(function, granted) == [unused]


def names_in(value: Any) -> set[str]:
    """Return the parameters and resources of the template that a value refers to, also by an alias."""
    return {name.removesuffix("Aliaslive") for name in re.findall(r"[A-Za-z]\w+", str(value))} & (
        template()["Resources"].keys() | template()["Parameters"].keys()
    )


def settings_of(function: Function) -> dict[str, set[str]]:
    """Return the parameters and resources that each setting of a function refers to."""
    own = DEPLOYED[function.logical_id].get("Environment", {})
    variables = GLOBALS["Environment"]["Variables"] | own.get("Variables", {})
    return {name: names_in(value) for name, value in variables.items()}


def granted_resources(function: Function) -> set[str]:
    """Return the parameters and resources that the policy of a function names."""
    return {
        name
        for statement in statements(DEPLOYED[function.logical_id])
        for name in names_in(statement["Resource"])
    }


def resources_in_events(function: Function) -> set[str]:
    """Return the parameters and resources whose status changes invoke a function. Their events name them."""
    events = DEPLOYED[function.logical_id].get("Events", {}).values()
    return {name for event in events for name in names_in(event["Properties"].get("Pattern"))}


@every_function
def test_a_policy_names_only_resources_that_a_setting_or_an_event_of_the_function_names(
    function: Function,
) -> None:
    read = reachable_settings(function)
    used = {name for setting, names in settings_of(function).items() if setting in read for name in names}

    assert granted_resources(function) - used - resources_in_events(function) == set()


def granted_indexes(function: Function) -> set[str]:
    """Return the indexes that the policy of a function names."""
    return set(re.findall(r"/index/(\w+)", str(DEPLOYED[function.logical_id]["Policies"])))


@every_function
def test_a_policy_names_only_indexes_that_the_function_can_query(function: Function) -> None:
    assert granted_indexes(function) <= reachable_texts(function)


def test_resources_and_indexes_that_a_function_cannot_reach_are_recognized() -> None:
    doctor, intake = Function("checks", "doctor"), Function("messages", "receive_callback")

    assert "optOutsByNumber" not in reachable_texts(doctor)
    assert "CALLBACK_SECRET" not in reachable_settings(intake)
    assert "MEDIA_QUEUE_URL" not in reachable_settings(intake)
