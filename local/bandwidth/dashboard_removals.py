"""The Dashboard API's removeImportedTnOrders: hosted numbers given back (page on hosting numbers)."""

from flask import Blueprint, Response, request
from lxml import etree

from local.bandwidth.account import Account
from local.bandwidth.dashboard_access import guard
from local.bandwidth.dashboard_lists import summaries
from local.bandwidth.dashboard_xml import (
    answer,
    element,
    errors_of_numbers,
    numbers,
    parse,
    repeated_refusal,
    text,
    texts,
)
from local.bandwidth.imports import Removals
from local.bandwidth.numbers_orders import NumbersOrder
from local.bandwidth.timestamps import timestamp

ROOT = "RemoveImportedTnOrdersResponse"


def blueprint(account: Account, removals: Removals) -> Blueprint:
    api = Blueprint("removals", __name__, url_prefix="/accounts/<account_id>/removeImportedTnOrders")
    guard(api, account, {"": ROOT}, repeated_refusal)

    @api.post("")
    def remove() -> Response:
        body = parse(request.get_data(), "RemoveImportedTnOrder")
        order = removals.place(texts(body, "TelephoneNumbers/TelephoneNumber"), text(body, "CustomerOrderId"))
        return answer(element(ROOT, _order(order, account)), 201, f"{request.base_url}/{order.id}")

    @api.get("")
    def list_removals() -> Response:
        found = removals.find(request.args.get("customerOrderId"), request.args.get("status"))
        root = "RemoveImportedTnOrders"
        shown = summaries(root, f"{root[:-1]}Summary", "remove_imported_tn_orders", found, account)
        return answer(shown)

    @api.get("/<order_id>")
    def get_removal(order_id: str) -> Response:
        return answer(_order(removals.get(order_id), account))

    return api


def _order(order: NumbersOrder, account: Account) -> etree._Element:
    shown = element("RemoveImportedTnOrder")
    if order.customer_order_id:
        shown.append(element("CustomerOrderId", order.customer_order_id))
    shown.append(element("OrderCreateDate", timestamp(order.created)))
    shown.append(element("AccountId", account.config.account_id))
    shown.append(element("CreatedByUser", account.config.dashboard_user))
    shown.append(element("OrderId", order.id))
    shown.append(element("LastModifiedDate", timestamp(order.modified)))
    shown.append(numbers("TelephoneNumbers", order.numbers))
    shown.append(element("ProcessingStatus", order.status))
    shown.append(errors_of_numbers("Errors", "Error", order.errors))
    return shown
