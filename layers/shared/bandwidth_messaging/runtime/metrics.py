"""Metrics in CloudWatch, written to the log in Embedded Metric Format. They cost no AWS call."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bandwidth_messaging.runtime.settings import service

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def count(name: str) -> None:
    """Add one to a metric."""
    record({name: 1})


def count_failed_request(context: "LambdaContext") -> None:
    """Count a request that failed although the function raised nothing, for the function's version.

    The canary alarms of an update read this metric of the new version.
    """
    version = {"functionName": context.function_name, "functionVersion": context.function_version}
    record({"FailedRequests": 1}, version)


def record(
    values: Mapping[str, float | Sequence[float]], dimensions: Mapping[str, str] | None = None
) -> None:
    """Record one value or several for each metric, all in one log entry.

    Names that end in Seconds have that unit, other metrics are counts.
    A metric with `dimensions` beside the service is recorded with them, and without them as the sum of all.
    """
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit  # noqa: PLC0415 - rarely needed

    metrics = EphemeralMetrics()
    for name, given in values.items():
        unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
        for value in given if isinstance(given, Sequence) else (given,):
            # Every byte of an entry costs, and there are entries for each message.
            metrics.add_metric(name=name, unit=unit, value=round(value, 2))
    if dimensions:
        metrics.add_dimensions(service=service(), **dimensions)
    metrics.flush_metrics()
