"""Operation of the ControlApi that reads orders. functions/control/browse registers it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import AfterValidator

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import order_view
from bandwidth_messaging.domain.orders import is_customer_order_id
from bandwidth_messaging.domain.problems import FieldProblem, NotFound
from bandwidth_messaging.domain.texts import normalize

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver

    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.order_store import Orders

_MAX_FAILURES: Final = 100
_NOT_FOUND: Final = "Order {} does not exist."
_INVALID_ID: Final = "is not a customerOrderId. Use at most 40 letters, digits, spaces and dashes."


def _customer_order_id(value: str) -> str:
    value = normalize(value)
    if not is_customer_order_id(value):
        raise ValueError(_INVALID_ID)
    return value


_CustomerOrderId = Annotated[str, Path(alias="customerOrderId"), AfterValidator(_customer_order_id)]


def add_order_routes(
    app: "APIGatewayRestResolver", orders: "Callable[[], Orders]", numbers: "Callable[[], Numbers]"
) -> None:
    """Register the operation."""

    @operation(
        app.get,
        "/orders/<customerOrderId>",
        tag="Set-ups",
        response=responses.Order,
        errors={
            HTTPStatus.NOT_FOUND: _NOT_FOUND.format("order-7"),
            HTTPStatus.UNPROCESSABLE_ENTITY: FieldProblem("customerOrderId", _INVALID_ID),
        },
    )
    def get_order(customer_order_id: _CustomerOrderId) -> dict[str, Any]:
        """Return an order: the progress of the set-up, its numbers and its failures."""
        if (order := orders().get(customer_order_id)) is None:
            raise NotFound(_NOT_FOUND.format(customer_order_id))
        failed = (
            numbers().list_failed_by_order(customer_order_id, limit=_MAX_FAILURES)
            if order.get("failed")
            else []
        )
        return order_view(customer_order_id, order, failed)
