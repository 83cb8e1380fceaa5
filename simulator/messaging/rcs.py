"""RCS: which handsets have it, and the application of each agent."""

import threading

from pydantic import BaseModel, ConfigDict


class Handset(BaseModel):
    """Whether a handset has RCS. With `report_failure` each channel that does not reach it has an event."""

    model_config = ConfigDict(extra="forbid")
    rcs: bool
    report_failure: bool = False


class Rcs:
    """Handsets have RCS unless control sets otherwise.

    An agent belongs to the application with which it last sent.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handsets: dict[str, Handset] = {}
        self._applications: dict[str, str] = {}

    def reset(self) -> None:
        with self._lock:
            self._handsets.clear()
            self._applications.clear()

    def set_handset(self, number: str, handset: Handset) -> None:
        """Set whether the handset of a number (E.164) has RCS."""
        with self._lock:
            self._handsets[number] = handset

    def handset(self, number: str) -> Handset:
        with self._lock:
            return self._handsets.get(number, Handset(rcs=True))

    def use(self, agent: str, application_id: str) -> None:
        """Record the application that an agent sends with."""
        with self._lock:
            self._applications[agent] = application_id

    def application_id(self, agent: str) -> str | None:
        """Return the application of an agent, None if the agent has sent nothing."""
        with self._lock:
            return self._applications.get(agent)
