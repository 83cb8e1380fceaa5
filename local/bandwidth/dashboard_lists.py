"""Lists of the Dashboard API: pages of them, and the list of orders that number orders have."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from flask import request
from lxml import etree

from local.bandwidth.account import RefusedError
from local.bandwidth.dashboard_xml import element
from local.bandwidth.timestamps import timestamp

PAGE_SIZE = 300


class ListedOrder(Protocol):
    id: str
    customer_order_id: str | None
    status: str
    created: datetime
    modified: datetime


def page[Item](items: Sequence[Item], size: int = PAGE_SIZE, largest: int | None = None) -> Sequence[Item]:
    """The items of the page that the query asks for, of `size` and at most `largest` unless told."""
    number = request.args.get("page", 1, type=int)
    size = request.args.get("size", size, type=int)
    if number < 1 or size < 1:
        raise RefusedError(400, "1006", "page and size must be positive.")
    if largest is not None and size > largest:
        raise RefusedError(400, "1006", f"size must be {largest} at most.")
    return items[(number - 1) * size : number * size]


def orders_listed[Order: ListedOrder](
    orders: Sequence[Order], counts: Sequence[int], order_type: str, user: str
) -> etree._Element:
    """The answer that lists orders, with how many numbers each has."""
    listed = element("ListOrderIdUserIdDate", element("TotalCount", len(orders)))
    for order, count in page(list(zip(orders, counts, strict=True))):
        shown = element("OrderIdUserIdDate", element("CountOfTNs", count))
        if order.customer_order_id:
            shown.append(element("CustomerOrderId", order.customer_order_id))
        for tag, value in (
            ("userId", user),
            ("lastModifiedDate", timestamp(order.modified)),
            ("OrderDate", timestamp(order.created)),
            ("OrderType", order_type),
            ("orderId", order.id),
            ("OrderStatus", order.status),
        ):
            shown.append(element(tag, value))
        listed.append(shown)
    return element("ResponseSelectWrapper", listed)
