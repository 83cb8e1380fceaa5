"""Media files of messages: names, types, and how the archive may serve them."""

import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final, Required, TypedDict
from urllib.parse import unquote, urlsplit

KEPT_AT_BANDWIDTH: Final = timedelta(hours=48)
"""How long Bandwidth keeps the media of an inbound message (dev.bandwidth.com, media)."""

MAX_BYTES: Final = 10_000_000
"""Maximum size of one message's media together. Carriers accept a third of that."""

OCTETS: Final = "application/octet-stream"
"""The content type of a file whose type is unknown or must not be shown."""

_MAX_NAME_CHARACTERS: Final = 100
_SMIL: Final = "application/smil"
_CONTENT_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}")
# Types that people send in messages, and files without a type. Programs and archives are not stored.
_KEPT: Final = re.compile(
    r"(image|audio|video|text)/.+|application/(smil(\+xml)?|pdf|ogg|(x-)?vcard|octet-stream)"
)
# Types that a browser shows without running code. An SVG may contain scripts.
_HARMLESS: Final = re.compile(r"(image/(?!svg)|audio/|video/).+")


class ArchivedFileItem(TypedDict, total=False):
    """The entry of one media file in a message's item: its key in the archive, or why it has none.

    `bytes` is the size of the file. `smil` is True for the layout of an MMS.
    """

    name: Required[str]
    key: str
    contentType: str
    bytes: int
    smil: bool
    reason: str


def parse_file_name(url: str) -> str:
    """Return a file's name from its URL, with portable characters only. The name may be empty."""
    try:
        last = unquote(PurePosixPath(urlsplit(url).path).name)
    except ValueError:
        return ""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last)[-_MAX_NAME_CHARACTERS:]


def parse_content_type(header: str | None) -> str:
    """Return the type of a Content-Type header in lower case without parameters, else OCTETS."""
    content_type = (header or "").partition(";")[0].strip().lower()
    return content_type if _CONTENT_TYPE.fullmatch(content_type) else OCTETS


def is_smil(name: str, content_type: str) -> bool:
    """Return whether a file is in SMIL, the layout of an MMS's other files."""
    return content_type == _SMIL or name.lower().endswith(".smil")


def is_kept(content_type: str) -> bool:
    """Return whether the archive stores files of this type."""
    return _KEPT.fullmatch(content_type) is not None


def is_harmless(content_type: str) -> bool:
    """Return whether a browser may show files of this type: images, audio and video."""
    return _HARMLESS.fullmatch(content_type) is not None
