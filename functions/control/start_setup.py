"""POST /setups/…: checks the input as the state machine checks it, and starts the state machine."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Header
from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.resolver import operation, resolver
from bandwidth_messaging.domain.orders import Kind
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services import setup_start
from bandwidth_messaging.services.setup_start import STARTED_BEFORE, Setup

app = resolver()

_CONFLICT = STARTED_BEFORE.format("Order 7", "has not ended (ordered)")
_IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="The same key and body are one set-up, however often they come",
    ),
]


@operation(
    app.post,
    "/setups/messaging-v2",
    tag="Set-ups",
    answer=responses.StartedSetup,
    status=HTTPStatus.ACCEPTED,
    errors={
        HTTPStatus.CONFLICT: _CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem(
            "quantity", "input should be greater than or equal to 1"
        ),
    },
)
def start_messaging_v2(
    setup: Annotated[MessagingV2Setup, Body()], idempotency_key: _IdempotencyKey = None
) -> tuple[dict[str, Any], int]:
    """Start a set-up of Messaging 2.0.

    It orders new numbers, which send and receive through the V2 API. GET /orders/{customerOrderId} tells how
    far it is. One that has failed is continued if it is started again with its customerOrderId. A request
    without a response can be repeated if it has an Idempotency-Key or a customerOrderId.
    """
    return _start("messaging_v2", settings().messaging_v2_state_machine, setup, idempotency_key)


@operation(
    app.post,
    "/setups/hosted-messaging",
    tag="Set-ups",
    answer=responses.StartedSetup,
    status=HTTPStatus.ACCEPTED,
    errors={
        HTTPStatus.CONFLICT: _CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem("action", "input should be 'IMPORT' or 'REMOVE'"),
    },
)
def start_hosted_messaging(
    setup: Annotated[HostedMessagingSetup, Body()], idempotency_key: _IdempotencyKey = None
) -> tuple[dict[str, Any], int]:
    """Start a set-up of Hosted Messaging.

    It imports numbers that live with another carrier, or gives them back; they send and receive through V2,
    with BandwidthApi=classic through V1. GET /orders/{customerOrderId} tells how far it is; a dryRun has no
    order, its execution's output tells which numbers can be imported. One that has failed is continued if it
    is started again with its customerOrderId. A request without a response can be repeated if it has an
    Idempotency-Key or a customerOrderId.
    """
    return _start("hosted_messaging", settings().hosted_messaging_state_machine, setup, idempotency_key)


def _start(
    kind: Kind, state_machine: str, setup: Setup, idempotency_key: str | None
) -> tuple[dict[str, Any], int]:
    if problems := setup.problems_with(settings().bandwidth_api):
        raise InvalidInput(problems)
    started = setup_start.start(kind, state_machine, setup, idempotency_key)
    view = {"customerOrderId": started.customer_order_id, "executionArn": started.execution_arn}
    return view, HTTPStatus.ACCEPTED


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer an API Gateway request."""
    return app.resolve(event, context)
