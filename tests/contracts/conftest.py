"""The local server in Bandwidth's place."""

from collections.abc import Iterator

import pytest

from tests.http_server import Server, serving


@pytest.fixture
def bandwidth() -> Iterator[Server]:
    with serving() as server:
        yield server
