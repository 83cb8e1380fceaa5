"""First state of every set-up: the input is checked and completed, and the order's record opened."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.orders import customer_order_id
from bandwidth_messaging.domain.setups import MessagingV2Setup
from bandwidth_messaging.domain.times import now, rfc3339
from bandwidth_messaging.domain.validation import parse
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the set-up with nothing left out, its `customerOrderId` and its `deadline` (RFC 3339).

    `event` has `input` (what the person gave), `executionName` and `executionArn`.
    Raises InvalidInput that names every wrong field.
    """
    setup = parse(MessagingV2Setup, event["input"])
    order_id = setup.customer_order_id or customer_order_id(event["executionName"])
    wiring.orders().open(
        order_id,
        kind="messaging_v2",
        requested=setup.quantity,
        execution_arn=event["executionArn"],
        at=now(),
    )
    stack = settings().stack_name
    checked = setup.model_copy(
        update={
            "customer_order_id": order_id,
            "site_id": setup.site_id or settings().bandwidth_site_id,
            "application_name": setup.application_name or stack,
            # A location's name may hold letters, digits and spaces only, a stack's has dashes.
            "location_name": setup.location_name or stack.replace("-", " "),
        }
    )
    deadline = datetime.now(UTC) + timedelta(hours=setup.deadline_hours)
    return checked.model_dump(by_alias=True) | {"deadline": rfc3339(deadline.isoformat())}
