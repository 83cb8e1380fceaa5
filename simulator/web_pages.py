"""Detection of requests from web pages. The emulator and the simulator reject them.

A page of any site can send requests to 127.0.0.1 from the developer's browser (CSRF), or reach it under the
site's own name (DNS rebinding). Browsers name the site in Origin, and the name they used in Host.
"""

from urllib.parse import urlsplit

from simulator.urls import is_loopback


def rejection_reason(host: str, origin: str | None) -> str | None:
    """Return why a request with these headers is rejected; None if it is allowed.

    Host must be localhost, a name below it (browsers resolve these to this machine), or a loopback address.
    Origin, if present, must be that of the server itself.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        name = ""
    if not is_loopback(name) and not name.endswith(".localhost"):
        return "The Host header does not name this machine."
    if origin is not None and origin != f"http://{host}":
        return "The Origin header names another site."
    return None
