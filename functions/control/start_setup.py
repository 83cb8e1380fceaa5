"""POST /setups/…: the input is checked as the machine will check it, and the machine started."""

import json
import re
import uuid
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.errors import FieldProblem, InvalidInput
from bandwidth_messaging.domain.orders import FAILED, ORDERED, STARTED, Kind
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import answers, wiring
from bandwidth_messaging.runtime.api import Conflict, operation, resolver
from bandwidth_messaging.runtime.settings import settings

app = resolver()

_STARTED_BEFORE = "A set-up with the customerOrderId {!r} was started before, and {}."
_CONFLICT = _STARTED_BEFORE.format("Order 7", "has not ended (ordered)")


@operation(
    app.post,
    "/setups/messaging-v2",
    tag="Set-ups",
    answer=answers.StartedSetup,
    status=HTTPStatus.ACCEPTED,
    errors={
        HTTPStatus.CONFLICT: _CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem(
            "quantity", "input should be greater than or equal to 1"
        ),
    },
)
def start_messaging_v2(setup: Annotated[MessagingV2Setup, Body()]) -> tuple[dict[str, Any], int]:
    """Start a set-up of Messaging 2.0.

    It orders new numbers, which send and receive through the V2 API. GET /orders/{customerOrderId} tells how
    far it is. One that has failed is continued if it is started again with its customerOrderId.
    """
    return _start("messaging_v2", settings().messaging_v2_state_machine, setup)


@operation(
    app.post,
    "/setups/hosted-messaging",
    tag="Set-ups",
    answer=answers.StartedSetup,
    status=HTTPStatus.ACCEPTED,
    errors={
        HTTPStatus.CONFLICT: _CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem("action", "input should be 'IMPORT' or 'REMOVE'"),
    },
)
def start_hosted_messaging(setup: Annotated[HostedMessagingSetup, Body()]) -> tuple[dict[str, Any], int]:
    """Start a set-up of Hosted Messaging.

    It imports numbers that live with another carrier, or gives them back; they send and receive through V2,
    with BandwidthApi=classic through V1. GET /orders/{customerOrderId} tells how far it is; a dryRun has no
    order, its execution's output tells which numbers can be imported. One that has failed is continued if it
    is started again with its customerOrderId.
    """
    return _start("hosted_messaging", settings().hosted_messaging_state_machine, setup)


def _start(
    kind: Kind, state_machine: str, setup: MessagingV2Setup | HostedMessagingSetup
) -> tuple[dict[str, Any], int]:
    if problems := setup.problems_with(settings().bandwidth_api):
        raise InvalidInput(problems)
    customer_order_id = setup.customer_order_id or f"setup-{uuid.uuid4().hex}"
    if isinstance(setup, HostedMessagingSetup) and setup.dry_run:
        # It has no order, and may be followed by the set-up itself under the same id.
        arn = _execute(state_machine, f"dry-run-{uuid.uuid4().hex}", setup)
        return {"customerOrderId": customer_order_id, "executionArn": arn}, HTTPStatus.ACCEPTED
    # An execution's name is unique for 90 days and may hold no spaces.
    name = customer_order_id.replace(" ", "_")
    arn = _execute(state_machine, name, setup)
    if arn is None:
        name = _name_of_next(name, customer_order_id, setup)
        arn = _execute(state_machine, name, setup)
    if arn is None:
        raise Conflict(_STARTED_BEFORE.format(customer_order_id, f"was continued since it failed, as {name}"))
    wiring.orders().open(customer_order_id, kind=kind, requested=setup.requested, execution_arn=arn, at=now())
    return {"customerOrderId": customer_order_id, "executionArn": arn}, HTTPStatus.ACCEPTED


def _execute(state_machine: str, name: str, setup: MessagingV2Setup | HostedMessagingSetup) -> str | None:
    """Start an execution and return its ARN, None if there was one of this name.

    The one that is running with the same input is started once only, and its ARN returned again.
    """
    client = wiring.step_functions()
    try:
        execution = client.start_execution(
            stateMachineArn=state_machine,
            name=name,
            input=json.dumps(setup.model_dump(by_alias=True, exclude_unset=True)),
        )
    except client.exceptions.ExecutionAlreadyExists:
        return None
    return execution["executionArn"]


def _name_of_next(name: str, customer_order_id: str, setup: MessagingV2Setup | HostedMessagingSetup) -> str:
    """Return the name of the execution that continues a set-up that has failed. Raises Conflict for others.

    Each failure is continued once: its time is in the name.
    """
    order = wiring.orders().get(customer_order_id) or {}
    state = order.get("orderState", STARTED)
    if state != FAILED:
        ended = "has not ended" if state in {STARTED, ORDERED} else "has ended"
        raise Conflict(_STARTED_BEFORE.format(customer_order_id, f"{ended} ({state})"))
    # The machine would refuse it, and this failure could not be continued any more.
    if "orderAttemptedAt" in order and order.get("digest") != setup.digest():
        raise Conflict(
            _STARTED_BEFORE.format(customer_order_id, "asked for something else; choose a new one")
        )
    return f"{name}-again-{re.sub(r'[^0-9]', '', order['failedAt'])}"


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway request."""
    return app.resolve(event, context)
