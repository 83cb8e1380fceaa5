"""Configuration of the simulated account, read from a file or created by a test."""

import json
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Literal, get_args

Generation = Literal["classic", "current", "both"]


@dataclass(frozen=True)
class AccountConfig:
    """The ids and the three pairs of credentials of the simulated account.

    `generation` is classic (Basic users), current (OAuth2) or both.
    """

    account_id: str
    site_id: str
    user_id: str
    dashboard_user: str
    messaging_token: str
    dashboard_password: str = field(repr=False)
    messaging_secret: str = field(repr=False)
    client_id: str = "client-simulated"
    client_secret: str = field(default="client-secret-simulated", repr=False)
    generation: Generation = "both"

    @classmethod
    def read(cls, path: Path) -> "AccountConfig":
        """Read the account from a JSON file. All fields are strings. Those of the current API are optional.

        Raises ValueError with the names of fields that are missing, unknown or invalid.
        """
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {each.name for each in fields(cls)}
        required = {each.name for each in fields(cls) if each.default is MISSING}
        if not isinstance(content, dict):
            raise ValueError(f"{path}: expected an object with {', '.join(sorted(names))}")
        if invalid := sorted((required - content.keys()) | (content.keys() - names)):
            raise ValueError(f"{path}: missing or unknown: {', '.join(invalid)}")
        if invalid := sorted(name for name, value in content.items() if not isinstance(value, str)):
            raise ValueError(f"{path}: must be a string: {', '.join(invalid)}")
        if content.get("generation", "both") not in get_args(Generation):
            raise ValueError(f"{path}: generation must be one of {', '.join(get_args(Generation))}")
        return cls(**content)
