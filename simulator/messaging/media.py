"""Files of MMS. Bandwidth stores them by name for 48 hours (page on media)."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

LIFETIME = timedelta(hours=48)
MAX_BYTES = 3_750_000
PAGE = 1000


@dataclass
class MediaFile:
    """`cache_control` is the header of the upload. Downloads return it."""

    id: str
    content: bytes = field(repr=False)
    content_type: str
    cache_control: str | None = None
    stored: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class InboundFile:
    """A file of an inbound message."""

    name: str
    content: bytes = field(repr=False)
    content_type: str


class MediaStore:
    """The uploaded and received files of the account. Names may contain slashes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: dict[str, MediaFile] = {}

    def reset(self) -> None:
        with self._lock:
            self._files.clear()

    def put(self, file: MediaFile) -> None:
        """Store a file. Replaces a file of the same name."""
        with self._lock:
            self._files[file.id] = file

    def get(self, media_id: str) -> MediaFile | None:
        with self._lock:
            found = self._files.get(media_id)
        return found if found and _is_stored(found) else None

    def delete(self, media_id: str) -> bool:
        found = self.get(media_id)
        with self._lock:
            self._files.pop(media_id, None)
        return found is not None

    def page(self, after: str = "") -> tuple[list[MediaFile], str | None]:
        """Return the next files by name, and the last name if more files exist."""
        with self._lock:
            files = sorted(
                (each for each in self._files.values() if each.id > after and _is_stored(each)),
                key=lambda each: each.id,
            )
        page = files[:PAGE]
        return page, page[-1].id if len(files) > PAGE else None

    def store_inbound(self, media: Sequence[str | InboundFile], folder: str, prefix: str) -> list[str]:
        """Store the files of an inbound message, and return the URLs of its event.

        URLs in `media` stay unchanged. A file's id is `prefix`, position and name. Its URL adds the id to
        `folder`.
        """
        urls = []
        for position, each in enumerate(media):
            if isinstance(each, str):
                urls.append(each)
                continue
            media_id = f"{prefix}{position}{prefix[-1]}{each.name}"
            self.put(MediaFile(media_id, each.content, each.content_type))
            urls.append(folder + quote(media_id))
        return urls


def _is_stored(file: MediaFile) -> bool:
    return datetime.now(UTC) - file.stored < LIFETIME
