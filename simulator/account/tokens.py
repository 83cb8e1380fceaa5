"""OAuth2 client credentials: valid secrets and issued access tokens."""

import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

LIFETIME_SECONDS = 3600
MAX_SECRETS = 2
# The roles of real credentials that messaging needs.
ROLES = (
    "Configuration",
    "HTTP Application Management",
    "Ordering",
    "Messaging",
    "campaign_management",
    "TFV",
)


class Tokens:
    """The secrets of one client, at most two during a rotation, and its tokens."""

    def __init__(self, client_id: str, client_secret: str, account_id: str) -> None:
        self.client_id = client_id
        self.account_id = account_id
        self._configured_secrets = [client_secret]
        self._lock = threading.Lock()
        self._ends: dict[str, float] = {}
        self.reset()

    def reset(self) -> None:
        """Restore the configured secret and the default lifetime. Issued tokens stay valid."""
        with self._lock:
            self._secrets = self._configured_secrets
            self.expires_in = LIFETIME_SECONDS
            self.roles: Sequence[str] = ROLES
            self.issued = 0

    @property
    def live_secrets(self) -> int:
        """Return the count of valid secrets."""
        return len(self._secrets)

    def rotate(self, client_secrets: Sequence[str]) -> None:
        """Replace the secrets. Tokens issued for an older secret stay valid until they expire."""
        with self._lock:
            self._secrets = list(client_secrets)

    def revoke(self) -> None:
        """Invalidate every issued token."""
        with self._lock:
            self._ends.clear()

    def issue(self, client_id: str | None, client_secret: str | None) -> str | None:
        """Issue a token valid for `expires_in` seconds. Returns None for invalid credentials."""
        with self._lock:
            if client_id != self.client_id or client_secret not in self._secrets:
                return None
            # A JSON web token like Bandwidth's. The signature is never verified.
            token = f"{_part({'alg': 'none'})}.{_part(self.claims())}.{secrets.token_hex(24)}"
            self._ends[token] = time.monotonic() + self.expires_in
            self.issued += 1
            return token

    def claims(self) -> dict[str, Any]:
        """Return the claims of a token, a part of those that Bandwidth's tokens have."""
        return {"accounts": [self.account_id], "roles": list(self.roles)}

    def is_valid(self, token: str | None) -> bool:
        with self._lock:
            return self._ends.get(token or "", 0.0) > time.monotonic()


def _part(content: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
