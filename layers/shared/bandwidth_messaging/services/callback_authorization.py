"""Decides who may call the callback API, and from which addresses. Called by authorize_callback."""

import base64
import hashlib
import hmac
import ipaddress
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials

logger = logging.getLogger(__name__)

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Wrong credentials make the function read the secret again at most this often.
_REFRESH_INTERVAL_SECONDS: Final = 15.0


class Access(StrEnum):
    """Whether a request may call the callback API."""

    ALLOWED = "allowed"
    WRONG_ADDRESS = "wrong_address"
    WRONG_CREDENTIALS = "wrong_credentials"


class AcceptedCredentials(Protocol):
    """Returns the accepted credentials. `fresh` reads the secret again."""

    def __call__(self, *, fresh: bool = False) -> "Iterable[BasicCredentials]": ...


class CallbackAuthorization:
    """Checks addresses and Basic credentials. An instance lives as long as the Lambda environment."""

    def __init__(
        self,
        accepted_credentials: AcceptedCredentials,
        source_addresses: str,
        count: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the addresses and networks that may call back, separated by commas. Empty means all."""
        self._accepted_credentials = accepted_credentials
        self._source_addresses = source_addresses
        self._count = count
        self._clock = clock
        self._refreshed_at = -_REFRESH_INTERVAL_SECONDS

    def check(self, address: str, headers: Mapping[str, str]) -> Access:
        """Return whether a request from this address with these headers may call the callback API."""
        if not self._is_source(address):
            logger.warning("callback address rejected", extra={"address": address})
            return Access.WRONG_ADDRESS
        credentials = _basic_credentials(headers)
        if _is_one_of(credentials, self._accepted_credentials()) or (
            self._may_refresh() and _is_one_of(credentials, self._accepted_credentials(fresh=True))
        ):
            return Access.ALLOWED
        logger.warning("callback credentials rejected", extra={"address": address})
        return Access.WRONG_CREDENTIALS

    def _is_source(self, address: str) -> bool:
        """Return whether callbacks from this address are allowed.

        A source that is not an IP address, as in a test invocation of API Gateway, is in no network. An
        invalid entry allows no address, and the other entries stay valid. So an invalid entry neither fails
        every callback nor opens the API to every address.
        """
        if not self._source_addresses:
            return True
        try:
            source = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(source in network for network in self._networks())

    def _networks(self) -> list[Network]:
        networks: list[Network] = []
        invalid = []
        for entry in self._source_addresses.split(","):
            try:
                networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                invalid.append(entry)
        if invalid:
            logger.error("callback source address invalid", extra={"entries": invalid})
            self._count("CallbackSourceAddressInvalid")
        return networks

    def _may_refresh(self) -> bool:
        current = self._clock()
        if current - self._refreshed_at < _REFRESH_INTERVAL_SECONDS:
            return False
        self._refreshed_at = current
        return True


def _basic_credentials(headers: Mapping[str, str]) -> bytes:
    """Return `username:password` of a Basic Authorization header, or nothing."""
    authorization = next((value for name, value in headers.items() if name.lower() == "authorization"), "")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return b""


def _is_one_of(credentials: bytes, accepted: "Iterable[BasicCredentials]") -> bool:
    # Constant time: all digests have the same length, and every pair is compared.
    digest = _digest(credentials)
    matches = [
        hmac.compare_digest(digest, _digest(f"{known.username}:{known.password}".encode()))
        for known in accepted
    ]
    return True in matches


def _digest(credentials: bytes) -> bytes:
    return hashlib.sha256(credentials).digest()
