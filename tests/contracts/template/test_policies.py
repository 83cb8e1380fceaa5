"""Policies of functions and state machines name each action and each resource."""

import re

import pytest

from tests.contracts.template.deployed import DEPLOYED, GLOBALS, MACHINES, as_list, every_function, statements

# The files of a bucket cannot be named one by one.
FILES = {"Fn::Sub": "${MediaBucket.Arn}/*"}
LETTERS = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${LettersBucket}/*"}
QUARANTINED = {"Fn::Sub": "${QuarantineBucket.Arn}/*"}
DEAD_RECORDS = {"Fn::Sub": "${QuarantineBucket.Arn}/events/*"}
FILES_OF_BUCKETS = (FILES, LETTERS, QUARANTINED, DEAD_RECORDS)
# Nor can the executions of a state machine.
EXECUTIONS = [
    {
        "Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:"
        f"execution:${{{machine}.Name}}:*"
    }
    for machine in ("HostedMessaging", "MessagingV2")
]


@pytest.mark.parametrize("logical_id", [*DEPLOYED, *MACHINES])
def test_rights_are_statements_written_out_and_not_ready_made_policies(logical_id: str) -> None:
    policies = (DEPLOYED | MACHINES)[logical_id]["Policies"]
    assert all(isinstance(policy, dict) and policy.keys() == {"Statement"} for policy in policies)


@every_function
def test_a_function_names_each_action_and_each_resource(logical_id: str) -> None:
    for statement in statements(DEPLOYED[logical_id]):
        assert statement.keys() == {"Effect", "Action", "Resource"}
        assert not [action for action in as_list(statement["Action"]) if "*" in action]
        wide = [resource for resource in as_list(statement["Resource"]) if "*" in str(resource)]
        allowed = (*FILES_OF_BUCKETS, *EXECUTIONS)
        assert [resource for resource in wide if resource not in allowed] == []


def test_the_archive_is_written_by_one_function_and_read_by_another() -> None:
    rights = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] == FILES
    }

    assert rights == {"ArchiveMedia": "s3:PutObject", "Browse": "s3:GetObject"}


def test_letters_are_read_only_and_only_by_those_who_check_and_send_them() -> None:
    rights = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] == LETTERS
    }

    assert rights == {"CheckInput": "s3:GetObject", "HostedMessagingSendLetter": "s3:GetObject"}


def test_the_quarantine_is_written_by_what_bandwidth_calls_and_emptied_by_the_replay() -> None:
    rights = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] in (QUARANTINED, DEAD_RECORDS)
    }

    assert rights == {
        "ReceiveCallback": "s3:PutObject",
        "ReceiveNotification": "s3:PutObject",
        "ReplayQuarantine": ["s3:GetObject", "s3:DeleteObject"],
        "PublishEvents": ["s3:PutObject", "s3:GetObject"],
    }


@pytest.mark.parametrize("logical_id", MACHINES)
def test_a_machine_has_one_statement_for_everything_and_that_for_logs_and_traces(logical_id: str) -> None:
    # The executions of a machine that another one runs have no narrower name.
    wide = [
        each
        for each in statements(MACHINES[logical_id])
        if "*" in str(each["Resource"]) and ":execution:${" not in str(each["Resource"])
    ]

    assert [each["Resource"] for each in wide] == ["*"]
    actions = wide[0]["Action"]
    assert all(re.match(r"(logs|xray):\w+$", action) for action in actions)


def test_no_function_has_a_role_or_rights_from_elsewhere() -> None:
    assert not {"Role", "ManagedPolicyArns"} & {key for each in DEPLOYED.values() for key in each}
    assert not {"Role", "Policies"} & GLOBALS.keys()
