"""Metrics in CloudWatch, written to the log in Embedded Metric Format. They cost no AWS call."""

from collections.abc import Mapping


def count(name: str) -> None:
    """Add one to a metric."""
    record({name: 1})


def record(values: Mapping[str, float]) -> None:
    """Record a value for each metric, all in one log entry. Names that end in Seconds have that unit."""
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit  # noqa: PLC0415 - rarely needed

    metrics = EphemeralMetrics()
    for name, value in values.items():
        unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
        metrics.add_metric(name=name, unit=unit, value=value)
    metrics.flush_metrics()
