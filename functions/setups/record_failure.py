"""Records why a set-up failed, and returns the reason for the end of the state machine."""

import json
from typing import Any

from bandwidth_messaging.domain.next_steps import next_steps
from bandwidth_messaging.domain.orders import OrderState
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.domain.validation import CamelModel
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.steps import task


class Request(CamelModel):
    """`cause` is as Lambda wrote it. Definitions of earlier versions do not send `executionArn`."""

    customer_order_id: str
    execution_arn: str | None = None
    error: str
    cause: Any


class Result(CamelModel):
    error: str
    reason: str
    next_steps: str


@task("Record Failure", Request)
def handler(request: Request) -> Result:
    """Record the failure, unless numbers have completed since."""
    reason = _words(request.cause)
    order = stores.orders().finish(
        request.customer_order_id,
        OrderState.FAILED,
        at=now(),
        execution_arn=request.execution_arn,
        reason=reason,
    )
    advice = next_steps(request.customer_order_id, order or {}) or ""
    return Result(error=request.error, reason=reason, next_steps=advice)


def _words(cause: Any) -> str:
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return str(cause)
