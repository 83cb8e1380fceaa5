"""Filters of a list of messages. api/message_routes builds them, and store/message_store applies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bandwidth_messaging.domain.messages import Direction, MessageState
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput


@dataclass(frozen=True, kw_only=True)
class MessageSearch:
    """Which messages of a number a list has. None stands for all.

    `since` and `until` limit the time of the listing (RFC 3339, UTC): from `since` on, and before `until`.
    """

    since: str | None = None
    until: str | None = None
    state: MessageState | None = None
    direction: Direction | None = None
    tag: str | None = None
    error_class: str | None = None

    def __post_init__(self) -> None:
        """Raise InvalidInput if `until` is not after `since`."""
        if self.since and self.until and self.until <= self.since:
            detail = f"{self.until} is not after from ({self.since}). Give a later time."
            raise InvalidInput([FieldProblem("to", detail)])

    @property
    def attributes(self) -> Mapping[str, str]:
        """Return the attributes of an item that this search requires."""
        wanted = {
            "state": self.state,
            "direction": self.direction,
            "tag": self.tag,
            "errorClass": self.error_class,
        }
        return {name: value for name, value in wanted.items() if value is not None}

    @property
    def name(self) -> str:
        """Return a text that is the same only for equal searches. It is empty without filters."""
        wanted = {"from": self.since, "to": self.until, **self.attributes}
        return "".join(f" {name}={str(value)!r}" for name, value in wanted.items() if value is not None)

    def matches(self, item: Mapping[str, Any]) -> bool:
        """Return whether an item has the attributes. The time is not compared."""
        return all(item.get(name) == value for name, value in self.attributes.items())
