"""Clients of the classic API that call a local server."""

import pytest

from bandwidth_messaging.bandwidth.catapult import Catapult
from bandwidth_messaging.bandwidth.dashboard import Dashboard
from tests.contracts.hosted_messaging_document.document import ACCOUNT, CATAPULT, DASHBOARD, USER
from tests.http_server import Server


@pytest.fixture
def dashboard(bandwidth: Server) -> Dashboard:
    return Dashboard(bandwidth.url, ACCOUNT, DASHBOARD)


@pytest.fixture
def catapult(bandwidth: Server) -> Catapult:
    return Catapult(bandwidth.url, USER, CATAPULT)
