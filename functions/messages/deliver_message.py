"""The send queue's worker ("Send Text Message", "Send Message"): claims a message and sends it, at most once.

All that may fail or take long comes before the claim, and the request to Bandwidth right after it. Only a
worker that dies between the two leaves a claim that looks like a sent message: that message is looked up, and
never sent again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain.messages import MessageState
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import append_keys, logger
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.runtime.queue_worker import QueueRecord, growing_delay, process_records
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services import preflight, send_checks
from bandwidth_messaging.services.segment_comparison import compare_segments
from bandwidth_messaging.services.unconfirmed import settle
from bandwidth_messaging.store.dynamodb import Item

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.messaging import Taken

_UNCONFIRMED: Final = "Bandwidth may have taken the message; its receipt will tell"
_NO_RECEIPT: Final = "Bandwidth's answer was lost, and no receipt came"
_NOT_SET_UP: Final = "Bandwidth would take the message and drop it"
_TOO_LATE: Final = "Bandwidth did not take it in time"
# The Lambda timeout: an older claim has no worker.
LONGEST_WORK: Final = timedelta(seconds=60)
# Leaves of the Lambda timeout what the claim (9 s) and the request to Bandwidth take.
LONGEST_PREPARATION: Final = timedelta(seconds=12)
# POST /messages queues the id, then stores the message. Outlasts that function's timeout (15 s) and a write
# to DynamoDB that is still in flight then.
STORED_WITHIN: Final = timedelta(seconds=60)
# Where the growing delay of what is only a moment early ends.
LONGEST_SHORT_DELAY_SECONDS: Final = 15
# By then Bandwidth's search shows what was sent; a message is looked up then, and when patience ends.
_SEARCHABLE: Final = timedelta(minutes=5)


class _Refusal(NamedTuple):
    """Why a message is not sent: its error class, and the reason for people."""

    error_class: str
    reason: str


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send the message of each queue record; the records returned in `batchItemFailures` come again."""
    return process_records(event, _deliver, wiring.send_queue)


def _deliver(record: QueueRecord) -> int | None:
    """Return None once there is no more to do, else after how many seconds to look at the message again."""
    started = now()
    append_keys(message_id=record.body)
    message = wiring.messages().get(record.body)
    if message is None:
        return _wait_for_storing(record)
    if message["state"] == MessageState.ACCEPTED:
        return _send_accepted(message, record, started)
    return _look_after(message)


def _send_accepted(message: Item, record: QueueRecord, started: str) -> int | None:
    """Prepare, claim and send a message, or fail it if it may not be sent."""
    store = wiring.messages()
    try:
        send = _prepare(message)
    except (BandwidthUnavailable, BandwidthUnauthorized) as error:
        return _try_later(error, record)
    if isinstance(send, _Refusal):
        _, found = store.refuse(record.body, now(), error_class=send.error_class, reason=send.reason)
        return _look_after(found)
    if _since(started) > LONGEST_PREPARATION:
        logger.warning("preparation too slow")
        return growing_delay(record.receives, longest=int(settings().longest_send_delay_seconds))
    claimed, is_ours = store.claim(record.body, now())
    if claimed is None or not is_ours:
        return _look_after(claimed)
    return _send(claimed, send, record)


def _wait_for_storing(record: QueueRecord) -> int | None:
    """Handle an id without a message: POST /messages may still store it."""
    if _since(record.sent_at.isoformat()) < STORED_WITHIN:
        return growing_delay(record.receives, longest=LONGEST_SHORT_DELAY_SECONDS)
    logger.warning("message never stored")
    count("MessageNeverStored")
    return None


def _prepare(message: Item) -> "Callable[[], Taken] | _Refusal":
    """Return the call that sends a message, or why the message is not sent. Nothing is claimed yet.

    Sender and recipients are checked last, as close to the sending as possible.
    """
    if _is_too_late(message):
        return _Refusal("expired", _TOO_LATE)
    send = _prepare_send(message)
    sender, refusal = _check(message)
    if sender is None or refusal or message["api"] == "v1" or preflight.has_passed(sender):
        return refusal or send
    # Bandwidth accepts the messages of a number that is not set up, and drops them without a receipt.
    if problems := preflight.check_sender(sender, callback_url=settings().callback_url_v2):
        logger.warning("not set up", extra={"problems": problems})
        count("PreflightFailed")
        return _Refusal("sender", f"{_NOT_SET_UP}: {'; '.join(problems)}")
    # That took its time.
    _, refusal = _check(message)
    return refusal or send


def _check(message: Item) -> tuple[Item | None, _Refusal | None]:
    """Return the sender's item, and why the message may not go from it or to its recipients, if so."""
    sender, opt_outs = wiring.opt_outs().sender_and_opt_outs(message["from"], message["to"])
    unregistered, enforce = settings().unregistered_senders, settings().enforce_opt_outs
    if problem := send_checks.check_sender(message["from"], sender, unregistered=unregistered):
        return sender, _Refusal("sender", problem)
    if problem := send_checks.check_opt_outs(opt_outs, enforce=enforce):
        return sender, _Refusal("opt_out", problem)
    return sender, None


