"""Lists of the Dashboard API: pages of orders and of numbers, and the list that number orders have."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

from flask import Response, request
from lxml import etree

from simulator.account.account import Account
from simulator.account.api.xml import element, xml_response
from simulator.account.api_version import is_v2
from simulator.account.number_list_orders import NumbersOrder
from simulator.account.numbers import AccountNumber
from simulator.rejections import RejectedError
from simulator.telephone_numbers import ten_digits
from simulator.timestamps import timestamp

PAGE_SIZE = 300


class ListedOrder(Protocol):
    id: str
    customer_order_id: str | None
    status: str
    created: datetime
    modified: datetime


def filter_orders[Order](find: Callable[[str | None, str | None], list[Order]]) -> list[Order]:
    """Return the orders that `find` returns for the CustomerOrderId and status of the query."""
    return find(request.args.get("customerOrderId"), request.args.get("status"))


def page[Item](items: Sequence[Item]) -> Sequence[Item]:
    """Return the items of the requested page."""
    number = request.args.get("page", 1, type=int)
    size = request.args.get("size", PAGE_SIZE, type=int)
    if number < 1 or size < 1:
        raise RejectedError(400, "1006", "page and size must be positive.")
    return items[(number - 1) * size : number * size]


def paginate_numbers(
    found: Sequence[AccountNumber], size: int, largest: int | None = None
) -> tuple[list[AccountNumber], etree._Element]:
    """Return the sorted numbers of the requested page, and the links to the first and next page.

    `page` is a count from 1, or the first number of the page as in published links.
    """
    ordered = sorted(found, key=lambda each: each.number)
    size = request.args.get("size", size, type=int)
    if size < 1 or (largest is not None and size > largest):
        limit = f" and at most {largest}" if largest else ""
        raise RejectedError(400, "1006", f"size must be positive{limit}.")
    key = request.args.get("page", "1").strip()
    page = ten_digits(key) or key
    if not page.isdigit() or int(page) < 1:
        raise RejectedError(400, "1006", "page must be a count from 1, or a telephone number.")
    start = sum(each.number < page for each in ordered) if ten_digits(page) else (int(page) - 1) * size
    links = element("Links", element("first", _link("first", "1", size)))
    if following := ordered[start + size : start + size + 1]:
        links.append(element("next", _link("next", _page_key(following[0]), size)))
    return ordered[start : start + size], links


def _page_key(number: AccountNumber) -> str:
    return number.e164 if is_v2() else number.number


def _link(relation: str, page: str, size: int) -> str:
    # The plus of a number is not encoded (published sample).
    query = urlencode({**request.args, "page": page, "size": size}, safe="+")
    return f'Link=<{request.base_url}?{query}>;rel="{relation}";'


def list_orders_page[Order: ListedOrder](
    orders: Sequence[Order], counts: Sequence[int], order_type: str, user: str
) -> Response:
    """Return the response that lists a page of orders with the count of numbers of each; 404 without orders.

    As published, `page` is 1 or the id of the first order of the page. Links have only page and size, and
    entries have no CustomerOrderId.
    """
    size = request.args.get("size", PAGE_SIZE, type=int)
    begins_with = request.args.get("page", "1")
    ids = [order.id for order in orders]
    if size < 1 or begins_with not in ("1", *ids):
        raise RejectedError(400, "1006", "page must be 1 or the id of an order, and size positive.")
    start = 0 if begins_with == "1" else ids.index(begins_with)
    links = element("Links", element("first", _order_link("first", "1", size)))
    if not orders:
        return xml_response(links, 404)
    if following := ids[start + size : start + size + 1]:
        links.append(element("next", _order_link("next", following[0], size)))
    listed = element("ListOrderIdUserIdDate", element("TotalCount", len(orders)), links)
    for order, count in list(zip(orders, counts, strict=True))[start : start + size]:
        shown = element("OrderIdUserIdDate", element("CountOfTNs", count))
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
    return xml_response(element("ResponseSelectWrapper", listed))


def _order_link(relation: str, page: str, size: int) -> str:
    return f'Link=<{request.base_url}?page={page}&size={size}>;rel="{relation}";'


def summaries[Order: NumbersOrder](
    root: str, tag: str, order_type: str, orders: Sequence[Order], account: Account
) -> etree._Element:
    """Return the summaries of orders that list their numbers. The status element is OrderStatus."""
    shown = element(root, element("TotalCount", len(orders)))
    for order in page(orders):
        summary = element(tag, element("accountId", account.config.account_id))
        summary.append(element("CountOfTNs", len(order.numbers)))
        if order.customer_order_id:
            summary.append(element("CustomerOrderId", order.customer_order_id))
        for name, value in (
            ("userId", account.config.dashboard_user),
            ("lastModifiedDate", timestamp(order.modified)),
            ("OrderDate", timestamp(order.created)),
            ("OrderType", order_type),
            ("OrderStatus", order.status),
            ("OrderId", order.id),
        ):
            summary.append(element(name, value))
        shown.append(summary)
    return shown
