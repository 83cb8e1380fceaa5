"""Executions of the state machines in Step Functions, for starts, ends and notifications of set-ups."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_RESPONSE_EVENT: Final = "response-received.sfn.StartExecution"


@dataclass(frozen=True)
class Execution:
    """An execution. `error` is the name of the error that ended it, if any."""

    arn: str
    status: str
    input: Any
    error: str | None
    redrive_count: int

    @property
    def name(self) -> str:
        """Return the name, which is unique for its state machine."""
        return self.arn.rpartition(":")[2]

    @property
    def machine(self) -> str:
        """Return the name of its state machine."""
        return self.arn.split(":")[6]

    @property
    def is_running(self) -> bool:
        """Return whether it has not ended, or continues after a redrive."""
        return self.status in {"RUNNING", "PENDING_REDRIVE"}

    @property
    def has_failed(self) -> bool:
        """Return whether it ended without success."""
        return self.status in {"FAILED", "TIMED_OUT", "ABORTED"}

    def is_outdated(self, status: str, redrive_count: int) -> bool:
        """Return whether it was read as it was before it reached a status, after some redrives."""
        if redrive_count != self.redrive_count:
            return redrive_count > self.redrive_count
        return self.is_running and status != "RUNNING"


class ExecutionOutdated(Exception):
    """Step Functions does not return yet what became of an execution. The call can be repeated."""

    def __init__(self, execution_arn: str) -> None:
        super().__init__(f"Step Functions does not return the new status of {execution_arn} yet")


class StartRejected(Exception):
    """Step Functions rejected the start of an execution, and no attempt can have started it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Executions:
    """Starts and reads executions, and ends their waits."""

    def __init__(self, client: "SFNClient") -> None:
        self._client = client

    def start(self, state_machine: str, name: str, execution_input: dict[str, Any]) -> bool:
        """Start an execution. Return False if the state machine (ARN) has used the name before.

        A running execution with the same name and input counts as started. Raises StartRejected. Other errors
        leave open whether the execution started.
        """
        statuses: list[int | None] = []

        def note_attempt(response_dict: dict[str, Any] | None = None, **_: Any) -> None:
            statuses.append(response_dict["status_code"] if response_dict else None)

        # botocore repeats a call without a response. The lost attempt may have started the execution.
        events = self._client.meta.events
        events.register(_RESPONSE_EVENT, note_attempt)
        try:
            self._client.start_execution(
                stateMachineArn=state_machine, name=name, input=json.dumps(execution_input)
            )
        except self._client.exceptions.ExecutionAlreadyExists:
            return False
        except ClientError as error:
            if all(map(_is_rejection, [*statuses, _status_of(error)])):
                raise StartRejected(error.response["Error"]["Code"]) from error
            raise
        finally:
            events.unregister(_RESPONSE_EVENT, note_attempt)
        return True

    def end_wait(self, task_token: str) -> bool:
        """Complete the waiting task of an execution. Return False if the wait has ended before."""
        try:
            self._client.send_task_success(taskToken=task_token, output="{}")
        except (
            self._client.exceptions.TaskTimedOut,
            self._client.exceptions.TaskDoesNotExist,
            self._client.exceptions.InvalidToken,
        ):
            return False
        return True

    def find(self, execution_arn: str) -> Execution | None:
        """Return an execution. Return None if it never started, or ended more than 90 days ago.

        The status can be outdated: DescribeExecution is eventually consistent
        (https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html).
        """
        try:
            found = self._client.describe_execution(executionArn=execution_arn)
        except self._client.exceptions.ExecutionDoesNotExist:
            return None
        return Execution(
            execution_arn,
            found["status"],
            json.loads(found["input"]),
            found.get("error"),
            found.get("redriveCount", 0),
        )


def execution_arn(state_machine: str, name: str) -> str:
    """Return the ARN of an execution.

    ``state_machine`` is the ARN of the machine or of an alias. Both give the same ARN, because the names of
    executions are unique within a machine
    (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
    """
    *arn, _, machine = state_machine.split(":")[:7]
    return ":".join([*arn, "execution", machine, name])


def _status_of(error: ClientError) -> int | None:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")


def _is_rejection(status: int | None) -> bool:
    return status is not None and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
