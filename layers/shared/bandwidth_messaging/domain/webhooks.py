"""Webhooks: endpoints of the user that receive signed events (Standard Webhooks, specification 1.0.0).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any, Final, NamedTuple, NotRequired, TypedDict
from urllib.parse import urlsplit

MAX_WEBHOOKS: Final = 20
SECRET_OVERLAP: Final = timedelta(hours=24)
"""How long the previous secret signs too after a rotation."""
RETRY_DELAYS: Final = (5, 30, 120, 600, 1800, 3600, *[7200] * 11)
"""Seconds between the attempts of a delivery: 18 attempts in 23.7 hours, plus jitter."""
_MAX_JITTER: Final = 0.1
# A longer Retry-After would move the last attempts far beyond a day.
_MAX_RETRY_AFTER_SECONDS: Final = 3600
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - not a secret
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.?|\[[0-9A-Fa-f:.]+\]")
_URL: Final = re.compile(r"[!-~]+")
# The only IPv6 addresses that IANA has allocated to the internet. Others may contain a private IPv4 address,
# such as those of NAT64 (64:ff9b::/96), which ipaddress calls global.
_IPV6_INTERNET: Final = IPv6Network("2000::/3")


class WebhookState(StrEnum):
    """Whether events are sent to an endpoint."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class WebhookFormat(StrEnum):
    """The body of a delivery: the event as EventBridge delivers it, or type, timestamp and data."""

    EVENT = "event"
    STANDARD = "standard"


class Delivery(NamedTuple):
    """A delivery of an event: to an endpoint, after `attempts`, at the time `due` (seconds since 1970)."""

    webhook: str
    attempts: int = 0
    due: int = 0


def read_delivery(find: Callable[[str], str | None]) -> Delivery | None:
    """Return the delivery of a queue record, None if the record is an event for all endpoints.

    `find` returns an attribute of the record. `write_delivery` names them.
    """
    if not (webhook := find("webhook")):
        return None
    return Delivery(webhook, int(find("attempts") or 0), int(find("due") or 0))


def write_delivery(delivery: Delivery) -> dict[str, str]:
    """Return a delivery as attributes of a queue record."""
    return {name: str(value) for name, value in delivery._asdict().items() if value}


class WebhookItem(TypedDict):
    """An endpoint. `types` are detail types of events; an endpoint without `types` gets all.

    The signing secret is derived from `secretId`. Until `previousUntil` (RFC 3339) the secret of
    `previousSecretId` signs too.
    """

    webhookName: str
    state: WebhookState
    url: str
    types: NotRequired[list[str]]
    format: WebhookFormat
    secretId: str
    previousSecretId: NotRequired[str]
    previousUntil: NotRequired[str]
    createdAt: str
    rotatedAt: NotRequired[str]
    disabledAt: NotRequired[str]
    reason: NotRequired[str]


def find_url_problem(url: str, *, allow_local: bool) -> str | None:
    """Return what is wrong with the URL of an endpoint, None if nothing is.

    `allow_local` permits http and addresses of this machine and of private networks.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "is not a URL. Use https://host/path."
    location = parts.netloc.rpartition("@")[2].removesuffix(f":{port}")
    if not _URL.fullmatch(url) or not _HOST.fullmatch(location):
        return "is not a URL. Use https://host/path, with ASCII characters only."
    is_https = parts.scheme == "https" or (allow_local and parts.scheme == "http")
    problems = {
        "contains a user name or a password. Remove it: the signature authenticates requests.": "@"
        in parts.netloc,
        "has a fragment (#...), which is never sent. Remove it.": parts.fragment,
        f"has the scheme {parts.scheme or 'none'}. Use https.": not is_https,
        f"{host} is not a public host. Use the public name or address of your endpoint.": not allow_local
        and not _may_be_public(host),
    }
    return next((problem for problem, is_wrong in problems.items() if is_wrong), None)


def _may_be_public(host: str) -> bool:
    """Return whether a host can be on the internet. The client checks the address when it connects."""
    name = host.removesuffix(".").lower()
    try:
        ip_address(name)
    except ValueError:
        # A name whose last label starts with a digit is an address in another notation: 127.1, 0x7f000001.
        last = name.rpartition(".")[2]
        return "." in name and not last[0].isdigit() and last not in {"localhost", "local", "internal"}
    return is_public_address(name)


def is_public_address(address: str) -> bool:
    """Return whether an IP address is on the internet: not loopback, link-local, private or reserved."""
    parsed = ip_address(address.partition("%")[0])
    inner = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None) or parsed
    is_allocated = isinstance(inner, IPv4Address) or inner in _IPV6_INTERNET
    return bool(is_allocated and inner.is_global and not inner.is_multicast)


def wants(webhook: WebhookItem, detail_type: str) -> bool:
    """Return whether an endpoint gets events of a detail type."""
    return webhook["state"] == WebhookState.ENABLED and detail_type in webhook.get("types", [detail_type])


def derive_secret(master: str, secret_id: str) -> bytes:
    """Return the signing secret with this id: 32 bytes."""
    return hmac.digest(master.encode(), f"webhook {secret_id}".encode(), "sha256")


def show_secret(secret: bytes) -> str:
    """Return a signing secret in the form of Standard Webhooks: whsec_ and base64."""
    return _SECRET_PREFIX + base64.b64encode(secret).decode()


def list_secret_ids(webhook: WebhookItem, at: str) -> list[str]:
    """Return the ids of the secrets that sign at a time (RFC 3339): the current one first."""
    previous = webhook.get("previousSecretId")
    is_accepted = previous is not None and at < webhook.get("previousUntil", "")
    return [webhook["secretId"], previous] if previous is not None and is_accepted else [webhook["secretId"]]


def to_seconds(at: str) -> int:
    """Return a time (RFC 3339) in seconds since 1970."""
    return int(datetime.fromisoformat(at).timestamp())


def sign(event_id: str, at: str, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """Return the headers of Standard Webhooks for a body, with one signature for each secret."""
    timestamp = str(to_seconds(at))
    content = f"{event_id}.{timestamp}.".encode() + body
    digests = [hmac.digest(secret, content, hashlib.sha256) for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }


def build_body(event: Mapping[str, Any], format_: WebhookFormat) -> bytes:
    """Return the body of a delivery. `event` is the event as EventBridge delivers it."""
    if format_ == WebhookFormat.STANDARD:
        content = {"type": event["detail-type"], "timestamp": event["time"], "data": event["detail"]}
        return _to_json(content)
    # A replay adds its name, which schemas of events do not have.
    return _to_json({name: value for name, value in event.items() if name != "replay-name"})


def _to_json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def find_retry_delay(attempts: int, retry_after: int | None) -> int | None:
    """Return the seconds until the next attempt of a delivery, or None after the last attempt.

    `attempts` counts the attempts so far, from 1. `retry_after` is the endpoint's own wish in seconds.
    """
    if attempts > len(RETRY_DELAYS):
        return None
    seconds = max(RETRY_DELAYS[attempts - 1], min(retry_after or 0, _MAX_RETRY_AFTER_SECONDS))
    # Jitter spreads the retries after an outage of an endpoint.
    return round(seconds * random.uniform(1, 1 + _MAX_JITTER))  # noqa: S311 - not a secret
