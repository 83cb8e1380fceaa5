"""template.yaml: what watches over the rest, the archive of media, and events that are forwarded."""

import re
from typing import Any

import pytest

from tests.bus import KIND_OF
from tests.template import resources, template

# Alarms


def alarms_on(metric: str) -> dict[str, dict[str, Any]]:
    """Return the alarms on a metric, by what they look at."""
    return {
        str(next(iter(alarm["Dimensions"]))["Value"]): alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == metric
    }


@pytest.mark.parametrize(
    "logical_id", [each for each in resources("AWS::SQS::Queue") if "DeadLetter" in each]
)
def test_an_alarm_reports_the_first_dead_letter(logical_id: str) -> None:
    alarm = alarms_on("ApproximateNumberOfMessagesVisible")[str({"Fn::GetAtt": [logical_id, "QueueName"]})]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_an_alarm_reports_delayed_event_publication() -> None:
    assert alarms_on("IteratorAge").keys() == {str({"Ref": "PublishEvents"})}


def test_an_alarm_reports_failing_sends_long_before_messages_expire() -> None:
    (alarm,) = alarms_on("Errors").values()
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "DeliverMessage"}}]
    least_hours = template()["Parameters"]["SendDeadlineHours"]["MinValue"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] < least_hours * 3600 / 2


@pytest.mark.parametrize("metric", ["SendUnauthorized", "SendRedirected", "CallbackSourceAddressInvalid"])
def test_an_alarm_watches_a_metric_of_the_functions(metric: str) -> None:
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]

    (alarm,) = alarms_on(metric).values()

    assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


@pytest.mark.parametrize("logical_id", resources("AWS::CloudWatch::Alarm"))
def test_an_alarm_notifies_the_topic_and_describes_the_problem(logical_id: str) -> None:
    alarm = resources("AWS::CloudWatch::Alarm")[logical_id]
    assert alarm["AlarmActions"] == {
        "Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]
    }
    assert re.fullmatch(r"[A-Z].+; see docs/operations\.md#[a-z-]+", alarm["AlarmDescription"])


# The archive


@pytest.mark.parametrize(
    "logical_id", [*(n for n in template()["Resources"] if n.startswith("Media")), "ArchiveMedia"]
)
def test_the_archive_exists_only_on_request(logical_id: str) -> None:
    assert template()["Resources"][logical_id]["Condition"] == "ArchivesMedia"
    assert template()["Conditions"]["ArchivesMedia"] == {"Fn::Equals": [{"Ref": "MediaArchive"}, "true"]}
    assert template()["Parameters"]["MediaArchive"]["Default"] == "false"


# A queue keeps a key for 14 days.
LIVES = {"MediaBucket": {"Ref": "MessageRetentionDays"}, "QuarantineBucket": 15}
every_bucket = pytest.mark.parametrize("logical_id", resources("AWS::S3::Bucket"))


@every_bucket
def test_a_bucket_is_private_encrypted_and_keeps_no_longer_than_it_must(logical_id: str) -> None:
    bucket = resources("AWS::S3::Bucket")[logical_id]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] in {"AES256", "aws:kms"}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", LIVES[logical_id])
    resource = template()["Resources"][logical_id]
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resource["UpdateReplacePolicy"] == "Retain"


@every_bucket
def test_a_bucket_is_reached_by_tls_only(logical_id: str) -> None:
    policy = resources("AWS::S3::BucketPolicy")[f"{logical_id}Policy"]
    assert policy["Bucket"] == {"Ref": logical_id}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    files = {"Fn::Sub": f"${{{logical_id}.Arn}}/*"}
    assert statement["Resource"] == [{"Fn::GetAtt": [logical_id, "Arn"]}, files]


def test_messages_with_media_wait_in_the_archives_queue() -> None:
    rule = resources("AWS::Events::Rule")["MediaRule"]
    assert rule["EventPattern"] == {
        "source": [{"Ref": "AWS::StackName"}],
        "detail-type": ["Message Received"],
        "detail": {"mediaCount": [{"exists": True}]},
    }
    assert set(rule["EventPattern"]["detail-type"]) <= KIND_OF.keys()
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["MediaQueue", "Arn"]}
    # What arrives in either queue is an event, so the one can be let back into the other.
    assert target.keys() == {"Id", "Arn", "DeadLetterConfig"}


# Events that are forwarded


FORWARDING = [name for name in template()["Resources"] if name.startswith("Forward")]


@pytest.mark.parametrize("logical_id", FORWARDING)
def test_events_are_forwarded_only_to_a_url_that_was_given(logical_id: str) -> None:
    assert template()["Resources"][logical_id]["Condition"] == "ForwardsEvents"
    assert template()["Conditions"]["ForwardsEvents"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "ForwardEventsTo"}, ""]}]
    }
    assert template()["Parameters"]["ForwardEventsTo"]["Default"] == ""


def test_every_event_is_forwarded_for_a_day_and_then_kept() -> None:
    rule = resources("AWS::Events::Rule")["ForwardRule"]
    assert rule["EventBusName"] == {"Ref": "EventBus"}
    assert rule["EventPattern"] == {"source": [{"Ref": "AWS::StackName"}]}
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["ForwardDestination", "Arn"]}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 24 * 3600, "MaximumRetryAttempts": 185}
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["ForwardDeadLetterQueue", "Arn"]}}


def test_the_key_of_the_url_is_read_from_its_secret_and_written_nowhere() -> None:
    connection = resources("AWS::Events::Connection")["ForwardConnection"]
    parameters = connection["AuthParameters"]["ApiKeyAuthParameters"]
    reference = "{{resolve:secretsmanager:${ForwardSecretName}:SecretString:%s}}"
    assert parameters == {
        "ApiKeyName": {"Fn::Sub": reference % "header"},
        "ApiKeyValue": {"Fn::Sub": reference % "value"},
    }


def test_the_rule_that_forwards_may_call_that_url_and_nothing_else() -> None:
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


@pytest.mark.parametrize("logical_id", resources("AWS::SQS::QueuePolicy"))
def test_only_its_rule_writes_to_a_queue_that_is_a_rules(logical_id: str) -> None:
    policy = resources("AWS::SQS::QueuePolicy")[logical_id]
    (queue,) = policy["Queues"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == {"Fn::GetAtt": [queue["Ref"], "Arn"]}
    rule = statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::GetAtt"][0]
    assert rule in resources("AWS::Events::Rule")
