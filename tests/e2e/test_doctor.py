"""The doctor on the local cloud: a real function with its own rights, the account, the callback API."""

import json
from typing import Any

from local.stack import Stack
from tests.generations import both_generations
from tests.machines import get

pytestmark = both_generations


def invoke(stack: Stack, logical_id: str, event: Any) -> Any:
    detail = stack.client("cloudformation").describe_stack_resource(
        StackName=stack.stack_name, LogicalResourceId=logical_id
    )
    name = detail["StackResourceDetail"]["PhysicalResourceId"]
    answer = stack.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    told = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, told
    return told


def test_the_doctor_finds_nothing_wrong_with_a_deployment_that_works(cloud: Stack, ours: str) -> None:
    number = get(cloud, f"/numbers/{ours}")
    report = invoke(cloud, "Doctor", {})
    found = {each["check"]: each for each in report["checks"]}
    # Other tests leave locations of their own behind, broken ones too.
    for name in (
        "secret", "account credentials", "generation", "messaging credentials", "site", "numbers",
        f"location {number['locationId']}", f"application {number['applicationId']}",
        "callback challenge", "callback credentials",
    ):  # fmt: skip
        assert found[name]["result"] == "ok", found[name]
