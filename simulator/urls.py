"""URLs of applications: parts, and display without credentials."""

import ipaddress
import re
from urllib.parse import urlsplit

REDACTED = "[redacted]"


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def scheme_and_host(url: str) -> tuple[str, str] | None:
    """Scheme and host of a callback URL; None if it is no http or https URL."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts.scheme, parts.hostname


def redact_credentials(text: str) -> str:
    """A text with the user and password of every URL in it replaced."""
    return re.sub(r"://[^/\s]*@", f"://{REDACTED}@", text)
