"""The callback API's authorizer: who may call, and from where; Basic, compared in constant time."""

import base64
import hashlib
import hmac
import ipaddress
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.metrics import count
from bandwidth_messaging.runtime.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from bandwidth_messaging.bandwidth.credentials import BasicCredentials

# How often wrong credentials may make us look whether the secret has changed.
_SECONDS_BETWEEN_LOOKS: Final = 15.0
_looked_at = -_SECONDS_BETWEEN_LOOKS


class Unauthorized(Exception):
    """API Gateway answers 401, and so the Basic challenge, for exactly this text and no other."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Return a policy for every path of this API: it allows them, or denies them to an unwelcome address.

    `event` is of type REQUEST. The policy is cached by Authorization header and address, so it must not name
    the one path that was asked for first, and tells of nobody else. Raises Unauthorized for anything but our
    credentials, or the previous ones while the secret has them.
    """
    address = event["requestContext"]["identity"]["sourceIp"]
    if not _is_welcome(address):
        logger.warning("an address that may not call back", extra={"address": address})
        return _policy("Deny", event)
    given = _given(event["headers"])
    if not _is_one_of(given, wiring.accepted_callback_credentials()) and not (
        _may_look_again() and _is_one_of(given, wiring.accepted_callback_credentials(fresh=True))
    ):
        logger.warning("wrong credentials", extra={"address": address})
        raise Unauthorized
    return _policy("Allow", event)


def _is_welcome(address: str) -> bool:
    """Tell whether the address is one of CALLBACK_SOURCE_ADDRESSES, or there are none.

    An entry that is no address or network admits nobody; the others hold. So a wrong entry never turns every
    callback into a 500, and never opens the endpoint to everybody.
    """
    listed = settings().callback_source_addresses
    return not listed or any(ipaddress.ip_address(address) in network for network in _networks(listed))


def _networks(listed: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    networks, invalid = [], []
    for entry in listed.split(","):
        try:
            networks.append(ipaddress.ip_network(entry.strip(), strict=False))
        except ValueError:
            invalid.append(entry)
    if invalid:
        logger.error("callback source address invalid", extra={"entries": invalid})
        count("CallbackSourceAddressInvalid")
    return networks


def _given(headers: dict[str, str]) -> bytes:
    authorization = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return b""


def _is_one_of(given: bytes, accepted: "Iterable[BasicCredentials]") -> bool:
    # Digests are of one length, and all are compared, whichever one is right.
    right = [
        hmac.compare_digest(_digest(given), _digest(f"{each.username}:{each.password}".encode()))
        for each in accepted
    ]
    return True in right


def _digest(credentials: bytes) -> bytes:
    return hashlib.sha256(credentials).digest()


def _may_look_again() -> bool:
    global _looked_at  # noqa: PLW0603 - lives as long as the Lambda environment
    moment = time.monotonic()
    if moment - _looked_at < _SECONDS_BETWEEN_LOOKS:
        return False
    _looked_at = moment
    return True


def _policy(effect: str, event: dict[str, Any]) -> dict[str, Any]:
    stage = "/".join(event["methodArn"].split("/")[:2])
    return {
        "principalId": "bandwidth",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": f"{stage}/*"}],
        },
    }
