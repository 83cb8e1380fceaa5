from collections.abc import Callable
from functools import cache

import pytest

from local.stack import Stack
from tests.machines import run, unique


@pytest.fixture(scope="session")
def order_owner_number(clouds: dict[str, Stack]) -> Callable[[str], str]:
    """Return a function that orders one number per generation on first use."""

    @cache
    def order(generation: str) -> str:
        name = unique("e2e")
        own = {"applicationName": name, "locationName": name, "customerOrderId": name}
        execution = run(clouds[generation], "messaging_v2", {"areaCode": "910"} | own)
        assert execution.output is not None, execution.cause
        number: str = execution.output["numbers"][0]
        return number

    return order


@pytest.fixture
def owner_number(order_owner_number: Callable[[str], str], generation: str) -> str:
    """Return an owned number that can send."""
    return order_owner_number(generation)
