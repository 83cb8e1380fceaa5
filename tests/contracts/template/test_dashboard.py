"""The dashboard, and the metrics that it and the alarms name."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

import pytest

from local.dashboard import load_dashboard
from tests.contracts.emitted_metrics import emitted_metrics
from tests.template import ROOT, resources, template

# Metrics of AWS with the names of their dimensions, as the guides of the services list them.
AWS_METRICS = {
    "AWS/Lambda": (
        [{"FunctionName"}, {"FunctionName", "Resource", "ExecutedVersion"}],
        {"Errors", "IteratorAge", "Throttles"},
    ),
    "AWS/SQS": (
        [{"QueueName"}],
        {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesReceived"},
    ),
    "AWS/States": (
        [{"StateMachineArn"}],
        {"ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut"},
    ),
    "AWS/ApiGateway": ([{"ApiName"}], {"Count", "4XXError", "5XXError", "Latency"}),
    "AWS/Firehose": ([{"DeliveryStreamName"}], {"DeliveryToS3.DataFreshness"}),
}
OPERATIONS = ROOT / "docs" / "operations.md"
MORE_DIMENSIONS = {"Failures": {"errorClass"}, "FailedRequests": {"functionName", "functionVersion"}}
WIDGETS: list[dict[str, Any]] = load_dashboard()["widgets"]
every_widget = pytest.mark.parametrize("widget", WIDGETS, ids=lambda each: each["properties"]["title"])


class Metric(NamedTuple):
    """A metric that an alarm or a widget reads."""

    namespace: str
    name: str
    dimensions: frozenset[str]
    is_of_stack: bool


def metrics_of_alarms() -> Iterator[Metric]:
    for alarm in resources("AWS::CloudWatch::Alarm").values():
        operands = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
        for given in operands or [alarm]:
            dimensions = frozenset(each["Name"] for each in given["Dimensions"])
            is_of_stack = given["Namespace"] == {"Ref": "AWS::StackName"}
            yield Metric(str(given["Namespace"]), given["MetricName"], dimensions, is_of_stack)


def metrics_of_widget(widget: dict[str, Any]) -> Iterator[Metric]:
    for given in widget["properties"]["metrics"]:
        if isinstance(given[0], dict):
            for namespace, names, name in re.findall(
                r"SEARCH\('\{\"([^\"]+)\",([\w,]+)\} MetricName=\"(\w+)\"'", given[0]["expression"]
            ):
                yield Metric(namespace, name, frozenset(names.split(",")), is_of_stack=True)
            continue
        namespace, name, *dimensions = (each for each in given if isinstance(each, str))
        yield Metric(namespace, name, frozenset(dimensions[::2]), not namespace.startswith("AWS/"))


READ = {*metrics_of_alarms(), *(metric for widget in WIDGETS for metric in metrics_of_widget(widget))}


@pytest.mark.parametrize("metric", sorted(READ), ids=lambda each: f"{each.namespace} {each.name}")
def test_a_metric_that_an_alarm_or_the_dashboard_reads_exists(metric: Metric) -> None:
    if metric.is_of_stack:
        assert metric.name in emitted_metrics()
        more = MORE_DIMENSIONS.get(metric.name, set())
        assert metric.dimensions in ({"service"}, {"service"} | more)
    else:
        dimensions, names = AWS_METRICS[metric.namespace]
        assert metric.name in names
        assert metric.dimensions in dimensions


def test_the_documented_costs_count_the_alarms_and_their_metrics() -> None:
    alarms = resources("AWS::CloudWatch::Alarm")
    optional = {
        parameter: [each for each in alarms if template()["Resources"][each].get("Condition") == condition]
        for parameter, condition in (
            ("CanaryUpdates", "UpdatesByCanary"),
            ("Webhooks", "HasWebhooks"),
            ("AnalyticsExport", "ExportsEvents"),
        )
    }
    # Each of the optional alarms reads one metric.
    of_parameters = sum(len(each) for each in optional.values())
    metrics = len([*metrics_of_alarms()]) - of_parameters

    row = next(line for line in OPERATIONS.read_text().splitlines() if line.startswith("| alarms, a month |"))

    assert f" {metrics / 10:.2f}: " in row
    assert f"{metrics} metrics that the {len(alarms) - of_parameters} alarms read" in row
    for parameter, its_alarms in optional.items():
        assert its_alarms
        assert f"`{parameter}` adds {len(its_alarms)} alarms" in row


@every_widget
def test_an_expression_of_a_widget_names_metrics_of_the_widget(widget: dict[str, Any]) -> None:
    metrics = widget["properties"]["metrics"]
    ids = {option["id"] for each in metrics if isinstance(option := each[-1], dict) and "id" in option}
    expressions = [each[0]["expression"] for each in metrics if isinstance(each[0], dict)]
    named = {
        name for text in expressions if "SEARCH" not in text for name in re.findall(r"\b[a-z]\w*\b", text)
    }

    assert named <= ids


def test_no_two_widgets_overlap() -> None:
    def cells(widget: dict[str, Any]) -> set[tuple[int, int]]:
        x, y, width, height = (widget[name] for name in ("x", "y", "width", "height"))
        return {(column, row) for column in range(x, x + width) for row in range(y, y + height)}

    assert [pair for pair in combinations(WIDGETS, 2) if cells(pair[0]) & cells(pair[1])] == []
    assert all(widget["x"] + widget["width"] <= 24 for widget in WIDGETS)


def test_the_dashboard_shows_every_outcome_of_messages() -> None:
    shown = {metric.name for widget in WIDGETS for metric in metrics_of_widget(widget)}
    outcomes = {
        name
        for name in emitted_metrics()
        if name.startswith(("Messages", "Failures", "OptOuts", "Segments", "Mms"))
    }

    assert outcomes <= shown


def test_the_metrics_of_the_three_apis_do_not_mix() -> None:
    names = [str(each["Name"]) for each in resources("AWS::Serverless::Api").values()]

    assert len(set(names)) == len(names) == 3
