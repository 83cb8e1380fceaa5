"""Clients of the current API that call a local server."""

import pytest

from bandwidth_messaging.bandwidth.dashboard_current import DashboardCurrent
from bandwidth_messaging.bandwidth.messaging_current import MessagingCurrent
from tests.contracts.current_wire.wire import ACCOUNT, CREDENTIALS, base_path
from tests.http_server import Server


@pytest.fixture(params=["v1", "v2"])
def version(request: pytest.FixtureRequest) -> str:
    """The version of the account API. The base URL ends with it."""
    name: str = request.param
    return name


@pytest.fixture
def dashboard(bandwidth: Server, version: str) -> DashboardCurrent:
    return DashboardCurrent(bandwidth.url + base_path(version), ACCOUNT, CREDENTIALS)


@pytest.fixture
def messaging(bandwidth: Server) -> MessagingCurrent:
    return MessagingCurrent(f"{bandwidth.url}/api/v2", ACCOUNT, CREDENTIALS)
