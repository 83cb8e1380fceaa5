"""Client of Bandwidth's media API: fetches the files of inbound messages. Called by services/media_archive.

The URLs are data of callbacks. So the client sends credentials only to Bandwidth's hosts, and only to URLs
that have the form of a media resource (specification of the messaging API).
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
from bandwidth_messaging.domain.media import parse_content_type

# The host in current callbacks, also for an account that sends through the older host.
_CURRENT_ORIGIN: Final = "https://messaging.bandwidth.com"
_MEDIA_PATH: Final = re.compile(r"(/[a-z0-9]+)*/users/[^/]+/media/.+")


@dataclass(frozen=True)
class File:
    """A fetched file. The type is Bandwidth's Content-Type, in lower case and without parameters."""

    content_type: str
    content: bytes = field(repr=False)


class Media:
    """Fetches files from the hosts of the base URLs and from Bandwidth's current host."""

    def __init__(self, base_urls: Iterable[str], auth: Auth) -> None:
        origins = {_CURRENT_ORIGIN, *(_origin(parse_url(url)) for url in base_urls)}
        self._transports = {origin: Transport(origin, auth, read_error) for origin in origins}

    def fetch(self, url: str, *, max_bytes: int) -> File:
        """Fetch a file. Redirects are not followed.

        Raises BandwidthRejected, with the reason in `words`, if the URL is not a media URL at Bandwidth, if
        the file does not exist (`status` 404), or if the file has more than `max_bytes`. Raises the
        transport's errors.
        """
        try:
            parts = parse_url(url)
        except LocationParseError:
            parts = Url()
        transport, path = self._transports.get(_origin(parts)), parts.path or ""
        if transport is None or parts.auth or not _is_media(path):
            # The error reaches logs, which must not contain the URL.
            raise BandwidthRejected("a media URL", words="The URL is not a media URL at Bandwidth.")
        response = transport.send("GET", Url(path=path, query=parts.query).url, max_bytes=max_bytes)
        return File(parse_content_type(response.headers.get("Content-Type")), response.body)


def _origin(url: Url) -> str:
    """Return scheme, host and port of a parsed URL, without the default port of HTTPS."""
    port = None if (url.scheme, url.port) == ("https", 443) else url.port
    return Url(scheme=url.scheme, host=url.host, port=port).url


def _is_media(path: str) -> bool:
    dots = {".", ".."} & {unquote(segment) for segment in path.split("/")}
    return not dots and _MEDIA_PATH.fullmatch(path) is not None
