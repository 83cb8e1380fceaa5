"""Counters in CloudWatch."""


def count(name: str) -> None:
    """Add one to a CloudWatch metric, through the log in Embedded Metric Format."""
    from aws_lambda_powertools import single_metric  # noqa: PLC0415 - most invocations count nothing
    from aws_lambda_powertools.metrics import MetricUnit  # noqa: PLC0415

    with single_metric(name=name, unit=MetricUnit.Count, value=1):
        pass
