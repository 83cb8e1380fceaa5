"""The rule that invokes RecordExecution: which status changes of which executions it matches."""

import json
from typing import Any

import pytest
from ministack.services import eventbridge

from tests.cloudwatch import resolve
from tests.contracts.template.deployed import DEPLOYED, events
from tests.functions.conftest import sample
from tests.template import resources

SAMPLE = sample("setups/record_execution")
((FUNCTION, RULE),) = events("EventBridgeRule")
PATTERN = json.loads(json.dumps(RULE["Pattern"], default=str))
PATTERN["detail"]["stateMachineArn"] = [
    resolve(each) for each in RULE["Pattern"]["detail"]["stateMachineArn"]
]


def matches(**detail: Any) -> bool:
    event = {
        "Source": SAMPLE["source"],
        "DetailType": SAMPLE["detail-type"],
        "Detail": json.dumps(SAMPLE["detail"] | {"stateMachineArn": "MessagingV2"} | detail),
    }
    return bool(eventbridge._matches_pattern(json.dumps(PATTERN), event))


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
@pytest.mark.parametrize("machine", resources("AWS::Serverless::StateMachine"))
def test_an_execution_that_ended_without_success_is_recorded(machine: str, status: str) -> None:
    assert matches(stateMachineArn=machine, status=status)


def test_a_redriven_execution_is_recorded() -> None:
    assert matches(status="RUNNING", redriveCount=1)


@pytest.mark.parametrize(
    "detail",
    [
        {"status": "SUCCEEDED"},
        {"status": "RUNNING", "redriveCount": 0},
        {"status": "SUCCEEDED", "redriveCount": 1},
        {"status": "FAILED", "stateMachineArn": "another"},
    ],
    ids=str,
)
def test_other_status_changes_invoke_no_function(detail: dict[str, Any]) -> None:
    assert not matches(**detail)


def test_an_end_that_cannot_be_recorded_is_dead_lettered_by_the_rule_and_by_the_function() -> None:
    queue = {"Fn::GetAtt": ["ExecutionsDeadLetterQueue", "Arn"]}

    assert RULE["DeadLetterConfig"] == {"Arn": queue}
    destination = DEPLOYED[FUNCTION]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert destination == {"Type": "SQS", "Destination": queue}


def test_an_event_that_a_function_does_not_process_goes_to_a_queue() -> None:
    invoked = {
        name: properties
        for name, properties in resources("AWS::Serverless::Function").items()
        if any(event["Type"] == "EventBridgeRule" for event in properties.get("Events", {}).values())
    }

    assert invoked
    for name, properties in invoked.items():
        destination = properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert destination["Type"] == "SQS", name
