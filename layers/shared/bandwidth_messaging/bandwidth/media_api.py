"""Media of messages that came in, fetched from Bandwidth's own hosts with our credentials, and nowhere else.

Their URLs come in callbacks, so each is held to what a media resource's URL looks like (wire: section D).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.messaging import read_error
from bandwidth_messaging.bandwidth.transport import Auth, Transport
from bandwidth_messaging.domain.media import content_type_of

# What today's callbacks name, also to an account that sends through the older base.
_TODAY: Final = "https://messaging.bandwidth.com"
_MEDIA_PATH: Final = re.compile(r"(/[a-z0-9]+)*/users/[^/]+/media/.+")


@dataclass(frozen=True)
class File:
    """A fetched file; its type is the one that Bandwidth says, in lower case and without parameters."""

    content_type: str
    content: bytes = field(repr=False)


class Media:
    """The files of messages, on the hosts of the base URLs and on today's host of Bandwidth."""

    def __init__(self, base_urls: Iterable[str], auth: Auth) -> None:
        origins = {_TODAY, *(_origin(parse_url(url)) for url in base_urls)}
        self._transports = {origin: Transport(origin, auth, read_error) for origin in origins}

    def fetch(self, url: str, *, most_bytes: int) -> File:
        """Return a file. Redirects are not followed.

        Raises BandwidthRejected, with the reason in `words`, if it is not at Bandwidth, is there no more
        (`status` 404) or has more bytes; else the transport's errors.
        """
        try:
            parts = parse_url(url)
        except LocationParseError:
            parts = Url()
        transport, path = self._transports.get(_origin(parts)), parts.path or ""
        if transport is None or parts.auth or not _is_media(path):
            # The URL itself stays out of logs.
            raise BandwidthRejected("a media URL", words="it is not the URL of a file at Bandwidth")
        answer = transport.send("GET", Url(path=path, query=parts.query).url, max_bytes=most_bytes)
        return File(content_type_of(answer.headers.get("Content-Type")), answer.body)


def _origin(url: Url) -> str:
    """Return scheme, host and port of a parsed URL, the scheme's own port left out."""
    port = None if (url.scheme, url.port) == ("https", 443) else url.port
    return Url(scheme=url.scheme, host=url.host, port=port).url


def _is_media(path: str) -> bool:
    dots = {".", ".."} & {unquote(segment) for segment in path.split("/")}
    return not dots and _MEDIA_PATH.fullmatch(path) is not None
