"""The queue's worker ("Send Text Message", "Send Message"): claims a message and sends it, at most once."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import preflight, wiring
from bandwidth_messaging.runtime.logging import compare_segments, count, logger
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.settling import settle
from bandwidth_messaging.runtime.working import growing_delay, work_off
from bandwidth_messaging.store.dynamodb import Item

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.messaging import Taken

_UNCONFIRMED: Final = "Bandwidth may have taken the message; its receipt will tell"
_NO_RECEIPT: Final = "Bandwidth's answer was lost, and no receipt came"
_NOT_SET_UP: Final = "Bandwidth would take the message and drop it"
_SLOW: Final = "the look at the number's set-up took too long to send as well"
_TOO_LATE: Final = "Bandwidth did not take it in time"
# As long as a worker may live; a claim older than that has nobody at work on it.
_LONGEST_WORK: Final = timedelta(seconds=60)
_LONGEST_PREFLIGHT: Final = timedelta(seconds=30)
# By then Bandwidth's search shows what was sent; a message is looked up then, and when patience ends.
_SEARCHABLE: Final = timedelta(minutes=5)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send the message of each queue record; the records returned in `batchItemFailures` come again."""
    return work_off(event, _deliver, wiring.send_queue)


def _deliver(message_id: str, receives: int) -> int | None:
    """Return None once there is no more to do, else after how many seconds to look at the message again."""
    logger.append_keys(message_id=message_id)
    store = wiring.messages()
    message, ours = store.claim(message_id, now())
    if message is None or not ours:
        return _look_after(message)
    try:
        send = _prepared(message)
    except BandwidthUnavailable as error:
        return _put_back(message, error, receives)
    except Exception:
        # The secret, say: nothing was sent yet.
        store.put_back(message)
        raise
    return None if send is None else _send(message, send, receives)


def _prepared(message: Mapping[str, Any]) -> Callable[[], "Taken"] | None:
    """Return the sending of a message; None if it is not to be sent any more, which is recorded."""
    if _is_too_late(message):
        _fail(message, "expired", _TOO_LATE)
        return None
    # The number's, if it has not passed yet: Bandwidth takes what it then drops without a word.
    if message.get("preflight"):
        callback_url = settings().callback_url_v2
        if problems := preflight.of_sender(message["from"], callback_url=callback_url):
            logger.warning("not set up", problems=problems)
            count("PreflightFailed")
            _fail(message, "sender", f"{_NOT_SET_UP}: {'; '.join(problems)}")
            return None
        if datetime.fromisoformat(now()) - datetime.fromisoformat(message["sendingAt"]) > _LONGEST_PREFLIGHT:
            # What is left of this worker's life may be too short for Bandwidth's answer.
            raise BandwidthUnavailable(_SLOW)
    return _sending(message)


def _send(message: Item, send: Callable[[], "Taken"], receives: int) -> int | None:
    try:
        taken = send()
    except (BandwidthUnavailable, BandwidthUnauthorized) as error:
        if isinstance(error, BandwidthUnauthorized):
            # Every message would fail alike, until a person mends the credentials; an alarm calls one.
            count("SendUnauthorized")
        return _put_back(message, error, receives)
    except (BandwidthOutcomeUnknown, BandwidthGarbled) as error:
        logger.warning("outcome unknown", reason=str(error))
        return _wait_for_receipt(message["messageId"])
    except BandwidthRejected as error:
        logger.warning("rejected", reason=str(error))
        _fail(message, "request", f"{error.code}: {error.words}" if error.code else error.words)
    else:
        _record_sent(message, taken)
    return None


def _fail(message: Mapping[str, Any], error_class: str, reason: str) -> None:
    wiring.messages().advance(
        message["messageId"], messages.FAILED, now(), error_class=error_class, reason=reason
    )


def _put_back(message: Item, error: BandwidthError, receives: int) -> int:
    logger.warning("will be tried again", reason=str(error))
    wiring.messages().put_back(message)
    return growing_delay(receives, longest=int(settings().longest_send_delay_seconds))


def _sending(message: Mapping[str, Any]) -> Callable[[], "Taken"]:
    """Return the sending of a message through its number's API, with all it needs at hand."""
    parts = {
        "sender": message["from"],
        "to": tuple(message["to"]),
        "text": message.get("text", ""),
        "media": tuple(message.get("media", ())),
        "tag": message["messageId"],
    }
    if message["api"] == "v1":
        return partial(wiring.catapult().send, **parts, callback_url=wiring.callback_url_with_credentials())
    return partial(
        wiring.messaging().send,
        **parts,
        application_id=message["applicationId"],
        priority=message.get("priority"),
        expiration=message.get("expiration"),
    )


def _record_sent(message: Mapping[str, Any], taken: "Taken") -> None:
    moved = wiring.messages().advance(
        message["messageId"],
        messages.SENT,
        now(),
        bandwidth_id=taken.bandwidth_id,
        segment_count=taken.segment_count,
    )
    logger.info("sent", bandwidth_id=taken.bandwidth_id)
    compare_segments(moved)


def _look_after(message: dict[str, Any] | None) -> int | None:
    """Handle a message that a worker has claimed before: what it sent, if anything, its receipt tells."""
    if message is None or message["state"] not in {messages.SENDING, messages.SEND_UNCONFIRMED}:
        return None
    message_id, moment = message["messageId"], datetime.fromisoformat(now())
    if message["state"] == messages.SENDING:
        at_work = datetime.fromisoformat(message["sendingAt"]) + _LONGEST_WORK - moment
        return _seconds(at_work) if at_work > timedelta(0) else _wait_for_receipt(message_id)
    waited = moment - datetime.fromisoformat(message["send_unconfirmedAt"])
    if (until_search := min(_SEARCHABLE, _patience()) - waited) > timedelta(0):
        return _seconds(until_search)
    if settle(message):
        return None
    if (left := _patience() - waited) > timedelta(0):
        return _seconds(left)
    wiring.messages().advance(message_id, messages.DELIVERY_UNKNOWN, now(), reason=_NO_RECEIPT)
    logger.warning("delivery unknown")
    count("DeliveryUnknown")
    return None


def _patience() -> timedelta:
    return timedelta(minutes=float(settings().unconfirmed_minutes))


def _seconds(left: timedelta) -> int:
    return int(left.total_seconds()) + 1


def _wait_for_receipt(message_id: str) -> int:
    wiring.messages().advance(message_id, messages.SEND_UNCONFIRMED, now(), reason=_UNCONFIRMED)
    count("SendUnconfirmed")
    return _seconds(min(_SEARCHABLE, _patience()))


def _is_too_late(message: Mapping[str, Any]) -> bool:
    moment = datetime.fromisoformat(now())
    patience = timedelta(hours=float(settings().send_deadline_hours))
    expires = message.get("expiration")
    return moment > datetime.fromisoformat(message["acceptedAt"]) + patience or (
        expires is not None and moment > datetime.fromisoformat(expires)
    )
