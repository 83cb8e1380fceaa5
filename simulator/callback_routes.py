"""Destinations of callbacks. The simulator sends callbacks only to this machine."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from simulator.urls import is_loopback


class Routes:
    """`routes` map a host suffix of callback URLs to the base URL that the simulator calls."""

    def __init__(self, routes: Mapping[str, str]) -> None:
        self._routes = dict(routes)

    def destination(self, url: str) -> str | None:
        """Return the URL to call on this machine; None if the URL leads to another machine."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        for suffix, base in self._routes.items():
            if host == suffix or host.endswith("." + suffix):
                return _join(base, host, parts.path, parts.query)
        return url if is_loopback(host) else None


def _join(base: str, host: str, path: str, query: str) -> str:
    """Join the callback URL's path to the base URL. API Gateway paths get the AWS emulator's form."""
    if gateway := re.match(r"([a-z0-9]+)\.execute-api\.", host):
        stage, _, rest = path.lstrip("/").partition("/")
        path = f"/restapis/{gateway[1]}/{stage}/_user_request_/{rest}"
    scheme, netloc, base_path, *_ = urlsplit(base)
    return urlunsplit((scheme, netloc, base_path.rstrip("/") + path, query, ""))
