"""Looks up an order by its CustomerOrderId in the account API's lists of orders."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from itertools import islice
from time import monotonic
from typing import Final, NamedTuple

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import AccountApi, find_rejection, next_page, parse_root
from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnavailable
from bandwidth_messaging.bandwidth.transport import Response
from bandwidth_messaging.bandwidth.xml import Element
from bandwidth_messaging.domain.texts import is_same_text

FIRST_PAGE: Final = {"page": "1", "size": "300"}
"""The query of a list's first page. GET orders requires one (specification of the Numbers API)."""
CLOCK_MARGIN: Final = timedelta(minutes=5)
"""How far the clocks of Bandwidth and of this account may differ."""
LOOKUP_SECONDS: Final = 30.0
"""A look-up starts no more reads after this time. The Lambda timeout of its functions is 60 s."""
_MAX_PAGES: Final = 20
_DASHED_TIME: Final = re.compile(r"T(\d\d)-(\d\d)-(\d\d)")


class ListedOrder(NamedTuple):
    """An entry of a list. Any entry may lack the CustomerOrderId. `placed_at` is as Bandwidth writes it."""

    order_id: str | None
    customer_order_id: str | None
    placed_at: str


@dataclass(frozen=True)
class OrderList:
    """The entries of the pages that were read. `is_complete` is False if Bandwidth has more entries.

    `response` is the first page, None if Bandwidth reports that no order exists.
    """

    response: Response | None
    orders: list[ListedOrder]
    is_complete: bool

    def candidates(self, placed_after: str | None = None) -> list[ListedOrder]:
        """Return the orders whose CustomerOrderId is not listed, the newest first.

        Orders that Bandwidth created before `placed_after` (RFC 3339), less CLOCK_MARGIN, are left out.
        """
        earliest = None if placed_after is None else datetime.fromisoformat(placed_after) - CLOCK_MARGIN
        unnamed = [
            order
            for order in self.orders
            if order.order_id and order.customer_order_id is None and not _is_older(order, earliest)
        ]
        return sorted(unnamed, key=lambda order: order.placed_at, reverse=True)


def find_order_id(
    api: AccountApi,
    path: str,
    customer_order_id: str,
    *,
    first_page: Mapping[str, str] | None = None,
    placed_after: str | None = None,
) -> str | None:
    """Return Bandwidth's id of the order with the CustomerOrderId, None if no order has it.

    `path` is the list of orders, and `first_page` is the query of its first page. Orders that the list shows
    without a CustomerOrderId are read one by one, the newest first, for LOOKUP_SECONDS. Orders created before
    `placed_after` (RFC 3339) are not read.

    Raises BandwidthRejected if several orders have the CustomerOrderId. Raises BandwidthGarbled if an order
    that was not read may have it: the caller places an order that is not found again.
    """
    ends_at = monotonic() + LOOKUP_SECONDS
    found = list_orders(api, path, customer_order_id, first_page=first_page)
    if found.response is None:
        return None
    ids = {
        order.order_id for order in found.orders if is_same_text(order.customer_order_id, customer_order_id)
    }
    unread = 0
    if not ids:
        candidates = found.candidates(placed_after)
        ids, unread = _read_candidates(api, path, customer_order_id, candidates, ends_at)
    if len(ids) > 1:
        words = f"{len(ids)} orders carry the CustomerOrderId {customer_order_id}"
        raise BandwidthRejected(found.response.request, words=words)
    if None in ids:
        raise found.response.garbled(f"lists order {customer_order_id!r} without its OrderId")
    if not ids and (unread or not found.is_complete):
        rest = f"{unread} listed orders could not be read in time" if unread else "the list is not complete"
        raise found.response.garbled(
            f"does not show whether order {customer_order_id!r} exists: {rest}. Look it up in Bandwidth's "
            "Dashboard before another set-up orders the same numbers"
        )
    return ids.pop() if ids else None


