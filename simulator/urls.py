"""URLs of applications: parts, and display without credentials."""

import ipaddress
import re
from urllib.parse import urlsplit

REDACTED = "[redacted]"


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def scheme_and_host(url: str) -> tuple[str, str] | None:
    """Return scheme and host of a callback URL; None if the URL is not http or https."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts.scheme, parts.hostname


def redact_credentials(text: str) -> str:
    """Replace user and password in every URL of a text."""
    return re.sub(r"://[^/\s]*@", f"://{REDACTED}@", text)
