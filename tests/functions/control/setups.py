"""Requests that start set-ups, and failures of Step Functions to start them."""

from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from bandwidth_messaging.runtime import stores
from functions.control import start_setup
from tests.functions.conftest import call_api

AT = "2026-01-01T00:00:00.000Z"


def start(**given: Any) -> tuple[int, Any]:
    """Request a set-up of Messaging 2.0."""
    return call_api(start_setup, "POST", "/setups/messaging-v2", body=given)


def start_with_key(key: str, **given: Any) -> tuple[int, Any]:
    """Request a set-up of Messaging 2.0 with an Idempotency-Key."""
    return call_api(start_setup, "POST", "/setups/messaging-v2", body=given, headers={"Idempotency-Key": key})


def end_setup(started: Any, state: str, at: str = AT) -> None:
    """Record that a set-up ended in a state."""
    stores.orders().finish(started["customerOrderId"], state, at=at)


def list_executions(state_machine: str) -> list[Any]:
    """Return the executions of a state machine."""
    return list(boto3.client("stepfunctions").list_executions(stateMachineArn=state_machine)["executions"])


def set_status(patch: pytest.MonkeyPatch, status: str, error: str | None = None) -> None:
    """Let Step Functions report this status of every execution."""
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    def report(client: Any, name: str, parameters: Any) -> Any:
        response = send(client, name, parameters)
        changes = {"status": status} | ({"error": error} if error else {})
        return response | changes if name == "DescribeExecution" else response

    patch.setattr(BaseClient, "_make_api_call", report)


NO_ATTEMPT = object()


def refuse_start(patch: pytest.MonkeyPatch, code: str, *, earlier_attempt: object = NO_ATTEMPT) -> None:
    """Let Step Functions refuse to start an execution.

    `earlier_attempt` is the status of an attempt that botocore retried: None if no response came.
    """
    send = BaseClient._make_api_call  # type: ignore[attr-defined]

    def refuse(client: Any, name: str, parameters: Any) -> Any:
        if name != "StartExecution":
            return send(client, name, parameters)
        if earlier_attempt is not NO_ATTEMPT:
            response = None if earlier_attempt is None else {"status_code": earlier_attempt}
            client.meta.events.emit("response-received.sfn.StartExecution", response_dict=response)
        client.meta.events.emit("response-received.sfn.StartExecution", response_dict={"status_code": 400})
        details = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        raise ClientError(details, name)  # type: ignore[arg-type]

    patch.setattr(BaseClient, "_make_api_call", refuse)
