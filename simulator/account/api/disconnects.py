"""The Dashboard API's disconnects: orders that release numbers, and their status (page on disconnecting)."""

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account
from simulator.account.api.access import guard
from simulator.account.api.lists import filter_orders, list_orders_page
from simulator.account.api.xml import (
    element,
    error_list,
    numbers,
    order_rejection,
    parse,
    text,
    texts,
    xml_response,
)
from simulator.account.disconnects import DisconnectOrder, Disconnects
from simulator.account.placed_orders import FINAL
from simulator.rejections import RejectedError
from simulator.timestamps import timestamp

ROOT = "DisconnectTelephoneNumberOrderResponse"
TYPE = "DisconnectTelephoneNumberOrderType"


def blueprint(account: Account, disconnects: Disconnects) -> Blueprint:
    api = Blueprint("disconnects", __name__, url_prefix="/accounts/<account_id>/disconnects")
    guard(api, account, {"": ROOT}, order_rejection)

    @api.post("")
    def disconnect() -> Response:
        body = parse(request.get_data(), "DisconnectTelephoneNumberOrder")
        inner = body.find(TYPE)
        if inner is None:
            raise RejectedError(400, "5001", "Invalid input telephone number list")
        order = disconnects.place(
            texts(inner, "TelephoneNumberList/TelephoneNumber"),
            customer_order_id=text(body, "CustomerOrderId"),
            # Both spellings are in published samples.
            name=text(body, "Name", "name"),
            protected=text(inner, "Protected"),
        )
        root = element(ROOT, _request(order), element("OrderStatus", "RECEIVED"))
        return xml_response(root, 201, f"{request.base_url}/{order.id}")

    @api.get("")
    def list_disconnects() -> Response:
        found = filter_orders(disconnects.find)
        counts = [len(each.numbers) for each in found]
        return list_orders_page(found, counts, "disconnect", account.config.dashboard_user)

    @api.get("/<order_id>")
    def get_disconnect(order_id: str) -> Response:
        return xml_response(_status(disconnects.get(order_id)))

    return api


def _request(order: DisconnectOrder) -> etree._Element:
    shown = element("orderRequest")
    if order.customer_order_id:
        shown.append(element("CustomerOrderId", order.customer_order_id))
    if order.name:
        shown.append(element("Name", order.name))
    shown.append(element("OrderCreateDate", timestamp(order.created)))
    shown.append(element("id", order.id))
    inner = element(TYPE, numbers("TelephoneNumberList", order.numbers), element("DisconnectMode", "normal"))
    if order.protected:
        inner.append(element("Protected", order.protected))
    shown.append(inner)
    return shown


def _status(order: DisconnectOrder) -> etree._Element:
    root = element(ROOT)
    if order.status in FINAL:
        root.append(numbers("DisconnectedTelephoneNumberList", order.done))
        root.append(error_list(order.errors))
    root.append(_request(order))
    root.append(element("OrderStatus", order.status))
    return root
