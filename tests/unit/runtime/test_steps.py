"""The step decorator: typed in, typed out, recorded, and without secrets in records and logs."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError, EndpointConnectionError

from bandwidth_messaging.bandwidth.errors import (
    BandwidthOutcomeUnknown,
    BandwidthRejected,
    BandwidthUnauthorized,
    BandwidthUnavailable,
)
from bandwidth_messaging.domain.orders import Failure, OrderStatus
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.runtime import logging as json_logging
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.steps import AwsUnavailable, StepInput, StepResult, reason_of, step

EVENT = {"customerOrderId": "demo", "siteId": "743"}
RUNNING = ("demo", "Create location", "running")


class Request(StepInput):
    site_id: str


class Result(StepResult):
    location_id: str
    numbers: tuple[str, ...] = ()


@dataclass
class Context:
    aws_request_id: str = "request-1"


class Recorder:
    """Replaces the orders' store and keeps the recorded steps."""

    def __init__(self) -> None:
        self.records: list[tuple[Any, ...]] = []

    def record_step(self, customer_order_id: str, name: str, **fields: Any) -> None:
        assert fields["started_at"] <= fields["at"]
        end = () if fields["state"] == "running" else (fields.get("detail"), fields.get("found", {}))
        self.records.append((customer_order_id, name, fields["state"], *end))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(stores, "orders", lambda: recorder)
    return recorder


@pytest.fixture(autouse=True)
def _a_new_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_logging, "_context", {})


def run(failing: BaseException | None = None, event: Any = EVENT, **result: Any) -> dict[str, Any]:
    """Run a step that fails or returns the result."""

    @step("Create location", Request)
    def handler(request: Request) -> Result:
        """Do what the step does."""
        assert request.site_id == "743"
        if failing:
            raise failing
        return Result(location_id="561", **result)

    return handler(event, Context())


def test_a_step_reads_and_returns_camel_case(recorder: Recorder) -> None:
    assert run(detail="created", numbers=("+19102398766",)) == {
        "detail": "created",
        "locationId": "561",
        "numbers": ["+19102398766"],
    }


def test_a_successful_step_records_its_resources(recorder: Recorder) -> None:
    run(detail="created")
    assert recorder.records == [
        RUNNING,
        ("demo", "Create location", "succeeded", "created", {"locationId": "561"}),
    ]


@pytest.mark.parametrize(
    "error",
    [
        BandwidthRejected("POST /sippeers", code="13524", words="The name exists."),
        BandwidthUnavailable("try later"),
        BandwidthOutcomeUnknown("the outcome is unknown"),
        InvalidInput([FieldProblem("siteId", "is wrong")]),
    ],
)
def test_a_failed_step_records_the_reason_and_raises_the_exception(
    recorder: Recorder, error: Exception
) -> None:
    why = f"{type(error).__name__}: {error}"

    with pytest.raises(type(error)) as raised:
        run(failing=error)

    assert raised.value is error

    assert recorder.records == [RUNNING, ("demo", "Create location", "failed", why, {})]


def test_the_message_of_an_unexpected_exception_is_neither_recorded_nor_logged(
    recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RuntimeError):
        run(failing=RuntimeError("the password is hunter2"))
    assert recorder.records == [RUNNING, ("demo", "Create location", "failed", "RuntimeError", {})]
    assert "hunter2" not in capsys.readouterr().out


class Unrecorded(Exception):
    pass


class ForgetfulRecorder(Recorder):
    """Raises an error when a step ends."""

    def record_step(self, customer_order_id: str, name: str, **fields: Any) -> None:
        if fields["state"] != "running":
            raise Unrecorded


class Killed(BaseException):
    """Ends a step at once, as a dying function does."""


def test_a_killed_step_stays_recorded_as_running(recorder: Recorder) -> None:
    with pytest.raises(Killed):
        run(failing=Killed())
    assert recorder.records == [RUNNING]


def test_a_step_whose_start_cannot_be_recorded_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class FailingRecorder(Recorder):
        def record_step(self, customer_order_id: str, name: str, **fields: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://private")

    monkeypatch.setattr(stores, "orders", FailingRecorder)
    with pytest.raises(AwsUnavailable):
        run(failing=Killed())


def test_an_error_in_recording_does_not_hide_the_error_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "orders", ForgetfulRecorder)
    error = BandwidthUnavailable("try later")

    with pytest.raises(BandwidthUnavailable) as raised:
        run(failing=error)

    assert raised.value is error


