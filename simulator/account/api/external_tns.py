"""The Dashboard API's externalTns: "Create Import Request" and "Get Status", and the list of orders.

Two forms are published, in the document and in a later specification. The later form writes CustomerOrderId
and has more fields, without the nested Order element.
"""

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account
from simulator.account.api.access import guard
from simulator.account.api.lists import filter_orders
from simulator.account.api.xml import element, errors_with_numbers, numbers, parse, text, texts, xml_response
from simulator.account.external_tns import ExternalTns, ExternalTnsOrder, ExternalTnsRequest
from simulator.timestamps import timestamp

MAX_LISTED = 1000


def blueprint(account: Account, external_tns: ExternalTns) -> Blueprint:
    api = Blueprint("external_tns", __name__, url_prefix="/accounts/<account_id>/externalTns")
    guard(api, account, {"": "ExternalTnsOrderResponse"})

    def shown(root: str, order: ExternalTnsOrder, keep_failed: bool) -> etree._Element:
        response = element(root)
        is_later = external_tns.shape(order.customer_order_id) == "later"
        keep = external_tns.outcome(order.customer_order_id).keep_failed_numbers
        failed = frozenset() if (keep_failed if keep is None else keep) else order.failed
        listed = numbers("TelephoneNumbers", [each for each in order.numbers if each not in failed])
        response.extend(_header(order, account, is_later))
        if is_later:
            response.extend([*_request(order, "CustomerOrderId"), element("LoaType", order.loa_type), listed])
        else:
            response.append(element("Order", *_request(order, "CustomerOrderID"), listed))
        if order.errors or is_later:
            response.append(errors_with_numbers("Errors", "Error", order.errors))
        return response

    @api.post("")
    def create_import_request() -> Response:
        body = parse(request.get_data(), "ExternalTnsOrder")
        order = external_tns.place(
            ExternalTnsRequest(
                customer_order_id=text(body, "CustomerOrderID", "CustomerOrderId"),
                site_id=text(body, "SiteId"),
                location_id=text(body, "SipPeerId"),
                action=text(body, "Action"),
                loa_type=text(body, "LoaType"),
                numbers=texts(body, "TelephoneNumbers/TelephoneNumber"),
            )
        )
        if external_tns.shape(order.customer_order_id) == "document":
            return xml_response(shown("ExternalTnsOrderResponse", order, keep_failed=True), 201)
        return xml_response(
            element("ExternalTnsOrderResponse", shown("ExternalTnsOrder", order, keep_failed=True)), 201
        )

    @api.get("")
    def list_orders() -> Response:
        found = filter_orders(external_tns.find)
        if not found:
            words = "No external TNs orders match the query parameters."
            return xml_response(
                element("ExternalTnsOrders", element("Error", element("Description", words))), 404
            )
        # The published list omits the failed number from TelephoneNumbers; the published order has it.
        listed = (shown("ExternalTnsOrder", each, keep_failed=False) for each in found[:MAX_LISTED])
        return xml_response(element("ExternalTnsOrders", element("TotalCount", len(found)), *listed))

    @api.get("/<order_id>")
    def get_status(order_id: str) -> Response:
        return xml_response(shown("ExternalTnsOrder", external_tns.get(order_id), keep_failed=True))

    return api


def _header(order: ExternalTnsOrder, account: Account, is_later: bool) -> list[etree._Element]:
    header = [
        element("OrderCreateDate", timestamp(order.created)),
        element("AccountId", account.config.account_id),
        element("CreatedByUser", account.config.dashboard_user),
        element("OrderId", order.id),
    ]
    if is_later:
        header.append(element("LastModifiedDate", timestamp(order.modified)))
    return [*header, element("ProcessingStatus", order.status)]


def _request(order: ExternalTnsOrder, id_name: str) -> list[etree._Element]:
    """Return the fields of the request except the numbers. Absent elements stay absent."""
    fields = {
        id_name: order.customer_order_id,
        "SiteId": order.site_id,
        "SipPeerId": order.location_id,
        "Action": order.action,
    }
    return [element(name, value) for name, value in fields.items() if value is not None]
