"""Compares the segment count of a message with Bandwidth's count, which Bandwidth bills."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from bandwidth_messaging.domain.messages import RCS_CHANNEL

logger = logging.getLogger(__name__)


def compare_segments(message: Mapping[str, Any] | None, *, count: Callable[[str], None]) -> None:
    """Log and count a message whose segment count differs from Bandwidth's."""
    # RCS has no segments. A message that fell back to SMS is compared then.
    if message is None or message.get("channel") == RCS_CHANNEL:
        return
    expected, billed = message.get("segmentCount"), message.get("bandwidthSegmentCount")
    if expected is not None and billed is not None and expected != billed:
        logger.warning(
            "segment counts differ",
            extra={"message_id": message["messageId"], "expected": expected, "billed": billed},
        )
        count("SegmentCountDiffers")
