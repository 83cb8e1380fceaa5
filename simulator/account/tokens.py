"""OAuth2 client credentials: the secrets that are live, and the access tokens issued for them."""

import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

LIFETIME = 3600
MAX_SECRETS = 2
# Those that real credentials have been seen with, and that messaging needs.
ROLES = (
    "Configuration",
    "HTTP Application Management",
    "Ordering",
    "Messaging",
    "campaign_management",
    "TFV",
)


class Tokens:
    """One client's secrets, two at most while they are rotated, and the tokens it was given."""

    def __init__(self, client_id: str, client_secret: str, account_id: str) -> None:
        self.client_id = client_id
        self.account_id = account_id
        self._usual = [client_secret]
        self._lock = threading.Lock()
        self._ends: dict[str, float] = {}
        self.reset()

    def reset(self) -> None:
        """The configured secret and the usual lifetime again; who has a token may go on using it."""
        with self._lock:
            self._secrets = self._usual
            self.expires_in = LIFETIME
            self.roles: Sequence[str] = ROLES
            self.issued = 0

    @property
    def live_secrets(self) -> int:
        """How many secrets are live."""
        return len(self._secrets)

    def rotate(self, client_secrets: Sequence[str]) -> None:
        """Take these secrets and no other. Tokens issued for an older one stay good until they end."""
        with self._lock:
            self._secrets = list(client_secrets)

    def revoke(self) -> None:
        """Make every token issued so far invalid."""
        with self._lock:
            self._ends.clear()

    def issue(self, client_id: str | None, client_secret: str | None) -> str | None:
        """A new token, good for `expires_in` seconds; None if these are not the client's credentials."""
        with self._lock:
            if client_id != self.client_id or client_secret not in self._secrets:
                return None
            # A JSON web token, as Bandwidth's is; nobody checks the signature of this one.
            token = f"{_part({'alg': 'none'})}.{_part(self.claims())}.{secrets.token_hex(24)}"
            self._ends[token] = time.monotonic() + self.expires_in
            self.issued += 1
            return token

    def claims(self) -> dict[str, Any]:
        """What a token says of the client; not all that Bandwidth's say."""
        return {"accounts": [self.account_id], "roles": list(self.roles)}

    def is_good(self, token: str | None) -> bool:
        with self._lock:
            return self._ends.get(token or "", 0.0) > time.monotonic()


def _part(content: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
