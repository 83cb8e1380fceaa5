"""Replays quarantined callbacks. Called by replay_quarantine."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from bandwidth_messaging.services.parallel import is_past

if TYPE_CHECKING:
    from bandwidth_messaging.store.queues import Quarantine, Quarantined

logger = logging.getLogger(__name__)

_MESSAGE_UNREADABLE: Final = "the queue message cannot be parsed"
_OBJECT_UNREADABLE: Final = "the object cannot be read from the bucket"


class StoreCallback(Protocol):
    """Stores the events of a message callback, or returns why some were not stored."""

    def __call__(self, callback: dict[str, Any], *, deadline: float) -> list[str]: ...


class ApplyNotification(Protocol):
    """Applies an order notification that arrived at a time, or returns why that was not done."""

    def __call__(self, callback: dict[str, Any], *, at: str, deadline: float) -> list[str]: ...


@dataclass
class Replayed:
    """How many callbacks were stored or left in the queue, and how often each reason occurred."""

    stored: int = 0
    left: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Return how many callbacks were replayed, with or without success."""
        return self.stored + self.left


@dataclass(frozen=True)
class QuarantineReplay:
    """Stores or applies quarantined callbacks and deletes them from the queue."""

    quarantine: "Quarantine"
    store_callback: StoreCallback
    apply_notification: Callable[[], ApplyNotification]

    def replay(self, *, at_most: int, hidden_seconds: int, deadline: float) -> Replayed:
        """Replay up to `at_most` callbacks. Callbacks that still fail stay in the queue.

        A received callback stays hidden in the queue for `hidden_seconds`, so that one run receives it once.
        """
        replayed = Replayed()
        while (
            replayed.total < at_most
            and not is_past(deadline)
            and (batch := self.quarantine.take(at_most - replayed.total, seconds=hidden_seconds))
        ):
            for quarantined in batch:
                if reasons := self._replay(quarantined, deadline):
                    replayed.left += 1
                    replayed.reasons.update(reasons)
                else:
                    replayed.stored += 1
        logger.info("quarantine replayed", extra={"stored": replayed.stored, "left": replayed.left})
        return replayed

    def _replay(self, quarantined: "Quarantined", deadline: float) -> list[str]:
        """Store or apply a callback and delete it from the queue. Return why that was not done, if so."""
        callback = quarantined.callback
        if callback is None:
            return [_OBJECT_UNREADABLE if quarantined.object_key else _MESSAGE_UNREADABLE]
        try:
            reasons = self._process(callback, quarantined.at, deadline)
            if not reasons:
                self.quarantine.delete(quarantined)
        except Exception as error:
            # One failing callback must not stop the replay of the others.
            logger.error("callback not replayed", extra={"error": type(error).__name__})
            return [type(error).__name__]
        return reasons

    def _process(self, callback: dict[str, Any], at: str, deadline: float) -> list[str]:
        if callback["resource"].endswith("/orders"):
            return self.apply_notification()(callback, at=at, deadline=deadline)
        return self.store_callback(callback, deadline=deadline)
