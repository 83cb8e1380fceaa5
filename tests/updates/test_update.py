"""Updates of a stack, also while a set-up waits, messages are queued and callbacks arrive.

`make test-update` runs these tests alone, on a local cloud of their own: an update replaces the URLs that
local/deployment.py sets, and the emulator starts the new versions of all functions at the same time.
"""

import io
import threading
import uuid
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from samcli.yamlhelper import yaml_dump, yaml_parse

from local.cloud import down, up
from local.stack import Stack
from tests.machines import (
    TEXT,
    control,
    entered_states,
    list_messages,
    run,
    unique,
    wait_for_end,
    wait_until,
)
from tests.template import ROOT

pytestmark = pytest.mark.update

DIRECTORY = ROOT / ".local" / "update"
WAIT_SCALE = 0.05
FINAL_STATES = {"delivered", "failed", "delivery_unknown"}
# Slower than the messages are accepted, so that some are queued during the update.
MESSAGES_PER_SECOND = 0.5


@contextmanager
def repeated(action: Callable[[], None]) -> Iterator[None]:
    """Call `action` every two seconds in a thread. Raises its errors at the end."""
    stop, errors = threading.Event(), []

    def repeat() -> None:
        while not stop.wait(2):
            try:
                action()
            except Exception as error:
                errors.append(error)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if errors:
        raise ExceptionGroup("failed during the update", errors)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Stack]:
    """Return a stack that no other test uses."""
    down(DIRECTORY)
    (stack,) = up(DIRECTORY, ports="free", wait_scale=WAIT_SCALE)
    yield stack
    down(DIRECTORY)


