"""Media: what the files of a message are called and how they may be served."""

import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Final, Required, TypedDict
from urllib.parse import unquote, urlsplit

KEPT_AT_BANDWIDTH: Final = timedelta(hours=48)
"""How long Bandwidth has the media of a message that came in (dev.bandwidth.com, media)."""

MAX_BYTES: Final = 10_000_000
"""The most that the media of one message may come to here; carriers let through a third of it."""

OCTETS: Final = "application/octet-stream"

_LONGEST_NAME: Final = 100
_SMIL: Final = "application/smil"
_CONTENT_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}")
# What people send each other, and what nobody named the type of; no programs, no archives of files.
_KEPT: Final = re.compile(
    r"(image|audio|video|text)/.+|application/(smil(\+xml)?|pdf|ogg|(x-)?vcard|octet-stream)"
)
# What a browser shows without running anything; an SVG may hold scripts.
_HARMLESS: Final = re.compile(r"(image/(?!svg)|audio/|video/).+")


class ArchivedFileItem(TypedDict, total=False):
    """The entry of one media file in a message's item: its key in the archive, or why it has none."""

    name: Required[str]
    key: str
    contentType: str
    bytes: int
    smil: bool
    reason: str


def name_of(url: str) -> str:
    """Return the name of a file by its URL, of letters that any file system takes; it may be empty."""
    try:
        last = unquote(PurePosixPath(urlsplit(url).path).name)
    except ValueError:
        return ""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last)[-_LONGEST_NAME:]


def content_type_of(header: str | None) -> str:
    """Return a Content-Type header's type in lower case, without parameters; octets if it is none."""
    content_type = (header or "").partition(";")[0].strip().lower()
    return content_type if _CONTENT_TYPE.fullmatch(content_type) else OCTETS


def is_smil(name: str, content_type: str) -> bool:
    """Tell whether a file is no content but the layout of the others, which MMS carries along."""
    return content_type == _SMIL or name.lower().endswith(".smil")


def is_kept(content_type: str) -> bool:
    """Tell whether the archive takes files of a type: what people send each other in messages."""
    return _KEPT.fullmatch(content_type) is not None


def is_harmless(content_type: str) -> bool:
    """Tell whether a browser may show a file rather than save it: pictures, sound and films are."""
    return _HARMLESS.fullmatch(content_type) is not None
