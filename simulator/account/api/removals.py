"""The Dashboard API's removeImportedTnOrders: release of hosted numbers (page on hosting numbers)."""

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account
from simulator.account.api.access import guard
from simulator.account.api.lists import filter_orders, summaries
from simulator.account.api.xml import (
    element,
    errors_with_numbers,
    numbers,
    order_header,
    parse,
    rejection,
    repeated_rejection,
    text,
    texts,
    xml_response,
)
from simulator.account.imports import Removals
from simulator.account.number_list_orders import NumbersOrder
from simulator.rejections import RejectedError

ROOT = "RemoveImportedTnOrdersResponse"


def blueprint(account: Account, removals: Removals) -> Blueprint:
    api = Blueprint("removals", __name__, url_prefix="/accounts/<account_id>/removeImportedTnOrders")
    guard(api, account, {"": ROOT}, repeated_rejection)

    @api.post("")
    def remove() -> Response:
        body = parse(request.get_data(), "RemoveImportedTnOrder")
        order = removals.place(texts(body, "TelephoneNumbers/TelephoneNumber"), text(body, "CustomerOrderId"))
        return xml_response(element(ROOT, _order(order, account)), 201, f"{request.base_url}/{order.id}")

    @api.get("")
    def list_removals() -> Response:
        found = filter_orders(removals.find)
        root = "RemoveImportedTnOrders"
        shown = summaries(root, f"{root[:-1]}Summary", "remove_imported_tn_orders", found, account)
        return xml_response(shown)

    @api.get("/<order_id>")
    def get_removal(order_id: str) -> Response:
        try:
            return xml_response(_order(removals.get(order_id), account))
        except RejectedError as rejected:
            return rejection("RemoveImportedTnOrdersReportResponse", rejected)

    return api


def _order(order: NumbersOrder, account: Account) -> etree._Element:
    shown = element("RemoveImportedTnOrder")
    shown.extend(order_header(order, account.config))
    shown.append(numbers("TelephoneNumbers", order.numbers))
    shown.append(element("ProcessingStatus", order.status))
    shown.append(errors_with_numbers("Errors", "Error", order.errors))
    return shown
