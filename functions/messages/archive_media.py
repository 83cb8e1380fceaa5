"""Copies the media of inbound messages to the archive bucket. Bandwidth keeps these files for 48 hours."""

import json
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.domain.retries import compute_delay
from bandwidth_messaging.runtime import stores, wiring
from bandwidth_messaging.runtime.logging import append_keys
from bandwidth_messaging.runtime.queue_worker import QueueRecord, process_records
from bandwidth_messaging.services.media_archive import Archiving

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_MAX_DELAY_SECONDS: Final = 3600


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Archive the media of each queue record's message. A record is a `Message Received` event."""
    return process_records(event, _archive, stores.media_queue)


def _archive(record: QueueRecord) -> int | None:
    """Return None if the record is done, or the seconds until the next attempt."""
    message_id = json.loads(record.body)["detail"]["messageId"]
    append_keys(message_id=message_id)
    match wiring.media_archive().archive_media(message_id):
        case Archiving.COMPLETE:
            return None
        case Archiving.CHANGED_MEANWHILE:
            return 1
    return compute_delay(record.receives, longest=_MAX_DELAY_SECONDS)
