"""The logger and the counters. Entries carry ids and at most the last four digits of a number: no text,
no credentials.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

logger = Logger()


def count(name: str) -> None:
    """Count one more of something, as a CloudWatch metric written through the log."""
    from aws_lambda_powertools import single_metric  # noqa: PLC0415 - most calls count nothing
    from aws_lambda_powertools.metrics import MetricUnit  # noqa: PLC0415

    with single_metric(name=name, unit=MetricUnit.Count, value=1):
        pass


def compare_segments(message: Mapping[str, Any] | None) -> None:
    """Tell if Bandwidth counted a message's segments, which it bills, otherwise than we did."""
    if message is None:
        return
    ours, theirs = message.get("segmentCount"), message.get("bandwidthSegmentCount")
    if ours is not None and theirs is not None and ours != theirs:
        logger.warning("segments differ", message_id=message["messageId"], ours=ours, theirs=theirs)
        count("SegmentCountDiffers")
