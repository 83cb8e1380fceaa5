"""Delivers accepted messages to Bandwidth, each at most once. The send queue's worker calls it.

Every step that may fail or take long comes before the claim. The request to Bandwidth follows the claim
directly. If a worker stops between the two, the claim looks like a sent message. Such a message is looked
up, and never sent again.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain.lanes import (
    MAX_QUEUE_DELAY_SECONDS,
    MAX_SLEEP,
    SECOND,
    queue_delay,
    schedule_delay,
    tickets_from_items,
    to_micros,
    to_time,
)
from bandwidth_messaging.domain.messages import MessageState, Waiting
from bandwidth_messaging.domain.opt_outs import KeywordKind
from bandwidth_messaging.domain.retries import compute_delay
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.domain.uploads import find_name
from bandwidth_messaging.services import preflight
from bandwidth_messaging.services.pacing import Pace
from bandwidth_messaging.services.segment_comparison import compare_segments
from bandwidth_messaging.services.send_checks import Obstacle, SendProblem

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.messaging import AcceptedMessage, Messaging
    from bandwidth_messaging.domain.lanes import Tickets
    from bandwidth_messaging.domain.messages import MessageItem
    from bandwidth_messaging.domain.quiet_hours import QuietHours
    from bandwidth_messaging.services.pacing import Pacing
    from bandwidth_messaging.services.preflight import PreflightCheck
    from bandwidth_messaging.services.send_checks import SendChecks
    from bandwidth_messaging.services.unconfirmed import UnconfirmedMessages
    from bandwidth_messaging.store.claims import Claims
    from bandwidth_messaging.store.message_store import Messages
    from bandwidth_messaging.store.opt_out_store import SendFacts
    from bandwidth_messaging.store.queues import SendQueue
    from bandwidth_messaging.store.receipts import Receipts
    from bandwidth_messaging.store.schedule import Schedule
    from bandwidth_messaging.store.upload_store import Uploads

logger = logging.getLogger(__name__)

# Equals the Lambda timeout: the worker of an older claim has ended.
MAX_WORK_TIME: Final = timedelta(seconds=60)
# Leaves enough of the Lambda timeout for the claim (9 s) and the request to Bandwidth.
MAX_PREPARATION_TIME: Final = timedelta(seconds=12)
# POST /messages queues the id before it stores the message. Outlasts that function's timeout (15 s) and a
# write to DynamoDB that is still in flight then.
MAX_STORING_TIME: Final = timedelta(seconds=60)
# The longest delay while a message waits to be stored.
MAX_STORING_DELAY_SECONDS: Final = 15
# A lane with a backlog may offer slots in quiet hours only, and `dueAt` restarts the deadline each day. This
# limit counts from the first postponement.
MAX_POSTPONEMENT: Final = timedelta(days=3)
# The worker sleeps until a time that is closer.
_MAX_EARLINESS: Final = timedelta(microseconds=MAX_SLEEP)
# Bandwidth's search lists a message after five minutes. The worker searches then, and again at the end.
_SEARCHABLE_AFTER: Final = timedelta(minutes=5)

# Bandwidth fetches media after it has accepted the message. A URL ends earlier if the credentials of the
# function's role do.
_SHARED_SECONDS: Final = 6 * 3600

# Shorter waits are usual, and are not recorded.
_NOTABLE_WAIT: Final = timedelta(minutes=1)

_UNCONFIRMED: Final = (
    "Bandwidth sent no response and may have accepted the message. The stack waits for its receipt."
)
_NO_RECEIPT: Final = "Bandwidth sent no response, and no receipt arrived"
_NOT_SET_UP: Final = "Bandwidth would accept the message and drop it"
_EXPIRED: Final = "Bandwidth did not accept the message before it expired"


@dataclass(frozen=True)
class DeliveryTimes:
    """The stack's parameters SendDeadlineHours, UnconfirmedMinutes and LongestSendDelaySeconds."""

    send_deadline: timedelta
    unconfirmed: timedelta
    max_delay_seconds: int


