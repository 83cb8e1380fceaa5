"""Bandwidth's Python client, configured for the simulator."""

from collections.abc import Iterator
from contextlib import contextmanager

import bandwidth as sdk

from simulator.server import RunningSimulator
from tests.simulator.support import CONFIG


@contextmanager
def open_client(bandwidth: RunningSimulator) -> Iterator[sdk.ApiClient]:
    """Return a client with the simulated account's credentials. It does not retry."""
    configuration = sdk.Configuration(
        host=bandwidth.current_messaging_url,
        ignore_operation_servers=True,
        access_token_url=bandwidth.token_url,
        client_id=CONFIG.client_id,
        client_secret=CONFIG.client_secret,
        retries=0,
    )
    with sdk.ApiClient(configuration) as client:
        yield client
