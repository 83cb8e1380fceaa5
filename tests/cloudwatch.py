"""Metrics of a scripted fault, and the alarms of the template that CloudWatch would evaluate on them.

The emulator evaluates no metric math and ignores dimensions, and moto evaluates no alarm at all.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from tests.template import template

STACK = "stack"
"""Name of the stack, and with it the namespace of its metrics."""
SERVICE = "bandwidth-messaging"

type Key = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name and dimensions of a metric."""


@dataclass
class Metrics:
    """The values that every period of a fault has."""

    values: dict[Key, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, namespace: str, name: str, value: float, **dimensions: str) -> None:
        """Add a value of a metric of AWS."""
        self.values[namespace, name, frozenset(dimensions.items())].append(value)

    def read_log(self, log: str) -> None:
        """Add the metrics in the log of a function, as CloudWatch extracts them (EMF)."""
        for line in log.splitlines():
            entry = json.loads(line) if line.startswith("{") else {}
            for directive in entry.get("_aws", {}).get("CloudWatchMetrics", ()):
                for names in directive["Dimensions"]:
                    dimensions = frozenset((name, entry[name]) for name in names)
                    for metric in directive["Metrics"]:
                        given = entry[metric["Name"]]
                        key = directive["Namespace"], metric["Name"], dimensions
                        self.values[key] += given if isinstance(given, list) else [given]

    def statistic(self, metric: Mapping[str, Any], stat: str) -> float | None:
        """Return a statistic of a metric, None if the metric has no data."""
        dimensions = frozenset((each["Name"], str(resolve(each["Value"]))) for each in metric["Dimensions"])
        values = self.values.get((str(resolve(metric["Namespace"])), metric["MetricName"], dimensions))
        if not values:
            return None
        if stat.startswith("p"):
            return sorted(values)[min(len(values) - 1, int(len(values) * float(stat[1:]) / 100))]
        functions = {"Sum": sum, "Maximum": max, "Minimum": min, "Average": fmean, "SampleCount": len}
        return float(functions[stat](values))  # type: ignore[operator]


def resolve(value: Any, parameters: Mapping[str, Any] | None = None) -> Any:
    """Return the value of an intrinsic function. A resource is its logical id."""
    match value:
        case {"Ref": "AWS::StackName"}:
            return STACK
        case {"Ref": name}:
            defaults = {key: each.get("Default") for key, each in template()["Parameters"].items()}
            return (defaults | dict(parameters or {})).get(name, name)
        case {"Fn::GetAtt": [name, *_]}:
            return name
        case {"Fn::Sub": text}:
            return re.sub(
                r"\$\{([\w:]+)(\.\w+)?\}", lambda found: str(resolve({"Ref": found[1]}, parameters)), text
            )
    return value


def is_firing(
    alarm: Mapping[str, Any],
    metrics: Metrics,
    *,
    periods: int | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> bool:
    """Return whether an alarm fires if the last `periods` have these metrics.

    By default all periods that the alarm evaluates have them. Values outside are missing, and do not breach.
    """
    assert alarm["TreatMissingData"] == "notBreaching"
    evaluated = alarm["EvaluationPeriods"]
    value = compute(alarm, metrics, parameters)
    if value is None:
        return False
    threshold = float(resolve(alarm["Threshold"], parameters))
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    breaching = min(evaluated, evaluated if periods is None else periods) if value > threshold else 0
    return breaching >= int(alarm.get("DatapointsToAlarm", evaluated))


def compute(
    alarm: Mapping[str, Any], metrics: Metrics, parameters: Mapping[str, Any] | None = None
) -> float | None:
    """Return the value of a period that an alarm compares with its threshold. None if data are missing."""
    if "Metrics" not in alarm:
        return metrics.statistic(alarm, alarm.get("ExtendedStatistic") or alarm["Statistic"])
    (expression,) = [each for each in alarm["Metrics"] if "Expression" in each]
    operands = [each for each in alarm["Metrics"] if "MetricStat" in each]
    assert all(each["ReturnData"] is False for each in operands)
    assert len({each["MetricStat"]["Period"] for each in operands}) == 1
    values = {
        each["Id"]: metrics.statistic(each["MetricStat"]["Metric"], each["MetricStat"]["Stat"])
        for each in operands
    }
    text = str(resolve(expression["Expression"], parameters))
    for filled, value in re.findall(r"FILL\((\w+), (\d+)\)", text):
        if values[filled] is None:
            values[filled] = float(value)
    if None in values.values():
        # An expression has no value where one of its metrics has none.
        return None
    return evaluate(re.sub(r"FILL\((\w+), \d+\)", r"\1", text), values)


def evaluate(expression: str, values: Mapping[str, Any]) -> float:
    """Return the value of a metric math expression: arithmetic, comparisons and IF."""
    code = expression.replace("IF(", "if_(")
    assert re.fullmatch(r"[\w\s.,()*/+>=-]+", code)
    functions = {"if_": lambda condition, yes, no: yes if condition else no}
    return float(eval(code, {"__builtins__": {}}, functions | dict(values)))  # noqa: S307 - of the template
