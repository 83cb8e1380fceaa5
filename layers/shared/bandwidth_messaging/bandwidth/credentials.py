"""Credentials for Bandwidth's APIs."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from requests import PreparedRequest


class IncompleteSecret(RuntimeError):
    """A secret does not contain a required field."""


@dataclass(frozen=True)
class BasicCredentials:
    """A user and password (Dashboard, callbacks), or a token and secret (messaging), for HTTP Basic."""

    username: str
    password: str = field(repr=False)

    def __call__(self, request: "PreparedRequest") -> "PreparedRequest":
        """Sign a request; `requests` calls this."""
        encoded = b64encode(f"{self.username}:{self.password}".encode()).decode()
        request.headers["Authorization"] = f"Basic {encoded}"
        return request
