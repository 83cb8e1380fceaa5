"""The logger and the counters. Entries carry ids and at most the last four digits of a number: no text,
no credentials.
"""

from aws_lambda_powertools import Logger, single_metric
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()


def count(name: str) -> None:
    """Count one more of something, as a CloudWatch metric written through the log."""
    with single_metric(name=name, unit=MetricUnit.Count, value=1):
        pass
