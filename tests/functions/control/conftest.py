"""The state machine that the tests of set-ups start."""

import json

import boto3
import pytest

from tests.functions.conftest import Stack


@pytest.fixture
def state_machine(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ARN of a state machine that ends at once, set as that of Messaging 2.0."""
    arn: str = boto3.client("stepfunctions").create_state_machine(
        name="messaging_v2",
        definition=json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )["stateMachineArn"]
    monkeypatch.setenv("MESSAGING_V2_STATE_MACHINE", arn)
    return arn
