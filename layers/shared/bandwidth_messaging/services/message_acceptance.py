"""Accepts messages for sending. POST /messages calls it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.domain import messages, registration
from bandwidth_messaging.domain.lanes import (
    MAX_QUEUE_DELAY_SECONDS,
    MAX_SLEEP,
    SECOND,
    expect,
    queue_delay,
    schedule_delay,
    tickets_from_items,
    to_micros,
    to_time,
)
from bandwidth_messaging.domain.messages import Message, MessageItem, MessageState, Waiting
from bandwidth_messaging.domain.problems import (
    Backlog,
    Conflict,
    FieldProblem,
    InvalidInput,
    ProblemCode,
)
from bandwidth_messaging.domain.segments import count_segments
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.domain.uploads import check_files, find_name
from bandwidth_messaging.services.send_checks import Obstacle

if TYPE_CHECKING:
    from bandwidth_messaging.domain.lanes import Lane
    from bandwidth_messaging.domain.quiet_hours import QuietHours
    from bandwidth_messaging.domain.sending import NewMessage
    from bandwidth_messaging.services.pacing import Pacing
    from bandwidth_messaging.services.pool_choice import PoolChoice
    from bandwidth_messaging.services.schedule_backlog import BacklogLimits, ScheduleBacklog
    from bandwidth_messaging.services.send_checks import SendChecks
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.opt_out_store import SendFacts
    from bandwidth_messaging.store.queues import SendQueue
    from bandwidth_messaging.store.upload_store import Uploads

_EXPIRES_IN_QUIET_HOURS: Final = "The message expires before the quiet hours of the recipients end, unsent."

_NO_RCS: Final = (
    "is not supported by the classic API. Leave it out, or set the parameter BandwidthApi to current."
)


@dataclass(frozen=True)
class MessageAcceptance:
    """Checks, queues and stores new messages."""

    messages: "Messages"
    find_queue: "Callable[[str | None], SendQueue]"
    """Returns the queue of messages with this priority."""
    checks: "SendChecks"
    pool_choice: "Callable[[], PoolChoice]"
    pacing: "Pacing"
    limits: "BacklogLimits"
    schedule_backlog: "ScheduleBacklog"
    quiet_hours: "QuietHours | None"
    uploads: "Callable[[], Uploads]"
    record: Callable[[Mapping[str, float]], None]
    has_rcs: bool
    """Whether Bandwidth's API of the stack sends RCS."""

    def accept(self, new: "NewMessage", idempotency_key: str | None) -> MessageItem:
        """Queue and store a message. Return its item as it was first accepted under its idempotency key.

        Raises InvalidInput or Conflict if the sender may not send the message, or if the idempotency key
        belongs to another message. Raises Backlog if the message would wait for too long.
        """
        try:
            number, facts, is_new_number = self._choose_sender(new)
            self._check_media(new, number, facts)
        except (Conflict, InvalidInput):
            # A repeated request gets its first response, even if the message would not be accepted now.
            earlier = self._find_earlier(idempotency_key)
            if earlier is None or earlier.get("requestDigest") != new.digest():
                raise
            return self._restore(_build_message(new, new.sender, earlier, idempotency_key), earlier)
        message = self._schedule(_build_message(new, number, facts.sender or {}, idempotency_key))
        item = self._accept(message, facts, idempotency_key)
        # A repeated request returns its first number, which may be older than that of the conversation.
        if new.pool and is_new_number and item["from"] == number:
            self.pool_choice().remember(new.pool, new, number)
        return item

    def _accept(self, message: Message, facts: "SendFacts", idempotency_key: str | None) -> MessageItem:
        """Queue and store a message, with a ticket of its lane or counted for its time if it has a rate."""
        lanes = [lane for lane in self.pacing.lanes_of(message.sender, facts) if lane.is_limited]
        if lanes and (stored := self._find_earlier(idempotency_key)):
            # A repeated request gets no second ticket, and is not counted twice.
            return self._restore_same(message, stored)
        if lanes and not message.due_at:
            message = self._reserve(message, lanes)
        if lanes and message.due_at:
            # The worker reserves the tickets when the message is due.
            message = self.schedule_backlog.count(message, lanes[0], count_for_rate(message))
            if message.expected_at:
                expected_at = self._end_quiet_hours(message, message.expected_at)
                message = replace(message, expected_at=expected_at)
        return self._store(message)

    def _store(self, message: Message) -> MessageItem:
        """Queue and store a message. A scheduled message is queued when it is due soon."""
        if not message.is_scheduled:
            # The queue comes first, so that each stored message has a queue record. The worker waits for it.
            self._queue(message)
        return self.messages.add(message) or self._find_first(message)

    def _schedule(self, message: Message) -> Message:
        """Return the message with the time before which it is not sent, if there is such a time."""
        start = max(message.time, message.send_at or "")
        if (end := self._end_quiet_hours(message, start)) > start:
            return _postpone(message, end, Waiting.QUIET_HOURS)
        return _postpone(message, start, Waiting.SCHEDULED) if start > message.time else message

    def _end_quiet_hours(self, message: Message, time: str) -> str:
        """Return the first time from `time` on that is not in the quiet hours of the recipients."""
        if self.quiet_hours is None or message.priority == "high":
            return time
        moment = datetime.fromisoformat(time)
        return to_rfc3339(self.quiet_hours.end_for(message.recipients, moment).isoformat())

    def _reserve(self, message: Message, lanes: "list[Lane]") -> Message:
        """Return the message with a ticket of its first lane. Raises Backlog if it would wait for too long.

        The worker reserves tickets of the other lanes when the message is due on the first one.
        """
        at, is_high = to_micros(message.time), message.priority == "high"
        slot = expect(lanes, lanes[0].next_slot(at, high=is_high), at, high=is_high)
        warnings = message.warnings
        if (excess := slot - at - self.limits.deadline // timedelta(microseconds=1)) > 0:
            backlog = describe_backlog(timedelta(microseconds=slot - at), self.limits.deadline)
            if self.limits.is_refused:
                raise Backlog(backlog, retry_after=excess // SECOND + 1)
            warnings = (*warnings, backlog)
        expected_at = to_rfc3339(to_time(slot).isoformat())
        if (end := self._end_quiet_hours(message, expected_at)) > expected_at:
            return _postpone(replace(message, warnings=warnings), end, Waiting.QUIET_HOURS)
        reserved = self.pacing.issue(lanes[0], count_for_rate(message), at, high=is_high)
        slot = expect(lanes, reserved.slot, at, high=is_high)
        self.record({"LaneBacklogSeconds": (slot - at) / SECOND})
        return replace(
            message,
            tickets={reserved.lane: reserved.ticket},
            expected_at=to_rfc3339(to_time(slot).isoformat()),
            waiting=Waiting.RATE if slot - at > MAX_SLEEP else None,
            warnings=warnings,
        )

    def _queue(self, message: Message) -> None:
        time = message.due_at or message.expected_at
        left = to_micros(time) - to_micros(message.time) if time else 0
        queue: SendQueue = self.find_queue(message.priority)
        delay = schedule_delay(left) if message.due_at else queue_delay(left)
        queue.add(message.message_id, delay_seconds=delay)

    def _choose_sender(self, new: "NewMessage") -> "tuple[str, SendFacts, bool]":
        """Return the number that sends a message, what decides about it, and whether its pool chose it anew.

        Raises InvalidInput or Conflict if the message may not be sent.
        """
        if new.rcs is None:
            return self._choose_number(new)
        if not self.has_rcs:
            raise InvalidInput([FieldProblem("rcs", _NO_RCS)])
        chosen = self._choose_number(new)
        if problem := self.checks.check_agent(new.rcs.sender, new.to):
            raise Conflict(problem.reason, problem.code)
        return chosen

    def _choose_number(self, new: "NewMessage") -> "tuple[str, SendFacts, bool]":
        if new.pool is None:
            return new.sender, self._check(new), False
        if problems := new.find_untimely(datetime.fromisoformat(now())):
            raise InvalidInput(problems)
        return self.pool_choice().choose(new.pool, new)

    def _check(self, new: "NewMessage") -> "SendFacts":
        """Return what decides about a message. Raises InvalidInput or Conflict if it may not be sent."""
        facts, problem = self.checks.check(new.sender, new.to)
        sender = facts.sender
        if sender is None or (problem and problem.obstacle is Obstacle.SENDER):
            reason, code = (problem.reason, problem.code) if problem else ("", ProblemCode.INVALID_FIELD)
            raise InvalidInput([FieldProblem("from", reason)], code)
        untimely = new.find_untimely(datetime.fromisoformat(now()))
        if problems := new.find_unsupported(sender["api"]) + untimely:
            raise InvalidInput(problems)
        if problem:
            raise Conflict(problem.reason, problem.code)
        return facts

    def _check_media(self, new: "NewMessage", number: str, facts: "SendFacts") -> None:
        """Raise InvalidInput if uploaded files do not exist until the send, or are too large for the number.

        Bandwidth checks other media when it fetches them.
        """
        names = [(position, find_name(each)) for position, each in enumerate(new.media)]
        files = [(position, name, self.uploads().find(name)) for position, name in names if name]
        send_at = to_rfc3339(new.send_at.isoformat()) if new.send_at else ""
        if problems := check_files(files, number, (facts.sender or {}).get("api"), send_at):
            raise InvalidInput(problems)

    def _find_earlier(self, idempotency_key: str | None) -> MessageItem | None:
        return self.messages.get(messages.create_message_id(idempotency_key)) if idempotency_key else None

    def _find_first(self, message: Message) -> MessageItem:
        """Return the item as first stored under the same id. Raises InvalidInput if it is another message."""
        return self._restore_same(message, self.messages.get(message.message_id))

    def _restore_same(self, message: Message, stored: MessageItem | None) -> MessageItem:
        """Return the item as first stored. Raises InvalidInput if it is of another message."""
        if stored is None or stored.get("requestDigest") != message.request_digest:
            raise InvalidInput(
                [FieldProblem("Idempotency-Key", "belongs to another message. Use a new key.")],
                ProblemCode.IDEMPOTENCY_KEY_REUSED,
            )
        return self._restore(message, stored)

    def _restore(self, message: Message, stored: MessageItem) -> MessageItem:
        """Return the item as it was first stored, built from the same request and the stored item."""
        return self.messages.build_item(
            replace(
                message,
                # A pool may choose another number now than at the first request.
                owner=stored["owner"],
                sender=stored["from"],
                time=stored["acceptedAt"],
                api=stored["api"],
                application_id=stored.get("applicationId"),
                warnings=tuple(stored.get("warnings", ())),
                tickets=tickets_from_items(stored.get("tickets", {})),
                expected_at=stored.get("expectedAt"),
                waiting=stored.get("waiting"),
            )
        )


def describe_backlog(wait: timedelta, deadline: timedelta) -> str:
    """Return why a message would not be sent in time, and what to do."""
    hour = timedelta(hours=1)
    return (
        f"The message would wait {wait / hour:.1f} hours for its rate, and fails after {deadline / hour:.0f} "
        f"hours. Send the message later, or raise the rate (PUT /rates) if your registration "
        "allows it."
    )


def count_for_rate(message: Message) -> int:
    """Return the segments as Bandwidth counts them for its rate: a group message counts per recipient."""
    return (message.segment_count or 1) * len(message.recipients)


def _postpone(message: Message, due_at: str, waiting: Waiting) -> Message:
    """Return the message with the time before which it is not sent. It needs no ticket before that."""
    left = datetime.fromisoformat(due_at) - datetime.fromisoformat(message.time)
    expires_first = message.expiration is not None and message.expiration <= due_at
    return replace(
        message,
        due_at=due_at,
        expected_at=due_at,
        waiting=waiting,
        is_scheduled=left > timedelta(seconds=MAX_QUEUE_DELAY_SECONDS),
        warnings=(*message.warnings, _EXPIRES_IN_QUIET_HOURS) if expires_first else message.warnings,
    )


def _build_message(
    new: "NewMessage", number: str, sender: Mapping[str, Any], idempotency_key: str | None
) -> Message:
    warning = registration.explain_unregistered(number, sender.get("registration"))
    counted = count_segments(new.text, media=bool(new.media) or len(new.to) > 1)
    return Message(
        message_id=messages.create_message_id(idempotency_key),
        direction="out",
        api=sender["api"],
        owner=number,
        sender=number,
        pool=new.pool,
        recipients=tuple(new.to),
        text=new.text,
        media=tuple(new.media),
        rcs=new.rcs.to_item() if new.rcs else None,
        state=MessageState.ACCEPTED,
        time=now(),
        application_id=sender.get("applicationId"),
        tag=new.tag,
        encoding=counted.encoding,
        segment_count=counted.count,
        priority=new.priority,
        expiration=to_rfc3339(new.expiration.isoformat()) if new.expiration else None,
        send_at=to_rfc3339(new.send_at.isoformat()) if new.send_at else None,
        request_digest=new.digest(),
        warnings=(warning,) if warning else (),
    )
