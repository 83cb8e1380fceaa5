"""Stores a callback in the quarantine. Called by the services that store callbacks and notifications."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bandwidth_messaging.store.queues import Quarantine

logger = logging.getLogger(__name__)


def quarantine_callback(
    quarantine: "Quarantine",
    callback: dict[str, Any],
    reasons: Sequence[str],
    *,
    at: str,
    count: Callable[[str], None],
) -> None:
    """Store a callback, API Gateway's proxy event, with the reasons. Log and count the quarantine."""
    quarantine.keep(callback, reasons, at)
    logger.warning("callback quarantined", extra={"reason": reasons[0], "reasons": len(reasons)})
    count("CallbacksQuarantined")
