"""Records why a set-up failed, and returns the reason for the end of the state machine."""

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.next_steps import next_steps
from bandwidth_messaging.domain.orders import OrderState
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.runtime.steps import aws_errors


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Return `error`, `reason` and `nextSteps`.

    `event` has `customerOrderId`, `error`, and `cause` as Lambda wrote it.
    """
    customer_order_id, reason = event["customerOrderId"], _words(event["cause"])
    with aws_errors():
        order = stores.orders().finish(customer_order_id, OrderState.FAILED, at=now(), reason=reason)
    return {
        "error": event["error"],
        "reason": reason,
        "nextSteps": next_steps(customer_order_id, order or {}) or "",
    }


def _words(cause: str) -> str:
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause
