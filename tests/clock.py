"""A monotonic clock that only moves when a test says so."""

import threading


class Clock:
    """Stands where time.monotonic stands; may be advanced from several threads."""

    def __init__(self) -> None:
        self._seconds = 1000.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        with self._lock:
            self._seconds += seconds
