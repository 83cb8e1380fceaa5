"""The local server in Bandwidth's place."""

from collections.abc import Iterator

import pytest

from tests.http_server import Server, run_server


@pytest.fixture
def bandwidth() -> Iterator[Server]:
    with run_server() as server:
        yield server
