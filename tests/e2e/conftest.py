from collections.abc import Callable, Iterator
from functools import cache

import pytest

from local.stack import Stack
from tests.http_server import Response, Server, run_server
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


@pytest.fixture
def receiver(cloud: Stack) -> Iterator[Server]:
    """Run a server that receives the stack's events during a test."""
    events = cloud.client("events")
    name = cloud.client("cloudformation").describe_stack_resource(
        StackName=cloud.stack_name, LogicalResourceId="ForwardDestination"
    )["StackResourceDetail"]["PhysicalResourceId"]
    original_url = events.describe_api_destination(Name=name)["InvocationEndpoint"]
    with run_server() as server:
        server.respond_with(Response(status=202))
        events.update_api_destination(Name=name, InvocationEndpoint=f"{server.url}/events")
        try:
            yield server
        finally:
            events.update_api_destination(Name=name, InvocationEndpoint=original_url)