def _read_candidates(
    api: AccountApi, path: str, customer_order_id: str, candidates: Sequence[ListedOrder], ends_at: float
) -> tuple[set[str | None], int]:
    """Return the ids of the orders with the CustomerOrderId, and how many orders were not read in time."""
    ids: set[str | None] = set()
    for position, order in enumerate(candidates):
        if monotonic() >= ends_at:
            return ids, len(candidates) - position
        if is_same_text(read_customer_order_id(api, f"{path}/{order.order_id}"), customer_order_id):
            ids.add(order.order_id)
    return ids, 0


def _is_older(order: ListedOrder, earliest: datetime | None) -> bool:
    """Return whether Bandwidth surely created the order before `earliest`.

    A time without an offset, or in another format, proves nothing.
    """
    if earliest is None:
        return False
    # The list of disconnects separates hours, minutes and seconds with dashes.
    written = _DASHED_TIME.sub(r"T\1:\2:\3", order.placed_at)
    try:
        placed_at = datetime.fromisoformat(written)
    except ValueError:
        return False
    return placed_at.tzinfo is not None and placed_at < earliest


def list_orders(
    api: AccountApi, path: str, customer_order_id: str, *, first_page: Mapping[str, str] | None = None
) -> OrderList:
    """Return the orders that Bandwidth lists for a CustomerOrderId, following at most 20 pages.

    Return an empty list if Bandwidth reports that no order exists. Raises BandwidthRejected for any other
    error, but not for the error of a listed order.
    """
    first: Response | None = None
    orders: list[ListedOrder] = []
    total, read = 0, 0
    query = {"customerOrderId": customer_order_id, **(first_page or {})}
    for response, root in islice(_pages(api, path, query), _MAX_PAGES):
        entries = list(_entries(root))
        if not entries and (rejection := find_rejection(response, root)):
            raise rejection
        first = first or response
        orders += entries
        count = xml.text(root, ".//TotalCount") or ""
        total, read = max(total, int(count) if count.isdigit() else 0), read + 1
    return OrderList(first, orders, is_complete=total <= len(orders) and read < _MAX_PAGES)


def read_customer_order_id(api: AccountApi, path: str) -> str | None:
    """Return the CustomerOrderId of one order, None if it has none.

    Raises BandwidthUnavailable for an order that is listed but cannot be read yet.
    """
    response = api.find_response(path)
    if response is None:
        message = f"GET {path} returned 404 for an order that is listed"
        raise BandwidthUnavailable(message, status=HTTPStatus.NOT_FOUND)
    root = parse_root(response)
    if named := _customer_order_id(root):
        return named
    # A response without a status is not about the order, so its missing CustomerOrderId proves nothing.
    if xml.text(root, ".//OrderStatus") is None and xml.text(root, ".//ProcessingStatus") is None:
        raise find_rejection(response, root) or response.garbled("has no status of the order")
    return None


def _pages(api: AccountApi, path: str, query: dict[str, str]) -> Iterator[tuple[Response, Element]]:
    read = []
    while query not in read:
        read.append(query)
        response = api.find_response(path, query)
        if response is None:
            return
        root = parse_root(response)
        yield response, root
        # The links in published samples have only page and size.
        query = {**query, **next_page(root)}


def _entries(root: Element) -> Iterator[ListedOrder]:
    for element in root.iter():
        order_id = xml.text(element, "OrderId") or xml.text(element, "orderId")
        is_entry = element.tag == "OrderIdUserIdDate" or order_id is not None
        if is_entry:
            placed_at = xml.text(element, "OrderDate") or xml.text(element, "OrderCreateDate") or ""
            yield ListedOrder(order_id, _customer_order_id(element), placed_at)


def _customer_order_id(element: Element) -> str | None:
    """Return the CustomerOrderId; externalTns writes it CustomerOrderID."""
    return xml.text(element, ".//CustomerOrderId") or xml.text(element, ".//CustomerOrderID")