def test_a_success_that_cannot_be_recorded_raises_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "orders", ForgetfulRecorder)
    with pytest.raises(Unrecorded):
        run(detail="created")


AWS_ERRORS = [
    ClientError({"Error": {"Code": "ThrottlingException", "Message": "private"}}, "UpdateItem"),
    EndpointConnectionError(endpoint_url="https://private"),
    GetParameterError("private"),
]


@pytest.mark.parametrize("error", AWS_ERRORS, ids=lambda error: type(error).__name__)
def test_every_aws_error_becomes_aws_unavailable(recorder: Recorder, error: Exception) -> None:
    with pytest.raises(AwsUnavailable, match=rf"^{type(error).__name__}\. Run the doctor") as raised:
        run(failing=error)
    assert raised.value.__cause__ is error
    assert recorder.records == [RUNNING, ("demo", "Create location", "failed", "AwsUnavailable", {})]


@pytest.mark.parametrize("error", AWS_ERRORS, ids=lambda error: type(error).__name__)
def test_a_success_that_aws_did_not_record_is_retried(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail() -> Recorder:
        raise error

    monkeypatch.setattr(stores, "orders", fail)
    with pytest.raises(AwsUnavailable):
        run(detail="created")


def test_the_reason_of_a_failed_order_names_at_most_five_reasons() -> None:
    failures = tuple(Failure(number=None, code=str(code), reason="No.") for code in range(25000, 25008))
    assert reason_of("order-1", OrderStatus("FAILED", failures=failures)).endswith("; 25004 No.; and 3 more")


@pytest.mark.parametrize(
    ("failures", "words"),
    [
        ([], "no reason given"),
        ([(None, "25010", "No permission.")], "25010 No permission."),
        ([(None, None, "No permission.")], "No permission."),
        ([("+1", "25080", "Cannot."), ("+2", "25080", "Cannot.")], "25080 Cannot."),
        ([("+1", "25080", "Cannot."), (None, "25010", "No.")], "25010 No.; 25080 Cannot."),
    ],
)
def test_the_reason_of_a_failed_order_names_each_reason_once(
    failures: list[tuple[str | None, str | None, str]], words: str
) -> None:
    order_failures = tuple(
        Failure(number=number, code=code, reason=reason) for number, code, reason in failures
    )
    assert reason_of("order-1", OrderStatus("FAILED", failures=order_failures)) == (
        f"Bandwidth's order order-1 failed: {words}"
    )


@pytest.mark.parametrize("event", [{"siteId": "743"}, EVENT | {"surprise": 1}, {}, EVENT | {"siteId": None}])
def test_an_invalid_request_is_rejected_before_the_step_is_recorded(
    recorder: Recorder, event: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        run(event=event)
    assert recorder.records == []


def test_log_entries_carry_step_order_and_request(
    recorder: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    run(detail="created")
    (entry,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (entry["message"], entry["step"], entry["customer_order_id"], entry["function_request_id"]) == (
        "step succeeded",
        "Create location",
        "demo",
        "request-1",
    )


def test_a_step_keeps_its_name_and_docstring(recorder: Recorder) -> None:
    @step("Create location", Request)
    def handler(request: Request) -> StepResult:
        """Do what the step does."""
        return StepResult()

    assert (handler.__name__, handler.__doc__) == ("handler", "Do what the step does.")


def test_an_error_that_ends_the_execution_ends_with_what_to_do_next(recorder: Recorder) -> None:
    @step("Create location", Request)
    def handler(request: Request) -> Result:
        raise BandwidthUnauthorized("GET /accounts/1 returned 401")

    with pytest.raises(BandwidthUnauthorized) as raised:
        handler(EVENT, Context())

    assert str(raised.value) == (
        "GET /accounts/1 returned 401. Run the doctor and correct the credentials or roles that it names, "
        "then redrive the execution."
    )
    assert recorder.records[-1][3] == "BandwidthUnauthorized: GET /accounts/1 returned 401"


def test_a_rejection_has_no_advice_because_the_machine_adds_it(recorder: Recorder) -> None:
    @step("Create location", Request)
    def handler(request: Request) -> Result:
        raise BandwidthRejected("POST /sippeers", words="no")

    with pytest.raises(BandwidthRejected, match=r"was rejected: no$"):
        handler(EVENT, Context())
