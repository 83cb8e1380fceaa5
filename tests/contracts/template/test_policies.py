"""Policies of functions and state machines name each action and each resource."""

import re

import pytest

from tests.contracts.template.deployed import DEPLOYED, GLOBALS, MACHINES, as_list, every_function, statements

# A policy cannot name each object of a bucket, nor each execution of a state machine.
MEDIA = {"Fn::Sub": "${MediaBucket.Arn}/*"}
LETTERS = {"Fn::Sub": "arn:${AWS::Partition}:s3:::${LettersBucket}/*"}
QUARANTINED = {"Fn::Sub": "${QuarantineBucket.Arn}/*"}
DEAD_RECORDS = {"Fn::Sub": "${QuarantineBucket.Arn}/events/*"}
FILES = {"Fn::Sub": "${FilesBucket.Arn}/*"}
UPLOADS = {"Fn::Sub": "${UploadBucket.Arn}/*"}
OBJECTS = (MEDIA, LETTERS, QUARANTINED, DEAD_RECORDS, FILES, UPLOADS)
EXECUTIONS = [
    {
        "Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:"
        f"execution:${{{machine}.Name}}:*"
    }
    for machine in MACHINES
]


@pytest.mark.parametrize("logical_id", [*DEPLOYED, *MACHINES])
def test_policies_are_statements_and_not_templates_of_sam(logical_id: str) -> None:
    policies = (DEPLOYED | MACHINES)[logical_id]["Policies"]
    assert all(isinstance(policy, dict) and policy.keys() == {"Statement"} for policy in policies)


@every_function
def test_the_policy_of_a_function_names_each_action_and_each_resource(logical_id: str) -> None:
    for statement in statements(DEPLOYED[logical_id]):
        assert statement.keys() == {"Effect", "Action", "Resource"}
        assert not [action for action in as_list(statement["Action"]) if "*" in action]
        wide = [resource for resource in as_list(statement["Resource"]) if "*" in str(resource)]
        allowed = (*OBJECTS, *EXECUTIONS)
        assert [resource for resource in wide if resource not in allowed] == []


def test_the_archive_is_written_by_one_function_and_read_by_another() -> None:
    actions = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] == MEDIA
    }

    assert actions == {"ArchiveMedia": "s3:PutObject", "Browse": "s3:GetObject"}


def test_only_the_steps_that_check_and_send_letters_read_them() -> None:
    actions = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] == LETTERS
    }

    assert actions == {"CheckInput": "s3:GetObject", "HostedMessagingSendLetter": "s3:GetObject"}


def test_uploads_are_written_by_one_function_and_read_by_those_that_send_them() -> None:
    actions = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] == UPLOADS
    }

    assert actions == {
        "UploadMedia": ["s3:GetObject", "s3:PutObject"],
        "SendMessage": "s3:GetObject",
        "DeliverMessage": "s3:GetObject",
    }


def test_callback_functions_write_to_the_quarantine_and_the_replay_empties_it() -> None:
    actions = {
        logical_id: statement["Action"]
        for logical_id, properties in DEPLOYED.items()
        for statement in statements(properties)
        if statement["Resource"] in (QUARANTINED, DEAD_RECORDS)
    }

    assert actions == {
        "ReceiveCallback": "s3:PutObject",
        "ReceiveNotification": "s3:PutObject",
        "ReplayQuarantine": ["s3:GetObject", "s3:DeleteObject"],
        "PublishEvents": ["s3:PutObject", "s3:GetObject"],
    }


@pytest.mark.parametrize("logical_id", MACHINES)
def test_only_the_statement_for_logs_and_traces_of_a_machine_has_any_resource(logical_id: str) -> None:
    # A policy cannot name each execution of a nested machine.
    wide = [
        each
        for each in statements(MACHINES[logical_id])
        if "*" in str(each["Resource"]) and ":execution:${" not in str(each["Resource"])
    ]

    assert [each["Resource"] for each in wide] == ["*"]
    actions = wide[0]["Action"]
    assert all(re.match(r"(logs|xray):\w+$", action) for action in actions)


def test_no_function_has_a_role_or_managed_policies() -> None:
    assert not {"Role", "ManagedPolicyArns"} & {key for each in DEPLOYED.values() for key in each}
    assert not {"Role", "Policies"} & GLOBALS.keys()
