"""Operations of the ControlApi that start set-ups and releases. functions/control/start_setup has them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Body

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.parameters import IdempotencyKey
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.domain.problems import FieldProblem
from bandwidth_messaging.domain.releases import NumberRelease
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup
from bandwidth_messaging.services.setup_start import StartConflict, Started, describe_conflict

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.services.setup_start import SetupStart

_CONFLICT: Final = describe_conflict("Order 7", StartConflict.NOT_ENDED, "ordered")


def add_setup_routes(app: "APIGatewayRestResolver", setup_start: "Callable[[], SetupStart]") -> None:
    """Register the operations."""

    @operation(
        app.post,
        "/setups/messaging-v2",
        tag="Set-ups",
        response=responses.StartedSetup,
        status=HTTPStatus.ACCEPTED,
        errors={
            HTTPStatus.CONFLICT: _CONFLICT,
            HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem(
                "quantity", "input should be greater than or equal to 1"
            ),
        },
    )
    def start_messaging_v2(
        setup: Annotated[MessagingV2Setup, Body()], idempotency_key: IdempotencyKey = None
    ) -> tuple[dict[str, Any], int]:
        """Start a set-up of Messaging 2.0.

        The set-up orders new numbers, which send and receive through the V2 API. GET
        /orders/{customerOrderId} returns its progress. To continue a failed set-up, start the set-up again
        with the same customerOrderId. A request without a response can be repeated if the request has an
        Idempotency-Key or a customerOrderId.
        """
        return _accepted(setup_start().start("messaging_v2", setup, idempotency_key))

    @operation(
        app.post,
        "/setups/hosted-messaging",
        tag="Set-ups",
        response=responses.StartedSetup,
        status=HTTPStatus.ACCEPTED,
        errors={
            HTTPStatus.CONFLICT: _CONFLICT,
            HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem("action", "input should be 'IMPORT' or 'REMOVE'"),
        },
    )
    def start_hosted_messaging(
        setup: Annotated[HostedMessagingSetup, Body()], idempotency_key: IdempotencyKey = None
    ) -> tuple[dict[str, Any], int]:
        """Start a set-up of Hosted Messaging.

        The set-up imports numbers that stay with another carrier, or releases them. The numbers send and
        receive through the V2 API, or with BandwidthApi=classic through the V1 API. GET
        /orders/{customerOrderId} returns its progress. A dryRun has no order: the output of its execution
        lists the numbers that can be imported. To continue a failed set-up, start the set-up again with the
        same customerOrderId. A request without a response can be repeated if the request has an
        Idempotency-Key or a customerOrderId.
        """
        return _accepted(setup_start().start("hosted_messaging", setup, idempotency_key))

    @operation(
        app.post,
        "/releases",
        tag="Set-ups",
        response=responses.StartedSetup,
        status=HTTPStatus.ACCEPTED,
        errors={
            HTTPStatus.CONFLICT: describe_conflict("release-7", StartConflict.OTHER_EXECUTION, "release-7"),
            HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem(
                "everything", "needs the customerOrderId of the set-up to undo"
            ),
        },
    )
    def start_release(
        release: Annotated[NumberRelease, Body()], idempotency_key: IdempotencyKey = None
    ) -> tuple[dict[str, Any], int]:
        """Release numbers, and with everything also delete what their set-up created.

        Ordered numbers are disconnected, and hosted numbers are removed. This cannot be undone. The response
        has the customerOrderId of the release: GET /orders/{customerOrderId} returns its progress, also why
        the release failed, such as an unknown number. A dryRun changes nothing and has no order: the output
        of its execution is the plan. A request without a response can be repeated: numbers that are already
        released are left out.
        """
        return _accepted(setup_start().start("release_numbers", release, idempotency_key))


def _accepted(started: Started) -> tuple[dict[str, Any], int]:
    view = {"customerOrderId": started.customer_order_id, "executionArn": started.execution_arn}
    return view, HTTPStatus.ACCEPTED
