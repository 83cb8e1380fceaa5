"""Compares our count of a message's segments with Bandwidth's, which is the one it bills."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

logger = logging.getLogger(__name__)


def compare_segments(message: Mapping[str, Any] | None, *, count: Callable[[str], None]) -> None:
    """Tell if Bandwidth counted a message's segments, which it bills, otherwise than we did."""
    if message is None:
        return
    ours, theirs = message.get("segmentCount"), message.get("bandwidthSegmentCount")
    if ours is not None and theirs is not None and ours != theirs:
        logger.warning(
            "segments differ", extra={"message_id": message["messageId"], "ours": ours, "theirs": theirs}
        )
        count("SegmentCountDiffers")