def update(cloud: Stack, parameters: dict[str, str], *, is_new_layer: bool) -> None:
    """Update the stack with other parameters, and with a layer that has one file more."""
    cloudformation = cloud.client("cloudformation")
    template = cloudformation.get_template(StackName=cloud.stack_name, TemplateStage="Original")[
        "TemplateBody"
    ]
    parsed, key = yaml_parse(template), f"template-{uuid.uuid4().hex}"
    if is_new_layer:
        add_to_layer(cloud, parsed)
    # A template in the request has at most 51,200 bytes.
    cloud.client("s3").put_object(Bucket=cloud.files_bucket, Key=key, Body=yaml_dump(parsed).encode())
    (stack,) = cloudformation.describe_stacks(StackName=cloud.stack_name)["Stacks"]
    earlier = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    cloudformation.update_stack(
        StackName=cloud.stack_name,
        TemplateURL=f"https://s3.{cloud.region}.amazonaws.com/{cloud.files_bucket}/{key}",
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in (earlier | parameters).items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    cloudformation.get_waiter("stack_update_complete").wait(
        StackName=cloud.stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
    )


def add_to_layer(cloud: Stack, template: Any) -> None:
    """Give the template a copy of its layer that has one file more."""
    s3, layer = cloud.client("s3"), template["Resources"]["SharedLayer"]["Properties"]
    bucket, _, key = layer["ContentUri"].removeprefix("s3://").partition("/")
    content = io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr(f"python/{uuid.uuid4().hex}.txt", "")
    s3.put_object(Bucket=bucket, Key=f"{key}-updated", Body=content.getvalue())
    layer["ContentUri"] += "-updated"


def live_versions(cloud: Stack) -> dict[str, tuple[str, str]]:
    """Return number and description of the version behind the alias of each function of the stack."""
    client, pages = (
        cloud.client("lambda"),
        cloud.client("cloudformation").get_paginator("list_stack_resources"),
    )
    names = [
        resource["PhysicalResourceId"]
        for page in pages.paginate(StackName=cloud.stack_name)
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::Lambda::Function"
    ]
    live = {name: client.get_function_configuration(FunctionName=name, Qualifier="live") for name in names}
    return {name: (each["Version"], each["Description"]) for name, each in live.items()}


def wait_for_backorder(cloud: Stack, name: str) -> str:
    """Start a set-up whose order does not complete, and return the execution's ARN once it waits."""
    control(cloud, "PUT", f"/orders/{name}", {"fate": "BACKORDERED"})
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    response = cloud.call("POST", "/setups/messaging-v2", {"areaCode": "704", "quantity": 1} | own)
    assert response.status_code == 202, response.text
    arn: str = response.json()["executionArn"]
    wait_until(
        lambda: "Check Order Status" in entered_states(cloud, arn), lambda: str(entered_states(cloud, arn))
    )
    return arn


def test_nothing_fails_and_nothing_is_lost_during_an_update(
    cloud: Stack, record_property: Callable[[str, str], None]
) -> None:
    name = unique("update")
    own = {"applicationName": name, "locationName": name, "customerOrderId": name}
    execution = run(cloud, "messaging_v2", {"areaCode": "704"} | own)
    assert execution.output is not None, execution.cause
    number = execution.output["numbers"][0]
    waiting = unique("waiting")
    setup = wait_for_backorder(cloud, waiting)
    before = live_versions(cloud)
    control(cloud, "PUT", "/pace", {"v2_messages_per_second": MESSAGES_PER_SECOND})
    responses: list[Any] = []
    inbound: list[str] = []

    def send() -> None:
        body = {"from": number, "to": f"+1919{4_000_000 + len(responses)}", "text": TEXT}
        responses.append(cloud.call("POST", "/messages", body))

    def receive() -> None:
        text = {"from": f"+1980{4_000_000 + len(inbound)}", "to": number, "text": TEXT}
        inbound.append(control(cloud, "POST", "/inbound", text)["id"])

    with repeated(send), repeated(receive):
        wait_until(lambda: len(responses) > 3, lambda: "no message was sent")
        update(cloud, {"LogRetentionDays": "60"}, is_new_layer=True)
        during = len(responses), len(inbound)
        wait_until(lambda: len(responses) > during[0] + 5, lambda: "no message was sent after the update")

    after = live_versions(cloud)
    assert [name for name in before if after[name] == before[name]] == []
    assert len({description for _, description in after.values()}) == 1
    assert Counter(each.status_code for each in responses) == {202: len(responses)}
    sent = {each.json()["messageId"] for each in responses}

    def all_ended() -> bool:
        states = {each["messageId"]: each["state"] for each in list_messages(cloud, number)}
        return sent | set(inbound) <= states.keys() and {states[each] for each in sent} <= FINAL_STATES

    wait_until(all_ended, lambda: str(Counter(each["state"] for each in list_messages(cloud, number))))
    messages = {each["messageId"]: each for each in list_messages(cloud, number)}
    assert Counter(messages[each]["state"] for each in sent) == {"delivered": len(sent)}
    tags = [each["tag"] for each in control(cloud, "GET", f"/messages?from={quote(number)}")["messages"]]
    assert sorted(tags) == sorted(sent)
    callbacks = [
        each for each in control(cloud, "GET", "/callbacks")["callbacks"] if each["message_id"] in inbound
    ]
    assert {each["state"] for each in callbacks} == {"delivered"}
    # 401 is the challenge before each callback. None is a time-out: the emulator starts the processes of all
    # new versions at once.
    statuses = {attempt["status"] for each in callbacks for attempt in each["attempts"]}
    assert statuses <= {204, 401, None}

    control(cloud, "PUT", f"/orders/{waiting}", {"fate": "COMPLETE"})
    ended = wait_for_end(cloud, setup)
    assert (ended.status, ended.cause) == ("SUCCEEDED", None)
    record_property(
        "an update under load",
        f"{during[0]} messages and {during[1]} inbound texts until its end, {len(before)} functions",
    )


def test_a_changed_parameter_reaches_every_function(cloud: Stack) -> None:
    before = live_versions(cloud)

    update(cloud, {"LogRetentionDays": "90"}, is_new_layer=False)

    after = live_versions(cloud)
    assert before.keys() == after.keys()
    assert [name for name in before if after[name] == before[name]] == []
