"""A server in Bandwidth's place, and our clients of it."""

from collections.abc import Iterator

import pytest

from bandwidth_messaging.bandwidth.catapult import Catapult
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from bandwidth_messaging.bandwidth.messaging import Messaging
from tests.http_server import Server, run_server


@pytest.fixture
def bandwidth() -> Iterator[Server]:
    with run_server() as server:
        yield server


@pytest.fixture
def dashboard(bandwidth: Server) -> Dashboard:
    return Dashboard(bandwidth.url, "9500149", BasicCredentials("lorem", "dashboard-password"))


@pytest.fixture
def messaging(bandwidth: Server) -> Messaging:
    return Messaging(bandwidth.url, "u-ly123", BasicCredentials("t-token", "messaging-secret"))


@pytest.fixture
def catapult(bandwidth: Server) -> Catapult:
    return Catapult(bandwidth.url, "u-ly123", BasicCredentials("t-token", "messaging-secret"))
