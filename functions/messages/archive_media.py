"""Takes the media of messages that came in to a bucket of ours; Bandwidth keeps them for 48 hours only."""

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.bandwidth.errors import (
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain import media
from bandwidth_messaging.domain.retries import growing_delay
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import append_keys, logger
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.runtime.queue_worker import QueueRecord, process_records

_LONGEST_DELAY_SECONDS: Final = 3600
# A file takes at most three quarters of a minute, and the function has two.
_LAST_START_SECONDS: Final = 60
_GONE: Final = "Bandwidth has it no more"


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Archive the media of the message of each queue record, which is a `Message Received` event."""
    return process_records(event, _archive, wiring.media_queue)


def _archive(record: QueueRecord) -> int | None:
    """Return None once every file is in the archive, or will never be; else when to look again."""
    message_id = json.loads(record.body)["detail"]["messageId"]
    append_keys(message_id=message_id)
    store = wiring.messages()
    if (message := store.get(message_id)) is None:
        return None
    before = message.get("archive")
    files = list(before or [None] * len(message.get("media", ())))
    started = time.monotonic()
    for position, file in enumerate(files):
        if file is None and time.monotonic() - started < _LAST_START_SECONDS:
            room = media.MAX_BYTES - sum(each.get("bytes", 0) for each in files if each)
            files[position] = _taken(message, position, room)
    if files != (before or [None] * len(files)) and not store.record_archive(message_id, files, before):
        # Somebody else is at it; what is there by then is not fetched again.
        return 1
    if None not in files:
        logger.info(
            "media archived", extra={"files": len(files), "kept": sum("key" in each for each in files)}
        )
        return None
    return growing_delay(record.receives, longest=_LONGEST_DELAY_SECONDS)


def _taken(message: Mapping[str, Any], position: int, room: int) -> dict[str, Any] | None:
    """Return what the record says of a file: its key in the archive, or why it has none; None: not yet."""
    url = message["media"][position]
    name = media.name_of(url)
    try:
        file = wiring.media().fetch(url, most_bytes=room)
    except (BandwidthUnavailable, BandwidthUnauthorized) as error:
        # Its words have the file's name.
        logger.warning("media not fetched", extra={"position": position, "error": type(error).__name__})
        return _lost(name, _GONE) if _is_too_old(message) else None
    except BandwidthRejected as error:
        return _lost(name, _GONE if error.is_absent else error.words)
    content_type = file.content_type
    is_smil = media.is_smil(name, content_type)
    if not is_smil and not media.is_kept(content_type):
        return _lost(name, f"files of the type {content_type} are not kept")
    key = wiring.archive().put(
        message["messageId"], position, file.content, name=name, content_type=content_type
    )
    smil = {"smil": True} if is_smil else {}
    return {"name": name, "key": key, "contentType": content_type, "bytes": len(file.content), **smil}


def _lost(name: str, reason: str) -> dict[str, Any]:
    logger.warning("media lost")
    count("MediaLost")
    return {"name": name, "reason": reason}


def _is_too_old(message: Mapping[str, Any]) -> bool:
    received = datetime.fromisoformat(message["receivedAt"])
    return datetime.fromisoformat(now()) > received + media.KEPT_AT_BANDWIDTH
