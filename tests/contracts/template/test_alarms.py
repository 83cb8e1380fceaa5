"""Alarms: their metrics, the topic that they notify, and their descriptions."""

import re
from typing import Any

import pytest

from bandwidth_messaging.domain.replies import MAX_AGE
from tests.contracts.template.deployed import MACHINES, events
from tests.template import resources, template


def alarms_on(metric: str) -> dict[str, dict[str, Any]]:
    """Return the alarms on a metric by the value of their dimension."""
    return {
        str(next(iter(alarm["Dimensions"]))["Value"]): alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == metric
    }


@pytest.mark.parametrize(
    "logical_id", [each for each in resources("AWS::SQS::Queue") if "DeadLetter" in each]
)
def test_an_alarm_reports_the_first_dead_letter(logical_id: str) -> None:
    alarm = alarms_on("ApproximateNumberOfMessagesVisible")[str({"Fn::GetAtt": [logical_id, "QueueName"]})]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


def test_an_alarm_reports_delayed_event_publication() -> None:
    assert str({"Ref": "PublishEvents"}) in alarms_on("IteratorAge")


def test_an_alarm_reports_delayed_replies_long_before_they_are_dropped() -> None:
    alarm = alarms_on("IteratorAge")[str({"Ref": "SendKeywordReply"})]

    # Milliseconds. A confirmation is expected within five minutes (47 CFR 64.1200(a)(12)).
    assert alarm["Threshold"] == 5 * 60 * 1000 < MAX_AGE.total_seconds() * 1000 / 2


def test_every_reader_of_a_stream_has_an_alarm_on_its_delay() -> None:
    readers = {str({"Ref": logical_id}) for logical_id, _ in events("DynamoDB")}

    assert alarms_on("IteratorAge").keys() == readers


@pytest.mark.parametrize("function", ["DeliverMessage", "QueueScheduled"])
def test_an_alarm_reports_failing_sends_long_before_messages_expire(function: str) -> None:
    alarm = alarms_on("Errors")[str({"Ref": function})]
    least_hours = template()["Parameters"]["SendDeadlineHours"]["MinValue"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] < least_hours * 3600 / 2


@pytest.mark.parametrize("metric", ["ExecutionsFailed", "ExecutionsTimedOut"])
def test_an_alarm_reports_each_way_a_state_machine_ends_by_itself_without_success(metric: str) -> None:
    assert alarms_on(metric).keys() == {str({"Ref": logical_id}) for logical_id in MACHINES}


def test_an_alarm_reports_errors_of_every_function_that_a_schedule_a_queue_or_bandwidth_invokes() -> None:
    scheduled = {logical_id for logical_id, _ in events("ScheduleV2")}
    queued = {logical_id for logical_id, _ in events("SQS")}
    called_back = {
        logical_id for logical_id, event in events("Api") if event["RestApiId"] == {"Ref": "CallbackApi"}
    }

    reported = {*alarms_on("Errors")}

    assert {
        str({"Ref": each}) for each in scheduled | queued | called_back | {"AuthorizeCallback"}
    } <= reported


def test_alarms_on_executions_and_callbacks_report_the_first_failure() -> None:
    for metric in ("ExecutionsFailed", "ExecutionsTimedOut", "5XXError"):
        for alarm in alarms_on(metric).values():
            assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["Statistic"]) == (0, 1, "Sum")


@pytest.mark.parametrize(
    "metric",
    [
        "SendUnauthorized",
        "SendRedirected",
        "CallbackSourceAddressInvalid",
        "WebhookAttemptFailed",
        "WebhookDisabled",
    ],
)
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
