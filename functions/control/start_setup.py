"""POST /setups/…: the input is checked as the machine will check it, and the machine started."""

import json
import uuid
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.domain.errors import FieldProblem, InvalidInput
from bandwidth_messaging.domain.orders import Kind
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import answers, wiring
from bandwidth_messaging.runtime.api import Conflict, operation, resolver
from bandwidth_messaging.runtime.settings import settings

app = resolver()

_STARTED_BEFORE = "A set-up with the customerOrderId {!r} was started before."


@operation(
    app.post,
    "/setups/messaging-v2",
    tag="Set-ups",
    answer=answers.StartedSetup,
    status=HTTPStatus.ACCEPTED,
    errors={
        HTTPStatus.CONFLICT: _STARTED_BEFORE.format("Order 7"),
        HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem(
            "quantity", "input should be greater than or equal to 1"
        ),
    },
)
def start_messaging_v2(setup: Annotated[MessagingV2Setup, Body()]) -> tuple[dict[str, Any], int]:
    """Start a set-up of Messaging 2.0.

    It orders new numbers, which send and receive through the V2 API. GET /orders/{customerOrderId} tells how
    far it is.
    """
    return _start("messaging_v2", settings().messaging_v2_state_machine, setup)


@operation(
    app.post,
    "/setups/hosted-messaging",
    tag="Set-ups",
    answer=answers.StartedSetup,
    status=HTTPStatus.ACCEPTED,
    errors={
        HTTPStatus.CONFLICT: _STARTED_BEFORE.format("Order 7"),
        HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem("action", "input should be 'IMPORT' or 'REMOVE'"),
    },
)
def start_hosted_messaging(setup: Annotated[HostedMessagingSetup, Body()]) -> tuple[dict[str, Any], int]:
    """Start a set-up of Hosted Messaging.

    It imports numbers that live with another carrier, or gives them back; they send and receive through V2,
    with BandwidthApi=classic through V1. GET /orders/{customerOrderId} tells how far it is; a dryRun has no
    order, its execution's output tells which numbers can be imported.
    """
    return _start("hosted_messaging", settings().hosted_messaging_state_machine, setup)


def _start(
    kind: Kind, state_machine: str, setup: MessagingV2Setup | HostedMessagingSetup
) -> tuple[dict[str, Any], int]:
    if problems := setup.problems_with(settings().bandwidth_api):
        raise InvalidInput(problems)
    customer_order_id = setup.customer_order_id or f"setup-{uuid.uuid4().hex}"
    client = wiring.step_functions()
    try:
        execution = client.start_execution(
            stateMachineArn=state_machine,
            # An execution's name is unique for 90 days and may hold no spaces.
            name=customer_order_id.replace(" ", "_"),
            input=json.dumps(setup.model_dump(by_alias=True, exclude_unset=True)),
        )
    except client.exceptions.ExecutionAlreadyExists:
        raise Conflict(_STARTED_BEFORE.format(customer_order_id)) from None
    arn = execution["executionArn"]
    if not (isinstance(setup, HostedMessagingSetup) and setup.dry_run):
        wiring.orders().open(
            customer_order_id, kind=kind, requested=setup.requested, execution_arn=arn, at=now()
        )
    return {"customerOrderId": customer_order_id, "executionArn": arn}, HTTPStatus.ACCEPTED


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway request."""
    return app.resolve(event, context)
