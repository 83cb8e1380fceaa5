import pytest

from local.stack import Stack
from tests.machines import run, unique


@pytest.fixture(scope="session")
def ours(cloud: Stack) -> str:
    """A number that is ours and texts."""
    name = unique("e2e")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", {"areaCode": "910"} | own)
    assert execution.output is not None, execution.cause
    number: str = execution.output["numbers"][0]
    return number
