"""First state of every set-up: the input is checked and completed, and the order's record opened."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.errors import FieldProblem, InvalidInput
from bandwidth_messaging.domain.number_search import NumberSearch
from bandwidth_messaging.domain.orders import customer_order_id
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup
from bandwidth_messaging.domain.times import now, rfc3339
from bandwidth_messaging.domain.validation import parse
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.runtime.workflow import aws_errors

# Numbers travel through the machine in batches of this size: cutting them there would take too long.
_BATCH = 100
_SETUPS: dict[str, Any] = {"hosted_messaging": HostedMessagingSetup, "messaging_v2": MessagingV2Setup}


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the set-up with nothing left out, its `customerOrderId` and its `deadline` (RFC 3339).

    `event` has `kind` (the machine's name), `input` (what the person gave), `executionName` and
    `executionArn`. What numbers to order comes back as `search`, and the numbers of a hosted set-up in
    `batches` (E.164).
    Raises InvalidInput that names every wrong field.
    """
    kind = event["kind"]
    setup: HostedMessagingSetup | MessagingV2Setup = parse(_SETUPS[kind], event["input"])
    order_id = setup.customer_order_id or customer_order_id(event["executionName"])
    with aws_errors():
        opened = wiring.orders().open(
            order_id,
            kind=kind,
            requested=setup.requested,
            execution_arn=event["executionArn"],
            at=now(),
            digest=setup.digest(),
        )
    if not opened:
        detail = f"{order_id} was used for another order; choose a new one"
        raise InvalidInput([FieldProblem("customerOrderId", detail)])
    deadline = datetime.now(UTC) + timedelta(hours=setup.deadline_hours)
    checked = setup.model_dump(by_alias=True, exclude=set(NumberSearch.model_fields)) | {
        "customerOrderId": order_id,
        "siteId": setup.site_id or settings().bandwidth_site_id,
        "applicationName": setup.application_name or settings().stack_name,
        "deadline": rfc3339(deadline.isoformat()),
        "quantity": setup.requested,
        "orderNotifications": settings().order_notifications == "true",
    }
    if isinstance(setup, MessagingV2Setup):
        location_name = setup.location_name or _as_location_name(settings().stack_name)
        return checked | {"search": setup.search(), "locationName": location_name}
    numbers = setup.telephone_numbers
    return checked | {
        "batches": [numbers[start : start + _BATCH] for start in range(0, len(numbers), _BATCH)],
    }


def _as_location_name(stack_name: str) -> str:
    """A location's name has up to 50 letters, digits and spaces (13501, 13502); a stack's has dashes too."""
    return stack_name.replace("-", " ")[:50].strip()
