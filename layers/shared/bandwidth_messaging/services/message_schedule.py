"""Queues scheduled messages shortly before they are due. functions/messages/queue_scheduled calls it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.domain.lanes import schedule_delay, to_micros
from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.services.parallel import deadline_in, for_each, is_past
from bandwidth_messaging.store.message_items import SCHEDULE_SHARDS, schedule_time

if TYPE_CHECKING:
    from bandwidth_messaging.domain.messages import MessageItem
    from bandwidth_messaging.store.queues import SendQueue
    from bandwidth_messaging.store.schedule import Schedule

logger = logging.getLogger(__name__)

# The function runs each minute. A run that is late or fails leaves a minute for the next one.
_AHEAD: Final = timedelta(minutes=2)
# Runs do not overlap. The next run queues the messages that this one did not reach.
_MAX_WORK_SECONDS: Final = 45
# BatchGetItem reads at most 100 items.
_PAGE: Final = 100


@dataclass(frozen=True)
class MessageSchedule:
    """Moves messages from the index of scheduled messages to the send queues."""

    schedule: "Schedule"
    find_queue: "Callable[[str | None], SendQueue]"
    """Returns the queue of messages with this priority."""

    def queue_due(self) -> int:
        """Queue the messages that are due within two minutes, overdue ones first. Return how many."""
        until = to_rfc3339((datetime.fromisoformat(now()) + _AHEAD).isoformat())
        deadline = deadline_in(_MAX_WORK_SECONDS)
        queued: list[str] = []
        is_done = for_each(
            SCHEDULE_SHARDS,
            lambda shard: self._queue_shard(shard, until, deadline, queued),
            deadline=deadline,
        )
        if not is_done:
            logger.warning("more messages are due")
        return len(queued)

    def _queue_shard(self, shard: str, until: str, deadline: float, queued: list[str]) -> None:
        start = None
        while not is_past(deadline):
            page = self.schedule.list_scheduled(shard, limit=_PAGE, start=start)
            due = [entry for entry in page.items if schedule_time(entry) <= until]
            for message in self.schedule.read_scheduled(due):
                if is_past(deadline):
                    return
                # The index is behind the table: the message may be canceled, queued, or postponed.
                if "scheduleKey" in message and schedule_time(message) <= until:
                    self._queue(message)
                    queued.append(message["messageId"])
            start = page.next_key
            if len(due) < _PAGE or start is None:
                return

    def _queue(self, message: "MessageItem") -> None:
        """Queue a message, and then remove it from the schedule.

        If the function ends between the two, the next run queues the message twice, and a worker claims it
        once.
        """
        if message["state"] == MessageState.ACCEPTED:
            queue: SendQueue = self.find_queue(message.get("priority"))
            left = to_micros(schedule_time(message)) - to_micros(now())
            queue.add(message["messageId"], delay_seconds=schedule_delay(left))
        self.schedule.remove_from_schedule(message)
