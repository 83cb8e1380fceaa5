"""The optional forwarding of events to a URL, and the queues of rules."""

import pytest

from tests.template import resources, template

FORWARDING = [name for name in template()["Resources"] if name.startswith("Forward")]


@pytest.mark.parametrize("logical_id", FORWARDING)
def test_events_are_forwarded_only_if_the_parameter_has_a_url(logical_id: str) -> None:
    assert template()["Resources"][logical_id]["Condition"] == "ForwardsEvents"
    assert template()["Conditions"]["ForwardsEvents"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "ForwardEventsTo"}, ""]}]
    }
    assert template()["Parameters"]["ForwardEventsTo"]["Default"] == ""


def test_a_forwarded_event_is_retried_for_a_day_and_then_dead_lettered() -> None:
    rule = resources("AWS::Events::Rule")["ForwardRule"]

    assert rule["EventBusName"] == {"Ref": "EventBus"}
    assert rule["EventPattern"] == {"source": [{"Ref": "AWS::StackName"}]}
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["ForwardDestination", "Arn"]}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 24 * 3600, "MaximumRetryAttempts": 185}
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["ForwardDeadLetterQueue", "Arn"]}}


def test_the_key_of_the_url_is_resolved_from_its_secret() -> None:
    connection = resources("AWS::Events::Connection")["ForwardConnection"]
    parameters = connection["AuthParameters"]["ApiKeyAuthParameters"]
    reference = "{{resolve:secretsmanager:${ForwardSecretName}:SecretString:%s}}"

    assert parameters == {
        "ApiKeyName": {"Fn::Sub": reference % "header"},
        "ApiKeyValue": {"Fn::Sub": reference % "value"},
    }


def test_the_forwarding_rule_may_only_call_the_url() -> None:
    role = resources("AWS::IAM::Role")["ForwardRole"]
    (policy,) = role["Policies"]

    assert policy["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "events:InvokeApiDestination",
            "Resource": {"Fn::GetAtt": ["ForwardDestination", "Arn"]},
        }
    ]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def rules_of_functions() -> set[str]:
    """Return the logical ids of the rules that SAM generates for functions."""
    return {
        f"{function}{name}"
        for function, properties in resources("AWS::Serverless::Function").items()
        for name, event in properties.get("Events", {}).items()
        if event["Type"] == "EventBridgeRule"
    }


@pytest.mark.parametrize("logical_id", resources("AWS::SQS::QueuePolicy"))
def test_only_a_rule_writes_to_the_queue_of_a_rule(logical_id: str) -> None:
    policy = resources("AWS::SQS::QueuePolicy")[logical_id]
    (queue,) = policy["Queues"]
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == {"Fn::GetAtt": [queue["Ref"], "Arn"]}
    rule = statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][0]
    assert rule in {*resources("AWS::Events::Rule"), *rules_of_functions()}
