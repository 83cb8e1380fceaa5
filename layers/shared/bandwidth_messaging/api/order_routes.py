"""Operations of the ControlApi that read orders. functions/control/browse registers them."""

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import AfterValidator

from bandwidth_messaging.api import responses
from bandwidth_messaging.api.cursors import list_page
from bandwidth_messaging.api.parameters import LIMIT_EXAMPLE, Cursor, Limit
from bandwidth_messaging.api.resolver import operation
from bandwidth_messaging.api.views import View, order_view
from bandwidth_messaging.domain.orders import KINDS, Kind, is_customer_order_id
from bandwidth_messaging.domain.problems import FieldProblem, NotFound
from bandwidth_messaging.domain.texts import normalize
from bandwidth_messaging.store.keys import find_customer_order_id

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
    """Register the operations."""

    @operation(
        app.get,
        "/orders",
        tag="Set-ups",
        response=responses.Orders,
        errors={HTTPStatus.UNPROCESSABLE_ENTITY: LIMIT_EXAMPLE},
    )
    def list_orders(
        kind: Annotated[Kind | None, Query(description="Kind of the orders")] = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> dict[str, Any]:
        """Return the orders of one kind, or of all kinds, kind by kind, the latest start first.

        `failures` has no single numbers. GET /orders/{customerOrderId} returns them.
        """
        query = partial(orders().list_by_kinds, (kind,) if kind else KINDS)
        list_name = f"orders {kind or 'of all kinds'}"
        return list_page(query, _view, list_name=list_name, limit=limit, cursor=cursor)

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


def _view(order: Mapping[str, Any]) -> View:
    return order_view(find_customer_order_id(order), order)
