"""The optional webhooks, and the optional archive of events."""

from itertools import accumulate

import pytest

from bandwidth_messaging.domain.webhooks import RETRY_DELAYS
from tests.template import resources, template

PARTS = [name for name in template()["Resources"] if name.startswith("Webhook")]


@pytest.mark.parametrize("logical_id", [*PARTS, "SendWebhook"])
def test_webhooks_exist_only_on_request(logical_id: str) -> None:
    assert template()["Resources"][logical_id]["Condition"] == "HasWebhooks"
    assert template()["Conditions"]["HasWebhooks"] == {"Fn::Equals": [{"Ref": "Webhooks"}, "true"]}
    assert template()["Parameters"]["Webhooks"]["Default"] == "false"


def test_a_rule_queues_every_event_without_a_change() -> None:
    rule = resources("AWS::Events::Rule")["WebhookRule"]

    assert rule["EventBusName"] == {"Ref": "EventBus"}
    assert rule["EventPattern"] == {"source": [{"Ref": "AWS::StackName"}]}
    # Without an input transformer both queues get the same event, so that dead letters can be moved back.
    (target,) = rule["Targets"]
    assert target == {
        "Id": "Queue",
        "Arn": {"Fn::GetAtt": ["WebhookQueue", "Arn"]},
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["WebhookDeadLetterQueue", "Arn"]}},
    }


def test_one_record_is_processed_at_a_time() -> None:
    # A record that fails would repeat the other records of its batch.
    (source,) = resources("AWS::Serverless::Function")["SendWebhook"]["Events"].values()

    assert source["Properties"]["BatchSize"] == 1


def test_no_parameter_permits_local_webhooks() -> None:
    for function in ("SendWebhook", "ManageWebhooks"):
        variables = resources("AWS::Serverless::Function")[function]["Environment"]["Variables"]
        assert variables["WEBHOOKS_ALLOW_LOCAL"] == "false"


def test_events_are_archived_only_on_request() -> None:
    archive = template()["Resources"]["EventArchive"]

    assert archive["Condition"] == "ArchivesEvents"
    assert template()["Conditions"]["ArchivesEvents"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "EventArchiveDays"}, "0"]}]
    }
    assert template()["Parameters"]["EventArchiveDays"]["Default"] == 0
    assert archive["Properties"]["SourceArn"] == {"Fn::GetAtt": ["EventBus", "Arn"]}
    assert archive["Properties"]["RetentionDays"] == {"Ref": "EventArchiveDays"}


def test_one_event_that_an_endpoint_rejects_raises_the_alarm_within_an_hour() -> None:
    alarm = resources("AWS::CloudWatch::Alarm")["WebhookAttemptsAlarm"]
    # Jitter makes each delay up to a tenth longer.
    attempts = accumulate(RETRY_DELAYS, lambda time, delay: time + 1.1 * delay, initial=0.0)
    breaching = sorted({int(time // alarm["Period"]) for time in attempts})

    last = breaching[alarm["DatapointsToAlarm"] - 1]

    assert last < alarm["EvaluationPeriods"]
    assert (last + 1) * alarm["Period"] <= 3600
