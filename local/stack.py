"""Stack file of a running local cloud. `make up` writes it, and the tests and the demo read it."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from requests.utils import requote_uri

from client import Client
from local.progress import CloudError

REGION = "us-east-1"

# The default is that of the template.
DEFAULT_API = "current"
APIS = ("current", "classic")


def find_directory(directory: Path, api: str) -> Path:
    """Return the directory of a generation's local cloud. The default generation has the directory itself."""
    return directory if api == DEFAULT_API else directory / api


def find_stack_file(directory: Path, api: str) -> Path:
    """Return the path of a stack file: stack.json for the default generation."""
    return directory / ("stack.json" if api == DEFAULT_API else f"stack.{api}.json")


@dataclass(frozen=True)
class Stack:
    """URLs, names and credentials of a running stack. URLs end without a slash.

    ``control_api``, ``callback_api`` and ``simulator`` are base URLs that work from this machine.
    ``api_page`` is the URL of the page that describes the ControlApi. ``access_key_id`` and
    ``secret_access_key`` belong to the emulator's root user and change with every start. ``bandwidth`` holds
    the simulated account (see AccountConfig in simulator/account/config.py). ``bandwidth_api`` is the
    generation of Bandwidth's API that the stack uses. ``sources`` is the digest of the deployed sources.
    """

    endpoint_url: str
    region: str
    control_api: str
    api_page: str
    callback_api: str
    simulator: str
    stack_name: str
    numbers_table: str
    messages_table: str
    files_bucket: str
    event_bus: str
    send_queue: str
    quarantine_queue: str
    state_machines: dict[str, str]
    access_key_id: str
    secret_access_key: str = field(repr=False)
    callback_user: str
    callback_password: str = field(repr=False)
    bandwidth: dict[str, str] = field(repr=False)
    bandwidth_api: str
    sources: str = field(repr=False)

    @classmethod
    def read(cls, directory: Path, api: str) -> "Stack":
        """Read the stack file of a generation. Raises CloudError if no local cloud runs."""
        try:
            return cls(**json.loads(find_stack_file(directory, api).read_text()))
        except (FileNotFoundError, TypeError, ValueError):
            raise CloudError(f"No local cloud runs in {directory}. Start it with `make up`.") from None

    def write(self, directory: Path) -> None:
        file = find_stack_file(directory, self.bandwidth_api)
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(asdict(self), indent=2))
        new.replace(file)

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator with the root user's keys."""
        return client(service, self.endpoint_url, self.access_key_id, self.secret_access_key)

    def api(self) -> Client:
        """Return a client of the ControlApi, independent of the user's proxies."""
        session = requests.Session()
        session.trust_env = False
        credentials = Credentials(self.access_key_id, self.secret_access_key)
        return Client(self.control_api, credentials=credentials, region=self.region, session=session)

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Send a signed request to the ControlApi. ``path`` may have a query. ``body`` is sent as JSON."""
        # requests encodes the URL, and the signature must match the encoded URL.
        url = requote_uri(self.control_api + path)
        request = AWSRequest(method, url, headers=dict(headers or {}))
        if body is not None:
            request.data = json.dumps(body)
            request.headers["Content-Type"] = "application/json"
        credentials = Credentials(self.access_key_id, self.secret_access_key)
        SigV4Auth(credentials, "execute-api", self.region).add_auth(request)
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, url, data=request.data, headers=dict(request.headers), timeout=60)


@cache
def client(service: str, endpoint_url: str, access_key_id: str, secret_access_key: str) -> Any:
    """Return a boto3 client of an emulator, independent of the user's profile, keys and proxies."""
    nothing = {
        name: (None, None, os.devnull if name.endswith("_file") else None, None)
        for name in ("profile", "config_file", "credentials_file", "ca_bundle")
    }
    session = boto3.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        region_name=REGION,
        botocore_session=botocore.session.Session(session_vars=nothing),
    )
    return session.client(service, endpoint_url=endpoint_url, config=Config(proxies={}))  # type: ignore[call-overload]
