"""Copies the media of inbound messages to the archive. Called by archive_media.

Bandwidth keeps these files for 48 hours.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.bandwidth.errors import (
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain import media
from bandwidth_messaging.domain.media import ArchivedFileItem
from bandwidth_messaging.domain.times import now

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.media_api import Media
    from bandwidth_messaging.store.archive import Archive, ArchiveRecords
    from bandwidth_messaging.store.message_store import Messages

logger = logging.getLogger(__name__)

# A file takes at most 45 seconds, and the function's timeout is two minutes.
_LAST_START_SECONDS: Final = 60
_DELETED: Final = "Bandwidth has deleted the file. Bandwidth keeps media for 48 hours."


class Archiving(StrEnum):
    """How far the archiving of a message's media is."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    CHANGED_MEANWHILE = "changed_meanwhile"
    """Another worker recorded files of the same message."""


@dataclass(frozen=True)
class MediaArchive:
    """Fetches media from Bandwidth and stores them in the archive."""

    messages: "Messages"
    archive_records: "ArchiveRecords"
    archive: "Callable[[], Archive]"
    media: "Callable[[], Media]"
    count: Callable[[str], None]

    def archive_media(self, message_id: str) -> Archiving:
        """Archive the files of a message that are not archived yet.

        The result is complete once each file is archived or permanently unavailable.
        """
        if (message := self.messages.get(message_id)) is None:
            return Archiving.COMPLETE
        before = message.get("archive")
        pending: list[ArchivedFileItem | None] = [None] * len(message.get("media", ()))
        files = list(before or pending)
        started = time.monotonic()
        for position, file in enumerate(files):
            if file is None and time.monotonic() - started < _LAST_START_SECONDS:
                remaining_bytes = media.MAX_BYTES - sum(known.get("bytes", 0) for known in files if known)
                files[position] = self._copy(message, position, remaining_bytes)
        if files != (before or pending) and not self.archive_records.record(message_id, files, before):
            return Archiving.CHANGED_MEANWHILE
        if None in files:
            return Archiving.INCOMPLETE
        kept = sum("key" in file for file in files if file)
        logger.info("media archived", extra={"files": len(files), "kept": kept})
        return Archiving.COMPLETE

    def _copy(self, message: Mapping[str, Any], position: int, max_bytes: int) -> ArchivedFileItem | None:
        """Copy a file. Return its entry in the message's item, or None if the file needs a later attempt."""
        url = message["media"][position]
        name = media.parse_file_name(url)
        try:
            file = self.media().fetch(url, max_bytes=max_bytes)
        except (BandwidthUnavailable, BandwidthUnauthorized) as error:
            # The error's text contains the file's name.
            logger.warning("media not fetched", extra={"position": position, "error": type(error).__name__})
            return self._lost(name, _DELETED) if _is_too_old(message) else None
        except BandwidthRejected as error:
            return self._lost(name, _DELETED if error.is_absent else error.words)
        content_type = file.content_type
        is_smil = media.is_smil(name, content_type)
        if not is_smil and not media.is_kept(content_type):
            return self._lost(name, f"The archive does not store files of the type {content_type}.")
        key = self.archive().put(
            message["messageId"], position, file.content, name=name, content_type=content_type
        )
        entry: ArchivedFileItem = {
            "name": name,
            "key": key,
            "contentType": content_type,
            "bytes": len(file.content),
        }
        return entry | {"smil": True} if is_smil else entry

    def _lost(self, name: str, reason: str) -> ArchivedFileItem:
        logger.warning("media lost")
        self.count("MediaLost")
        return {"name": name, "reason": reason}


def _is_too_old(message: Mapping[str, Any]) -> bool:
    received = datetime.fromisoformat(message["receivedAt"])
    return datetime.fromisoformat(now()) > received + media.KEPT_AT_BANDWIDTH