class Postponed(NamedTuple):
    """A message may not be sent before `due`, in microseconds since 1970: quiet hours end then."""

    due: int


@dataclass(frozen=True)
class MessageDelivery:
    """Claims messages and sends them."""

    messages: "Messages"
    claims: "Claims"
    schedule: "Schedule"
    receipts: "Receipts"
    checks: "SendChecks"
    preflight_check: "PreflightCheck"
    unconfirmed: "UnconfirmedMessages"
    messaging: "Callable[[], Messaging]"
    catapult: "Callable[[], Catapult]"
    callback_url_with_credentials: Callable[[], str]
    pacing: "Pacing"
    find_queue: "Callable[[str | None], SendQueue]"
    """Returns the queue of messages with this priority."""
    times: DeliveryTimes
    count: Callable[[str], None]
    record: Callable[[Mapping[str, float]], None]
    sleep: Callable[[float], None]
    quiet_hours: "QuietHours | None"
    uploads: "Callable[[], Uploads]"

    def deliver(
        self, message_id: str, tickets: "Tickets", *, receives: int, queued_at: datetime
    ) -> int | None:
        """Process one queue record. Return None if it is done, or the seconds until its next delivery.

        `tickets` are those of the record. `receives` counts the deliveries of the record.
        """
        started = now()
        message = self.messages.get(message_id)
        if message is None:
            return self._wait_until_stored(receives, queued_at)
        if message["state"] == MessageState.ACCEPTED:
            if "dueAt" in message and _time_since(message["dueAt"]) < -_MAX_EARLINESS:
                self._return_early(message)
                return None
            return self._send_accepted(message, tickets, receives, queued_at, started)
        return self._follow_up(message)

    def _wait_until_stored(self, receives: int, queued_at: datetime) -> int | None:
        """Handle an id without a message, which POST /messages may still store."""
        if _time_since(queued_at.isoformat()) < MAX_STORING_TIME:
            return compute_delay(receives, longest=MAX_STORING_DELAY_SECONDS)
        logger.warning("message never stored")
        self.count("MessageNeverStored")
        return None

    def _send_accepted(
        self, message: "MessageItem", tickets: "Tickets", receives: int, queued_at: datetime, started: str
    ) -> int | None:
        """Prepare, claim and send a message. Fail it if it may not be sent, put it back if it is not due."""
        message_id = message["messageId"]
        try:
            send = self._prepare(message, tickets)
        except (BandwidthUnavailable, BandwidthUnauthorized) as error:
            if message.get("waiting") != (waiting := _classify_wait(error)):
                self.claims.record_waiting(message_id, waiting)
            return self._retry_later(error, receives, queued_at)
        if isinstance(send, Pace | Postponed):
            self._requeue(message, send) if isinstance(send, Pace) else self._postpone(message, send.due)
            return None
        if isinstance(send, SendProblem):
            _, found = self.claims.fail_unclaimed(
                message_id, now(), error_class=send.obstacle, reason=send.reason
            )
            return self._follow_up(found)
        if _time_since(started) > MAX_PREPARATION_TIME:
            logger.warning("preparation too slow")
            return compute_delay(receives, longest=self.times.max_delay_seconds)
        found, is_claimed = self.claims.claim(message_id, now(), message.get("claim"))
        if found is None or not is_claimed:
            return self._follow_up(found)
        return self._send(found, send, receives, queued_at)

    def _prepare(
        self, message: "MessageItem", tickets: "Tickets"
    ) -> "Callable[[], AcceptedMessage] | SendProblem | Pace | Postponed":
        """Return the call that sends a message, why the message may not be sent, or when it is due.

        Claims nothing. Sender and recipients are checked last, directly before the claim.
        """
        if self._is_expired(message):
            return SendProblem(Obstacle.EXPIRED, _EXPIRED)
        send = self._prepare_request(message)
        facts, problem = self._check(message)
        sender = facts.sender
        if sender is None or problem:
            return problem or send
        at = to_micros(now())
        pace = self._pace(message, tickets, facts, at)
        if isinstance(pace, Postponed) or (left := pace.slot - at) > MAX_SLEEP:
            return pace
        is_ready = message["api"] == "v1" or preflight.has_passed(sender)
        if not is_ready and (problems := self.preflight_check.check_sender(sender)):
            logger.warning("preflight failed", extra={"problems": problems})
            self.count("PreflightFailed")
            return SendProblem(Obstacle.SENDER, f"{_NOT_SET_UP}: {'; '.join(problems)}")
        if left > 0:
            self.sleep(left / SECOND)
        if left > 0 or not is_ready:
            # Preflight and sleep take long enough for a recipient to opt out, and for a throttle.
            facts, problem = self._check(message)
            paused_until = facts.account_lane.get("pausedUntil")
            if paused_until and not problem and paused_until > (at := to_micros(now())):
                return self._pace(message, pace.tickets, facts, at)
        return problem or send

    def _check(self, message: "MessageItem") -> "tuple[SendFacts, SendProblem | None]":
        confirms_opt_out = message.get("replyKind") == KeywordKind.OPT_OUT
        facts, problem = self.checks.check(
            message["from"], message["to"], pool=message.get("pool"), confirms_opt_out=confirms_opt_out
        )
        if problem is None and "rcs" in message:
            problem = self.checks.check_agent(message["rcs"]["from"], message["to"])
        return facts, problem

    def _pace(
        self, message: "MessageItem", tickets: "Tickets", facts: "SendFacts", at: int
    ) -> Pace | Postponed:
        """Return when a message is due on its lanes. The tickets of the record are newer than the item's.

        In quiet hours no ticket is reserved: the message could not use its slot.
        """
        # Not acceptedAt: the clock of the function that accepted the message may be ahead of this one.
        due = max(at, to_micros(message["dueAt"])) if "dueAt" in message else at
        if (end := self._end_quiet_hours(message, due)) > due:
            return Postponed(end)
        pace = self.pacing.pace(
            self.pacing.lanes_of(message["from"], facts),
            {**tickets_from_items(message.get("tickets", {})), **tickets},
            message.get("segmentCount", 1) * len(message["to"]),
            at,
            high=message.get("priority") == "high",
        )
        slot = max(pace.slot, due)
        end = self._end_quiet_hours(message, slot)
        return Postponed(end) if end > slot else pace._replace(slot=slot)

    def _requeue(self, message: "MessageItem", pace: Pace) -> None:
        """Queue a message again that is not due yet. Records with a new delay do not count as in flight."""
        queue: SendQueue = self.find_queue(message.get("priority"))
        queue.add(
            message["messageId"],
            delay_seconds=queue_delay(pace.slot - to_micros(now())),
            tickets=pace.tickets,
        )

    def _end_quiet_hours(self, message: "MessageItem", at: int) -> int:
        """Return the first time from `at` on that is not in the quiet hours of the recipients."""
        if self.quiet_hours is None or message.get("priority") == "high":
            return at
        end = self.quiet_hours.end_for(message["to"], to_time(at))
        return to_micros(end.isoformat())

    def _postpone(self, message: "MessageItem", due: int) -> None:
        """Move the time of a message, and release its tickets: it cannot use their slots."""
        left = due - to_micros(now())
        is_scheduled = left > MAX_QUEUE_DELAY_SECONDS * SECOND
        due_at = to_rfc3339(to_time(due).isoformat())
        # If the function ends after this write, the record is delivered again and arrives early.
        postponed = self.schedule.postpone(
            message["messageId"], due_at, Waiting.QUIET_HOURS, is_scheduled=is_scheduled
        )
        if postponed and not is_scheduled:
            self._return_early(postponed)

    def _return_early(self, message: "MessageItem") -> None:
        """Queue a message again whose time has not come. If it is scheduled, it is queued in time."""
        if "scheduleKey" not in message:
            left = to_micros(message["dueAt"]) - to_micros(now())
            queue: SendQueue = self.find_queue(message.get("priority"))
            queue.add(message["messageId"], delay_seconds=schedule_delay(left))

    def _prepare_request(self, message: "MessageItem") -> "Callable[[], AcceptedMessage]":
        """Return the call that sends a message through its number's API. The call sends no other request."""
        parts: dict[str, Any] = {
            "sender": message["from"],
            "to": tuple(message["to"]),
            "text": message.get("text", ""),
            "media": tuple(self._to_url(media) for media in message.get("media", ())),
            "tag": message["messageId"],
        }
        if message["api"] == "v1":
            return self.catapult().prepare_send(**parts, callback_url=self.callback_url_with_credentials())
        return self.messaging().prepare_send(
            **parts,
            application_id=message["applicationId"],
            priority=message.get("priority"),
            expiration=message.get("expiration"),
            rcs=message.get("rcs"),
        )

    def _to_url(self, media: str) -> str:
        """Return the URL at which Bandwidth can fetch a file."""
        name = find_name(media)
        return self.uploads().share(name, seconds=_SHARED_SECONDS) if name else media

    def _send(
        self,
        message: "MessageItem",
        send: "Callable[[], AcceptedMessage]",
        receives: int,
        queued_at: datetime,
    ) -> int | None:
        """Send a claimed message once, and record the outcome."""
        message_id = message["messageId"]
        try:
            accepted = send()
        except (BandwidthUnavailable, BandwidthUnauthorized) as error:
            self.claims.release_claim(message, _classify_wait(error))
            if isinstance(error, BandwidthUnavailable) and error.is_throttled:
                self._slow_down(message, error)
            return self._retry_later(error, receives, queued_at)
        except (BandwidthOutcomeUnknown, BandwidthGarbled) as error:
            logger.warning("send outcome unknown", extra={"reason": str(error)})
            return self._await_receipt(message)
        except BandwidthRejected as error:
            logger.warning("message rejected", extra={"reason": str(error)})
            reason = f"{error.code}: {error.words}" if error.code else error.words
            self.receipts.advance(
                message_id, MessageState.FAILED, now(), error_class="request", reason=reason
            )
            return None
        moved = self.receipts.advance(
            message_id,
            MessageState.SENT,
            now(),
            bandwidth_id=accepted.bandwidth_id,
            segment_count=accepted.segment_count,
        )
        logger.info("message sent", extra={"bandwidth_id": accepted.bandwidth_id})
        wait = _time_since(message.get("dueAt", message["acceptedAt"])).total_seconds()
        # Messages that an earlier version claimed have no count.
        self.record(
            {"SendAttempts": message.get("claims", 1), "SendWaitSeconds": wait} | _billed(message, accepted)
        )
        compare_segments(moved, count=self.count)
        return None

    def _slow_down(self, message: "MessageItem", error: BandwidthUnavailable) -> None:
        """Slow the account's lane down: messages were sent faster than Bandwidth accepts them."""
        self.count("SendThrottled")
        facts, _ = self._check(message)
        *_, account = self.pacing.lanes_of(message["from"], facts)
        # A longer pause would stop the whole stack.
        wait = min(error.wait_seconds or 0, self.times.max_delay_seconds)
        self.pacing.slow_down(account, to_micros(now()), wait)

    def _retry_later(self, error: BandwidthError, receives: int, queued_at: datetime) -> int:
        """Return the delay after which a message is sent again that Bandwidth did not accept."""
        logger.warning("message will be retried", extra={"reason": str(error)})
        if (wait := _time_since(queued_at.isoformat())) > _NOTABLE_WAIT:
            # An alarm watches this metric. SQS leaves a record that was received more than three times out of
            # the age of a queue's oldest record.
            self.record({"RetryWaitSeconds": wait.total_seconds()})
        if isinstance(error, BandwidthUnauthorized):
            # Every message fails until a person fixes the credentials. An alarm watches this metric.
            self.count("SendUnauthorized")
        delay = compute_delay(receives, longest=self.times.max_delay_seconds)
        if isinstance(error, BandwidthUnavailable):
            if error.is_redirect:
                # Every message fails until a person fixes the URL. An alarm watches this metric.
                self.count("SendRedirected")
            # Bandwidth knows best when it accepts messages again.
            delay = max(delay, min(error.wait_seconds or 0, self.times.max_delay_seconds))
        return delay

    def _follow_up(self, message: "MessageItem | None") -> int | None:
        """Handle a message that a worker has claimed before. Its receipt or a look-up resolves it."""
        if message is None or message["state"] not in {MessageState.SENDING, MessageState.SEND_UNCONFIRMED}:
            return None
        if message["state"] == MessageState.SEND_UNCONFIRMED:
            return self._resolve(message)
        left = MAX_WORK_TIME - _time_since(_first_time(message, "sendingAt"))
        return _round_up(left) if left > timedelta(0) else self._await_receipt(message)

    def _resolve(self, message: "MessageItem") -> int | None:
        """Look an unconfirmed message up when the search lists sent messages, and again at the end."""
        waited = _time_since(_first_time(message, "send_unconfirmedAt", "sendingAt"))
        if (left := min(_SEARCHABLE_AFTER, self.times.unconfirmed) - waited) > timedelta(0):
            return _round_up(left)
        if self._is_resolved(message):
            return None
        if (left := self.times.unconfirmed - waited) > timedelta(0):
            return _round_up(left)
        if self.claims.advance_claimed(message, MessageState.DELIVERY_UNKNOWN, now(), reason=_NO_RECEIPT):
            logger.warning("delivery unknown")
            self.count("DeliveryUnknown")
        return None

    def _await_receipt(self, message: "MessageItem") -> int:
        """Wait for the receipt of a claimed message, unless the receipt came first."""
        self.claims.advance_claimed(message, MessageState.SEND_UNCONFIRMED, now(), reason=_UNCONFIRMED)
        self.count("SendUnconfirmed")
        return _round_up(min(_SEARCHABLE_AFTER, self.times.unconfirmed))

    def _is_resolved(self, message: "MessageItem") -> bool:
        """Look an unconfirmed message up. An error must not keep the message from its final state."""
        try:
            return self.unconfirmed.resolve(message)
        except Exception as error:
            # The text of an unexpected error may contain the message's text.
            logger.error("look-up failed", extra={"error": type(error).__name__})
            self.count("LookUpFailed")
            return False

    def _is_expired(self, message: "MessageItem") -> bool:
        start = message.get("dueAt", message["acceptedAt"])
        if _time_since(start) > self.times.send_deadline:
            return True
        if "postponedAt" in message and _time_since(message["postponedAt"]) > MAX_POSTPONEMENT:
            return True
        return "expiration" in message and _time_since(message["expiration"]) > timedelta(0)


def _classify_wait(error: BandwidthUnavailable | BandwidthUnauthorized) -> Waiting:
    """Return why a message waits that Bandwidth did not accept."""
    if isinstance(error, BandwidthUnauthorized):
        return Waiting.CREDENTIALS
    return Waiting.RATE if error.is_throttled else Waiting.BANDWIDTH_UNAVAILABLE


def _billed(message: "MessageItem", accepted: "AcceptedMessage") -> dict[str, float]:
    """Return what Bandwidth bills for a message: segments of an SMS, or an MMS for each recipient.

    Both have a value each time, because CloudWatch computes nothing from a metric without data.
    """
    if message.get("media") or len(message["to"]) > 1:
        return {"Segments": 0, "Mms": len(message["to"])}
    return {"Segments": accepted.segment_count or message.get("segmentCount", 1), "Mms": 0}


def _first_time(message: "MessageItem", *names: str) -> str:
    """Return the first of these times that the message has, or the time of its acceptance."""
    return next((str(message.get(name)) for name in names if name in message), message["acceptedAt"])


def _time_since(time: str) -> timedelta:
    return datetime.fromisoformat(now()) - datetime.fromisoformat(time)


def _round_up(left: timedelta) -> int:
    return int(left.total_seconds()) + 1
