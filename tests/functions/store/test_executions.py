"""Starting executions: a rejection is certain only if no attempt can have started the execution."""

import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError

from bandwidth_messaging.store.executions import Executions, StartRejected, execution_arn

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:messaging_v2"
THROTTLED, BROKEN, LOST = (400, "ThrottlingException"), (500, "InternalFailure"), None


class Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        return [self._content]


def start(*attempts: tuple[int, str] | None) -> None:
    """Start an execution. Step Functions responds to each attempt with a status and a code, or not at all."""
    client = boto3.client(
        "stepfunctions",
        region_name="us-east-1",
        config=Config(retries={"mode": "standard", "total_max_attempts": 2}),
    )
    waiting = list(attempts)

    def respond(request: Any, **_: Any) -> Any:
        attempt = waiting.pop(0)
        if attempt is None:
            raise ConnectTimeoutError(endpoint_url=request.url)
        status, code = attempt
        headers: Any = {"content-type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, status, headers, Body(json.dumps({"__type": code}).encode()))

    client.meta.events.register("before-send.sfn.StartExecution", respond)
    Executions(client).start(MACHINE, "order-7", {})


@pytest.mark.parametrize(
    ("attempts", "code"),
    [
        ([THROTTLED, THROTTLED], "ThrottlingException"),
        ([(400, "AccessDeniedException")], "AccessDeniedException"),
    ],
)
def test_a_start_is_rejected_if_every_attempt_is_rejected(attempts: list[tuple[int, str]], code: str) -> None:
    with pytest.raises(StartRejected) as refused:
        start(*attempts)

    assert refused.value.code == code


@pytest.mark.parametrize("first", [LOST, BROKEN])
def test_a_rejection_after_an_attempt_with_unknown_outcome_is_not_certain(
    first: tuple[int, str] | None,
) -> None:
    with pytest.raises(ClientError, match="ThrottlingException"):
        start(first, THROTTLED)


def test_an_execution_of_an_alias_has_the_arn_of_one_of_the_machine() -> None:
    expected = "arn:aws:states:us-east-1:123456789012:execution:messaging_v2:order-7"

    assert execution_arn(MACHINE, "order-7") == expected
    assert execution_arn(f"{MACHINE}:live", "order-7") == expected
