"""Outcomes of messages, set per recipient. Both messaging APIs use them."""

import threading
from collections.abc import Collection, Sequence
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

EventType = Literal["message-sending", "message-sent", "message-delivered", "message-failed"]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)


class Outcome(BaseModel):
    """The outcome of messages to one number.

    `types` lists the event types in order; an empty list means no events. An error code alone means a
    failure. `seconds` replaces the default wait. After `times` messages the outcome ends.

    V1 maps the same types to receipts. Its deliveryCode is the error code without the first of four digits,
    so 770 and 4770 mean the same (both are published).
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    types: list[EventType] | None = None
    error_code: int | None = Field(default=None, alias="errorCode", ge=100, le=9999)
    description: str | None = None
    seconds: NonNegativeFloat | None = None
    times: PositiveInt | None = None


class Outcomes:
    """The outcomes set per recipient, and the defaults: seconds to the first event, and event types."""

    def __init__(self, usual_seconds: float, usual_types: Collection[str]) -> None:
        self._usual_seconds = usual_seconds
        self._usual_types = frozenset(usual_types)
        self._lock = threading.Lock()
        self._outcomes: dict[str, Outcome] = {}

    def reset(self) -> None:
        with self._lock:
            self._outcomes.clear()

    def decide(self, number: str, outcome: Outcome) -> None:
        """Set the outcome of messages to a number (E.164)."""
        with self._lock:
            self._outcomes[number] = outcome.model_copy()

    def take(self, number: str) -> Outcome:
        """Return the outcome of the next message to a number (E.164), and count it."""
        with self._lock:
            outcome = self._outcomes.get(number, Outcome())
            if outcome.times is not None:
                outcome.times -= 1
                if outcome.times == 0:
                    del self._outcomes[number]
            return outcome

    def will_fail(self, number: str) -> bool:
        """Return whether the next message to a number (E.164) fails."""
        with self._lock:
            return self._outcomes.get(number, Outcome()).error_code is not None

    def seconds(self, outcome: Outcome) -> float:
        """Return the seconds from a message to its first event."""
        return self._usual_seconds if outcome.seconds is None else outcome.seconds

    def types(self, outcome: Outcome, usual: Sequence[str]) -> list[str]:
        """Return the event types of an outcome: its own, or the enabled ones of `usual`."""
        if outcome.types is not None:
            return [str(each) for each in outcome.types]
        return [each for each in usual if each in self._usual_types]
