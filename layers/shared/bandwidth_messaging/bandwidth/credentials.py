"""Credentials for Bandwidth's APIs."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class BasicCredentials:
    """A user and password (Dashboard, callbacks), or a token and secret (messaging), for HTTP Basic."""

    username: str
    password: str = field(repr=False)
