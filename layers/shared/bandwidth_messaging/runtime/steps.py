"""Makes a Lambda handler of a state machine's step: parses the request, and records the step in its order."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial, wraps
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from bandwidth_messaging.bandwidth.errors import BandwidthError, BandwidthGarbled
from bandwidth_messaging.domain.next_steps import advise_on_error
from bandwidth_messaging.domain.orders import MAX_REASON_CHARACTERS, Failure, OrderStatus
from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.domain.step_outcomes import StepOutcome
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.domain.validation import CamelModel, parse
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.logging import append_keys, logger
from bandwidth_messaging.store.order_store import STEP_IDS

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# A payload of Step Functions has at most 256 KiB; every failed number has its own record.
MAX_FAILURES = 100
_MAX_REASONS = 5
INCOMPLETE_DURATION: Final = timedelta(minutes=15)
"""How long after its end an order may list too few numbers."""
_KEPT = (*STEP_IDS, "requested", "setupOrderId")


class StepInput(CamelModel):
    """The request of every step names its order by the CustomerOrderId, and the execution.

    Definitions of earlier versions do not send `executionArn`. Dumps of a request leave it out.
    """

    customer_order_id: str
    execution_arn: str | None = Field(None, exclude=True)


class StepResult(CamelModel):
    """What a step returns to its state machine.

    The order's record keeps `outcome` and `replacedApplicationId`, which code decides by, and `detail`, which
    is for people only.
    """

    outcome: StepOutcome | None = Field(None, exclude_if=lambda value: value is None)
    replaced_application_id: str | None = Field(None, exclude_if=lambda value: value is None)
    detail: str | None = None


class AwsUnavailable(Exception):
    """AWS could not be reached or throttled the request. Every step can run again."""


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turn the errors of AWS clients into the class that the state machines retry."""
    try:
        yield
    except (BotoCoreError, ClientError, GetParameterError) as error:
        raise AwsUnavailable(type(error).__name__) from error


@contextmanager
def _advice() -> Iterator[None]:
    """End the text of an error that the console shows with what a person can do next."""
    try:
        yield
    except Exception as error:
        if advice := advise_on_error(type(error).__name__):
            error.args = (f"{str(error).removesuffix('.')}. {advice}",)
        raise


def step[Request: StepInput](
    name: str, request_model: type[Request], *, of: Callable[[Request], str] | None = None
) -> Callable[[Callable[[Request], StepResult]], Callable[..., dict[str, Any]]]:
    """Return a decorator that makes a Lambda handler of a step. `name` is the name of its state.

    `of` distinguishes the runs of a state that runs several times in an execution.

    The order's record has the step's start, its state (running, succeeded or failed), its end, and the ids it
    found or created. An interrupted step stays running. The state machine matches an exception
    by the name of its class. A step of an execution that another one has replaced does nothing: the handler
    raises ExecutionReplaced.
    """

    def decorate(function: Callable[[Request], StepResult]) -> Callable[..., dict[str, Any]]:
        @wraps(function)
        @_advice()
        def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
            request = parse(request_model, event)
            title = f"{name}: {of(request)}" if of else name
            append_keys(
                step=title,
                customer_order_id=request.customer_order_id,
                function_request_id=context.aws_request_id,
            )

            started_at = now()
            with aws_errors():
                record = partial(
                    stores.orders().record_step,
                    request.customer_order_id,
                    title,
                    execution_arn=request.execution_arn,
                    started_at=started_at,
                )
                record(state="running", at=started_at)
            try:
                with aws_errors():
                    result = function(request)
            except Exception as error:
                is_explained = isinstance(error, BandwidthError | InvalidInput)
                reason = f"{type(error).__name__}: {error}" if is_explained else type(error).__name__
                logger.warning("step failed", extra={"reason": reason})
                # The state machine must get this error, even if the record cannot be written.
                with suppress(Exception):
                    record(state="failed", at=now(), detail=reason)
                raise
            returned = result.model_dump(by_alias=True, mode="json")
            found = {name: returned[name] for name in _KEPT if name in returned}
            with aws_errors():
                record(
                    state="succeeded",
                    at=now(),
                    detail=result.detail,
                    outcome=result.outcome,
                    replaced_application_id=result.replaced_application_id,
                    found=found,
                )
            logger.info("step succeeded", extra={"detail": result.detail})
            return returned

        return handler

    return decorate


def task[Request: CamelModel](
    name: str, request_model: type[Request]
) -> Callable[[Callable[[Request], CamelModel]], Callable[..., dict[str, Any]]]:
    """Return a decorator that makes a Lambda handler of a step without an order.

    `name` is the name of its state. The state machine matches an exception by the name of its class.
    """

    def decorate(function: Callable[[Request], CamelModel]) -> Callable[..., dict[str, Any]]:
        @wraps(function)
        @_advice()
        def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
            request = parse(request_model, event)
            append_keys(step=name, function_request_id=context.aws_request_id)
            try:
                with aws_errors():
                    result = function(request)
            except Exception as error:
                logger.warning("step failed", extra={"reason": type(error).__name__})
                raise
            logger.info("step succeeded")
            return result.model_dump(by_alias=True, mode="json")

        return handler

    return decorate


def shown(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """Return the failures that a state carries: the first 100, each reason cut to 300 characters."""
    return tuple(
        failure | {"reason": failure["reason"][:MAX_REASON_CHARACTERS]}
        for failure in islice(failures, MAX_FAILURES)
    )


def incomplete_since(order_id: str, order: OrderStatus, since: str | None) -> str | None:
    """Return since when (RFC 3339) an order has been incomplete, None if it is not.

    `since` is what the last check returned. Raises BandwidthGarbled after INCOMPLETE_DURATION.
    """
    if not order.is_incomplete:
        return None
    at = now()
    since = since or at
    if datetime.fromisoformat(at) - datetime.fromisoformat(since) > INCOMPLETE_DURATION:
        message = f"order {order_id} is {order.status}, but lists fewer numbers than it completed"
        raise BandwidthGarbled(message)
    return since


def reason_of(order_id: str, order: OrderStatus) -> str:
    """Return the text for people of why Bandwidth's order failed."""
    reasons = sorted(
        {
            f"{failure['code'] or ''} {failure['reason'][:MAX_REASON_CHARACTERS]}".strip()
            for failure in order.failures
        }
    )
    more = f"; and {len(reasons) - _MAX_REASONS} more" if len(reasons) > _MAX_REASONS else ""
    return (
        f"Bandwidth's order {order_id} failed: {'; '.join(reasons[:_MAX_REASONS]) or 'no reason given'}{more}"
    )
