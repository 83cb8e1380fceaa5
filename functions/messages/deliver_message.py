"""The queue's worker ("Send Text Message", "Send Message"): claims a message and sends it, at most once."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.bandwidth.errors import (
    BandwidthError,
    BandwidthGarbled,
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain import messages
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.messaging import Taken

_UNCONFIRMED: Final = "Bandwidth may have taken the message; its receipt will tell"
_LONGEST_DELAY_SECONDS: Final = 300


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Send the message of each queue record; the records returned in `batchItemFailures` come again."""
    again = []
    for record in event["Records"]:
        if not _deliver(record["body"]):
            wiring.send_queue().delay(record["receiptHandle"], _delay(record["attributes"]))
            again.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": again}


def _deliver(message_id: str) -> bool:
    """Return False if the message must be tried again later."""
    logger.append_keys(message_id=message_id)
    store = wiring.messages()
    message = store.claim(message_id, now())
    if message is None:
        # A worker claimed it before and did not put it back: what it sent, if anything, is unknown,
        # unless it recorded the end, and then this changes nothing.
        store.advance(message_id, messages.SEND_UNCONFIRMED, now(), reason=_UNCONFIRMED)
        return True
    try:
        taken = _send(message)
    except BandwidthUnavailable as error:
        logger.info("will be tried again", reason=str(error))
        store.put_back(message_id)
        return False
    except (BandwidthOutcomeUnknown, BandwidthGarbled) as error:
        logger.warning("outcome unknown", reason=str(error))
        store.advance(message_id, messages.SEND_UNCONFIRMED, now(), reason=_UNCONFIRMED)
    except BandwidthRejected as error:
        logger.warning("rejected", reason=str(error))
        words = f"{error.code}: {error.words}" if error.code else error.words
        store.advance(message_id, messages.FAILED, now(), reason=words)
    except BandwidthError:
        # The credentials: nothing was sent, and every message would fail alike until a person mends them.
        store.put_back(message_id)
        logger.exception("not authorized")
        return False
    else:
        store.advance(
            message_id,
            messages.SENT,
            now(),
            bandwidth_id=taken.bandwidth_id,
            segment_count=taken.segment_count,
        )
        logger.info("sent", bandwidth_id=taken.bandwidth_id)
    return True


def _send(message: Mapping[str, Any]) -> "Taken":
    """Send through the API that the number belongs to."""
    parts = {
        "sender": message["from"],
        "to": tuple(message["to"]),
        "text": message["text"],
        "tag": message["messageId"],
    }
    if message["api"] == "v1":
        return wiring.catapult().send(**parts, callback_url=wiring.callback_url_with_credentials())
    return wiring.messaging().send(**parts, application_id=message["applicationId"])


def _delay(attributes: Mapping[str, str]) -> int:
    """Return after how many seconds a record comes again: doubling with each time it came."""
    return min(2 ** int(attributes["ApproximateReceiveCount"]), _LONGEST_DELAY_SECONDS)
