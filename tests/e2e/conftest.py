from collections.abc import Callable
from functools import cache

import pytest

from local.stack import Stack
from tests.machines import run, unique


@pytest.fixture(scope="session")
def own_number(clouds: dict[str, Stack]) -> Callable[[str], str]:
    """Return the number of a generation's stack that texts, made on first use."""

    @cache
    def made(generation: str) -> str:
        name = unique("e2e")
        own = {"applicationName": name, "locationName": name, "customerOrderId": name}
        execution = run(clouds[generation], "messaging_v2", {"areaCode": "910"} | own)
        assert execution.output is not None, execution.cause
        number: str = execution.output["numbers"][0]
        return number

    return made


@pytest.fixture
def ours(own_number: Callable[[str], str], generation: str) -> str:
    """A number that is ours and texts."""
    return own_number(generation)
