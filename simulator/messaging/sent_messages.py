"""Messages that either messaging API accepted."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from simulator.callbacks import Api


@dataclass
class SentMessage:
    """An accepted message. Numbers are in E.164. `state` is accepted or swallowed, with a `reason`."""

    api: ClassVar[Api]
    id: str
    from_: str
    to: list[str]
    text: str
    tag: str | None
    application_id: str
    media: list[str]
    segment_count: int
    time: str
    state: str = "accepted"
    reason: str | None = None

    @property
    def is_mms(self) -> bool:
        return bool(self.media) or len(self.to) > 1

    def shown(self) -> dict[str, Any]:
        shown = asdict(self)
        return {"id": shown.pop("id"), "api": self.api, "from": shown.pop("from_"), **shown}


class SentMessages:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[SentMessage] = []

    def reset(self) -> None:
        with self._lock:
            self._messages.clear()

    def add(self, message: SentMessage) -> None:
        with self._lock:
            self._messages.append(message)

    def find(
        self, api: str | None = None, from_: str | None = None, to: str | None = None, tag: str | None = None
    ) -> list[SentMessage]:
        """Return the messages in the order they were accepted, filtered by these values."""
        with self._lock:
            return [
                each
                for each in self._messages
                if api in (None, each.api)
                and from_ in (None, each.from_)
                and (to is None or to in each.to)
                and tag in (None, each.tag)
            ]


def summary(messages: Sequence[SentMessage]) -> dict[str, Any]:
    """Return the count of messages, the counts by state, and the tags of several messages."""
    tags = Counter(each.tag for each in messages if each.tag is not None)
    return {
        "count": len(messages),
        "states": Counter(each.state for each in messages),
        "duplicate_tags": [tag for tag, count in tags.items() if count > 1],
    }