def _send(message: Item, send: "Callable[[], Taken]", record: QueueRecord) -> int | None:
    """Send a claimed message, once."""
    try:
        taken = send()
    except (BandwidthUnavailable, BandwidthUnauthorized) as error:
        wiring.messages().put_back(message)
        return _try_later(error, record)
    except (BandwidthOutcomeUnknown, BandwidthGarbled) as error:
        logger.warning("outcome unknown", extra={"reason": str(error)})
        return _wait_for_receipt(message["messageId"])
    except BandwidthRejected as error:
        logger.warning("rejected", extra={"reason": str(error)})
        reason = f"{error.code}: {error.words}" if error.code else error.words
        wiring.messages().advance(
            message["messageId"], MessageState.FAILED, now(), error_class="request", reason=reason
        )
    else:
        _record_sent(message, taken)
    return None


def _try_later(error: BandwidthError, record: QueueRecord) -> int:
    logger.warning("will be tried again", extra={"reason": str(error)})
    if isinstance(error, BandwidthUnauthorized):
        # Every message fails alike until a person fixes the credentials; an alarm calls one.
        count("SendUnauthorized")
    longest = int(settings().longest_send_delay_seconds)
    delay = growing_delay(record.receives, longest=longest)
    if isinstance(error, BandwidthUnavailable):
        if error.is_redirect:
            # So does a wrong URL.
            count("SendRedirected")
        # Bandwidth knows better when it has room again.
        delay = max(delay, min(error.wait_seconds or 0, longest))
    return delay


def _prepare_send(message: Item) -> "Callable[[], Taken]":
    """Return the call that sends a message through its number's API, with token and secret at hand."""
    parts = {
        "sender": message["from"],
        "to": tuple(message["to"]),
        "text": message.get("text", ""),
        "media": tuple(message.get("media", ())),
        "tag": message["messageId"],
    }
    if message["api"] == "v1":
        return wiring.catapult().prepare_send(**parts, callback_url=wiring.callback_url_with_credentials())
    return wiring.messaging().prepare_send(
        **parts,
        application_id=message["applicationId"],
        priority=message.get("priority"),
        expiration=message.get("expiration"),
    )


def _record_sent(message: Mapping[str, Any], taken: "Taken") -> None:
    moved = wiring.messages().advance(
        message["messageId"],
        MessageState.SENT,
        now(),
        bandwidth_id=taken.bandwidth_id,
        segment_count=taken.segment_count,
    )
    logger.info("sent", extra={"bandwidth_id": taken.bandwidth_id})
    compare_segments(moved, count=count)


def _look_after(message: dict[str, Any] | None) -> int | None:
    """Handle a message that a worker has claimed before: what it sent, if anything, its receipt tells."""
    if message is None or message["state"] not in {MessageState.SENDING, MessageState.SEND_UNCONFIRMED}:
        return None
    message_id, moment = message["messageId"], datetime.fromisoformat(now())
    if message["state"] == MessageState.SENDING:
        at_work = datetime.fromisoformat(_latest(message, "sendingAt")) + LONGEST_WORK - moment
        return _seconds(at_work) if at_work > timedelta(0) else _wait_for_receipt(message_id)
    waited = moment - datetime.fromisoformat(_latest(message, "send_unconfirmedAt", "sendingAt"))
    if (until_search := min(_SEARCHABLE, _patience()) - waited) > timedelta(0):
        return _seconds(until_search)
    if _is_resolved(message):
        return None
    if (left := _patience() - waited) > timedelta(0):
        return _seconds(left)
    wiring.messages().advance(message_id, MessageState.DELIVERY_UNKNOWN, now(), reason=_NO_RECEIPT)
    logger.warning("delivery unknown")
    count("DeliveryUnknown")
    return None


def _latest(message: Item, *names: str) -> str:
    """Return the first of these times that the message has, else when it was accepted."""
    return next((str(message[name]) for name in names if name in message), str(message["acceptedAt"]))


def _is_resolved(message: Item) -> bool:
    """Look an unconfirmed message up. An error does not keep the message from its final state."""
    try:
        return settle(message)
    except Exception as error:
        # The text of an unforeseen error may hold what the message says.
        logger.error("message not looked up", extra={"error": type(error).__name__})
        count("LookUpFailed")
        return False


def _since(time: str) -> timedelta:
    return datetime.fromisoformat(now()) - datetime.fromisoformat(time)


def _patience() -> timedelta:
    return timedelta(minutes=float(settings().unconfirmed_minutes))


def _seconds(left: timedelta) -> int:
    return int(left.total_seconds()) + 1


def _wait_for_receipt(message_id: str) -> int:
    wiring.messages().advance(message_id, MessageState.SEND_UNCONFIRMED, now(), reason=_UNCONFIRMED)
    count("SendUnconfirmed")
    return _seconds(min(_SEARCHABLE, _patience()))


def _is_too_late(message: Mapping[str, Any]) -> bool:
    moment = datetime.fromisoformat(now())
    patience = timedelta(hours=float(settings().send_deadline_hours))
    expires = message.get("expiration")
    return moment > datetime.fromisoformat(message["acceptedAt"]) + patience or (
        expires is not None and moment > datetime.fromisoformat(expires)
    )
