"""A monotonic clock that moves only when a test advances it."""

import threading


class Clock:
    """Replaces time.monotonic. Several threads may advance it."""

    def __init__(self) -> None:
        self._seconds = 1000.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        with self._lock:
            self._seconds += seconds
