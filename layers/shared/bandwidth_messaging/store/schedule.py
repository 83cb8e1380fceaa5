"""When accepted messages are sent: postponed, accepted again after a failed attempt, canceled, or due."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, cast

from bandwidth_messaging.domain.messages import RANKS, MessageItem, MessageState, Receipt, Waiting
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.store import outcomes
from bandwidth_messaging.store.dynamodb import Item, Page, Table
from bandwidth_messaging.store.keys import message_key
from bandwidth_messaging.store.message_items import (
    ATTEMPT,
    build_schedule,
    compute_expiry,
    to_message,
    without_none,
)

# The attributes that a message loses when it is sent again.
_OF_ATTEMPT: Final = (
    "bandwidthId",
    "bandwidthSegmentCount",
    "channel",
    "carrierName",
    "rcsFailure",
    "tickets",
    "scheduledLane",
)
_NOT_SCHEDULED: Final = dict.fromkeys(("scheduleShard", "scheduleKey"))


class Schedule:
    """The times of accepted messages. An item outlives its time by `retention_days`."""

    def __init__(self, table: Table, retention_days: int) -> None:
        self._table = table
        self._retention = timedelta(days=retention_days)

    def postpone(
        self, message_id: str, due_at: str, waiting: Waiting, *, is_scheduled: bool
    ) -> MessageItem | None:
        """Move the time before which an accepted message is not sent. It has no tickets, and is not counted.

        `is_scheduled` lists the message for `list_scheduled`. The time of the first postponement is kept, and
        the item outlives its new time. Return None if the message is not accepted.
        """
        return to_message(
            self._table.update(
                message_key(message_id),
                assign={
                    "dueAt": due_at,
                    "expectedAt": due_at,
                    "waiting": waiting,
                    "tickets": None,
                    "scheduledLane": None,
                    "expiresAt": compute_expiry(self._retention, due_at),
                    **(build_schedule(message_id, due_at) if is_scheduled else {}),
                },
                keep={"postponedAt": now()},
                condition="#state = :accepted",
                values={"accepted": MessageState.ACCEPTED},
            )
        )

    def retry(
        self, message: MessageItem, receipt: Receipt, due_at: str, *, is_scheduled: bool
    ) -> MessageItem | None:
        """Accept a message again whose attempt a carrier failed, to be sent at `due_at`.

        The attempt stays in the item. Return None, and change nothing, if the message has changed.
        """
        attempt = without_none(
            {
                "failedAt": receipt.time,
                "sentAt": message.get("sentAt") or message.get("sendingAt"),
                "errorCode": receipt.error_code,
                "errorClass": receipt.error_class,
                "reason": receipt.reason,
                "bandwidthReason": receipt.bandwidth_reason,
            }
        )
        changes: Item = {
            **dict.fromkeys(_OF_ATTEMPT),
            **dict.fromkeys(f"{state}At" for state in RANKS if state is not MessageState.ACCEPTED),
            **dict.fromkeys(outcomes.ATTRIBUTES),
            f"{ATTEMPT}{receipt.bandwidth_id}": attempt,
            "attempts": message.get("attempts", 0) + 1,
            "state": MessageState.ACCEPTED,
            "rank": RANKS[MessageState.ACCEPTED],
            "waiting": Waiting.RETRY,
            "expectedAt": due_at,
            "dueAt": due_at,
            "postponedAt": None,
            # A worker that still waits for the response of this attempt no longer holds the message.
            "claim": None,
            "expiresAt": compute_expiry(self._retention, due_at),
            **(build_schedule(message["messageId"], due_at) if is_scheduled else {}),
        }
        done, item = self._table.change(
            message_key(message["messageId"]), cast("Item", message), changes, guarded=("state", "claim")
        )
        return to_message(item) if done else None

    def cancel(self, message_id: str, at: str) -> tuple[bool, MessageItem | None]:
        """Cancel an accepted message. Return whether this call canceled it, and its item.

        A message that a worker has claimed does not change, nor one that waits for the retry of an attempt:
        the attempt may have been delivered.
        """
        done, found = self._table.attempt(
            message_key(message_id),
            assign={
                **outcomes.build_outcome(MessageState.CANCELED, at),
                "expectedAt": None,
                "waiting": None,
                **_NOT_SCHEDULED,
            },
            condition="#state = :accepted AND attribute_not_exists(#attempts)",
            values={"accepted": MessageState.ACCEPTED},
        )
        return done, to_message(found)

    def list_scheduled(self, shard: str, *, limit: int, start: Item | None = None) -> Page:
        """Return scheduled messages of a shard, those that are due first at the beginning.

        The items are read from the index and have only keys: `messageId` and `scheduleKey`.
        """
        return self._table.query("scheduledMessages", {"scheduleShard": shard}, limit=limit, start=start)

    def read_scheduled(self, listed: Sequence[Item]) -> list[MessageItem]:
        """Return the items of messages that `list_scheduled` returned."""
        keys = [message_key(entry["messageId"]) for entry in listed]
        return cast("list[MessageItem]", self._table.get_all(keys, consistent=True))

    def remove_from_schedule(self, message: MessageItem) -> None:
        """Remove a message from the schedule, unless it was scheduled again since it was read."""
        self._table.update(
            message_key(message["messageId"]),
            assign=_NOT_SCHEDULED,
            condition="#scheduleKey = :known",
            values={"known": message["scheduleKey"]},
        )
