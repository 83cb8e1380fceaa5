"""The Dashboard API's orders: "Order Available Numbers" and "Check Order Status", and the list of orders."""

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account
from simulator.account.api.access import guard
from simulator.account.api.lists import filter_orders, list_orders_page
from simulator.account.api.xml import element, error, order_rejection, parse, text, texts, xml_response
from simulator.account.order_types import EXISTING, ORDER_TYPES, Search
from simulator.account.orders import Order, OrderBook, OrderRequest
from simulator.account.placed_orders import FINAL
from simulator.rejections import RejectedError
from simulator.timestamps import timestamp

NUMBER_LIST = "TelephoneNumberList/TelephoneNumber"
RESERVATION_LIST = "ReservationIdList/ReservationId"


def blueprint(account: Account, orders: OrderBook) -> Blueprint:
    api = Blueprint("orders", __name__, url_prefix="/accounts/<account_id>/orders")
    guard(api, account, {"": "OrderResponse"}, order_rejection)

    @api.post("")
    def place_order() -> Response:
        body = parse(request.get_data(), "Order")
        order = orders.place(
            OrderRequest(
                search=_search(body),
                site_id=text(body, "SiteId"),
                location_id=text(body, "PeerId"),
                customer_order_id=text(body, "CustomerOrderId"),
                name=text(body, "Name"),
                partial_allowed=text(body, "PartialAllowed"),
                back_order_requested=text(body, "BackOrderRequested"),
            )
        )
        root = element("OrderResponse", _order(order, with_id=True), element("OrderStatus", "RECEIVED"))
        return xml_response(root, 201, f"{request.base_url}/{order.id}")

    @api.get("")
    def list_orders() -> Response:
        if not {"page", "size"} <= request.args.keys():
            raise RejectedError(400, "1006", "page and size are required.")
        found = filter_orders(orders.find)
        counts = [len(each.numbers) for each in found]
        return list_orders_page(found, counts, "new_number", account.config.dashboard_user)

    @api.get("/<order_id>")
    def check_order_status(order_id: str) -> Response:
        return xml_response(_status(orders.get(order_id), account.config.dashboard_user))

    @api.put("/<order_id>")
    def close_order(order_id: str) -> Response:
        """Close a backorder. The simulator supports no other change (page on advanced ordering)."""
        body = parse(request.get_data(), "Order")
        if (text(body, "CloseOrder") or "").lower() != "true":
            raise RejectedError(400, "5002", "CloseOrder must be true: nothing else can be changed.")
        return xml_response(_status(orders.close(order_id), account.config.dashboard_user))

    return api


def _search(body: etree._Element) -> Search:
    """Return the search: the one child of the order whose name is an order type."""
    found = [each for each in body if each.tag in ORDER_TYPES]
    if len(found) != 1:
        raise RejectedError(400, "5087", "The input order type is not a valid entry.")
    order_type = str(found[0].tag)
    if order_type == EXISTING:
        numbers, reservations = texts(found[0], NUMBER_LIST), texts(found[0], RESERVATION_LIST)
        return Search(order_type, {}, numbers=numbers, reservations=reservations)
    criteria = {str(each.tag): (each.text or "").strip() for each in found[0]}
    return Search(order_type, criteria, quantity=criteria.pop("Quantity", None))


def _order_type(order: Order) -> etree._Element:
    search = order.wanted.search
    shown = element(search.order_type)
    if search.order_type == EXISTING:
        lists = ((NUMBER_LIST, search.numbers), (RESERVATION_LIST, search.reservations))
        for path, values in lists:
            outer, inner = path.split("/")
            if values:
                shown.append(element(outer, *(element(inner, each) for each in values)))
        return shown
    shown.extend(element(name, value) for name, value in order.wanted.criteria())
    shown.append(element("Quantity", order.quantity))
    return shown


def _order(order: Order, with_id: bool) -> etree._Element:
    """Return the Order element. The response to POST has its id, the response to GET has not (document)."""
    shown = element("Order")
    if order.customer_order_id:
        shown.append(element("CustomerOrderId", order.customer_order_id))
    if order.name:
        shown.append(element("Name", order.name))
    shown.append(element("OrderCreateDate", timestamp(order.created)))
    shown.append(element("PeerId", order.location_id))
    shown.append(element("BackOrderRequested", order.back_order_requested))
    if with_id:
        shown.append(element("id", order.id))
    shown.append(_order_type(order))
    shown.append(element("PartialAllowed", order.partial_allowed))
    shown.append(element("SiteId", order.site_id))
    return shown


def _status(order: Order, user: str) -> etree._Element:
    root = element(
        "OrderResponse", element("CompletedQuantity", len(order.numbers)), element("CreatedByUser", user)
    )
    if order.errors:
        shown = (error(each.code, each.description, each.number) for each in order.errors)
        root.append(element("ErrorList", *shown))
    if order.failed_numbers:
        # No TelephoneNumber level here, unlike in CompletedNumbers (orders guide, failed order).
        root.append(element("FailedNumbers", *(element("FullNumber", each) for each in order.failed_numbers)))
    root.append(element("LastModifiedDate", timestamp(order.modified)))
    if order.completed_at:
        root.append(element("OrderCompleteDate", timestamp(order.completed_at)))
    root.append(_order(order, with_id=False))
    root.append(element("OrderStatus", order.status))
    if order.status in FINAL:
        numbers = (element("TelephoneNumber", element("FullNumber", each)) for each in order.numbers)
        root.append(element("CompletedNumbers", *numbers))
    root.append(element("Summary", order.summary))
    root.append(element("FailedQuantity", order.missing if order.status in FINAL else 0))
    return root
