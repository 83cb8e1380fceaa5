"""Files that applications upload to send them as media. `media://<name>` in a message names one."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from bandwidth_messaging.domain.messages import Api
from bandwidth_messaging.domain.problems import FieldProblem
from bandwidth_messaging.domain.registration import RegistrationKind, classify_number

MAX_FILE_BYTES: Final = 3_500_000
"""Limit for a file and for the files of a message. Bandwidth's support documents 3.5 MB for a file (article
12823216) and 3.75 MB for the files of a message (article 360014235473). The lower one is safe for both."""
_MAX_TOLL_FREE_BYTES: Final = 525_000
"""Limit for the files of a message of a toll-free number (Bandwidth's support, Toll-free MMS FAQ)."""
_MAX_V1_BYTES: Final = 1_500_000
"""Limit of the V1 API for files that Bandwidth fetches (Bandwidth's support, article 360014235473)."""
CONTENT_TYPES: Final = frozenset(
    {
        *("image/jpeg", "image/png", "image/gif"),
        *("audio/3gpp", "audio/amr", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/wav"),
        *("video/3gpp", "video/mp4", "video/mpeg", "video/quicktime"),
        *("text/calendar", "text/plain", "text/vcard", "text/x-vcard", "application/pdf"),
    }
)
"""Types that carriers deliver in MMS. Bandwidth rejects others later, with the code 4412."""
NAME_RULE: Final = "Use 1 to 100 letters, digits, dots, hyphens and underscores, such as logo.png."
_SCHEME: Final = "media://"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class UploadedFile(NamedTuple):
    """A file in the stack's bucket, from `uploaded_at` to at least `expires_at` (RFC 3339)."""

    size: int
    content_type: str
    uploaded_at: str
    expires_at: str


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a file."""
    return _NAME.fullmatch(text) is not None


def to_media(name: str) -> str:
    """Return how `media` of a message names a file."""
    return _SCHEME + name


def find_name(media: str) -> str | None:
    """Return the name of the file in `media://<name>`, None for any other URL."""
    return media.removeprefix(_SCHEME) if media.startswith(_SCHEME) else None


def check_files(
    files: Sequence[tuple[int, str, UploadedFile | None]], sender: str, api: Api | None, send_at: str
) -> list[FieldProblem]:
    """Return the problems of the uploaded files of a message that is sent at `send_at` (RFC 3339).

    `files` has the position in `media`, the name, and the file, None if it does not exist.
    """
    problems = [
        FieldProblem(
            f"media[{position}]",
            f"{to_media(name)} is not uploaded. Upload it first (PUT /media/{name}).",
        )
        for position, name, file in files
        if file is None
    ]
    problems += [
        FieldProblem(
            f"media[{position}]",
            f"{to_media(name)} is deleted at {file.expires_at}, before sendAt. Upload it again "
            f"(PUT /media/{name}).",
        )
        for position, name, file in files
        if file and file.expires_at < send_at
    ]
    total, limit = sum(file.size for _, _, file in files if file), _find_max_bytes(sender, api)
    if total > limit:
        detail = f"the uploaded files have {total:,} bytes. {sender} can send {limit:,}. Send smaller files."
        problems.append(FieldProblem("media", detail))
    return problems


def _find_max_bytes(sender: str, api: Api | None) -> int:
    if api == "v1":
        return _MAX_V1_BYTES
    is_toll_free = classify_number(sender) is RegistrationKind.TOLL_FREE
    return _MAX_TOLL_FREE_BYTES if is_toll_free else MAX_FILE_BYTES
