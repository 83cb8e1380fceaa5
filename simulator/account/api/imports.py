"""The Dashboard API's importTnChecker and importTnOrders with their letters of authorization (page on hosting
numbers).
"""

from copy import deepcopy

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
    repeated_rejection,
    text,
    texts,
    xml_response,
)
from simulator.account.imports import ImportOrder, ImportRequest, Imports

CHECKER_PAYLOAD = "ImportTnCheckerPayload"
NUMBER_LIST = "TelephoneNumbers/TelephoneNumber"
# See Assumptions in simulator/README.md.
LETTER_TYPES = ("application/pdf", "image/tiff", "image/jpeg", "image/png", "text/plain")


def checker_blueprint(account: Account, imports: Imports) -> Blueprint:
    api = Blueprint("import_checker", __name__, url_prefix="/accounts/<account_id>/importTnChecker")
    guard(api, account, {"": "ImportTnCheckerResponse"}, repeated_rejection)

    @api.post("")
    def check_numbers() -> Response:
        body = parse(request.get_data(), CHECKER_PAYLOAD)
        wanted = texts(body, NUMBER_LIST)
        errors = imports.check(wanted, text(body, "SiteId"), text(body, "SipPeerId"))
        rejected = {number for error in errors for number in error.numbers}
        payload = element(
            CHECKER_PAYLOAD,
            numbers("TelephoneNumbers", [each for each in wanted if each not in rejected]),
            errors_with_numbers("ImportTnErrors", "ImportTnError", errors),
        )
        return xml_response(element("ImportTnCheckerResponse", payload))

    return api


def blueprint(account: Account, imports: Imports) -> Blueprint:
    api = Blueprint("import_orders", __name__, url_prefix="/accounts/<account_id>/importTnOrders")
    guard(api, account, {"": "ImportTnOrderResponse"}, repeated_rejection)
    _orders(api, account, imports)
    _letters(api, imports)
    return api


def _orders(api: Blueprint, account: Account, imports: Imports) -> None:
    @api.post("")
    def place_order() -> Response:
        body = parse(request.get_data(), "ImportTnOrder")
        order = imports.place(
            ImportRequest(
                numbers=texts(body, NUMBER_LIST),
                site_id=text(body, "SiteId"),
                location_id=text(body, "SipPeerId"),
                customer_order_id=text(body, "CustomerOrderId"),
                subscriber=body.find("Subscriber"),
                loa_authorizing_person=text(body, "LoaAuthorizingPerson"),
                loa_type=text(body, "LoaType"),
            )
        )
        root = element("ImportTnOrderResponse", _order(order, account))
        return xml_response(root, 201, f"{request.base_url}/{order.id}")

    @api.get("")
    def list_orders() -> Response:
        found = filter_orders(imports.find)
        return xml_response(
            summaries("ImportTnOrders", "ImportTnOrderSummary", "import_tn_orders", found, account)
        )

    @api.get("/<order_id>")
    def get_order(order_id: str) -> Response:
        return xml_response(_order(imports.get(order_id), account))


def _letters(api: Blueprint, imports: Imports) -> None:
    @api.post("/<order_id>/loas")
    def upload_letter(order_id: str) -> Response:
        order = imports.get(order_id)
        content, content_type = request.get_data(), request.mimetype
        if not content or content_type not in LETTER_TYPES:
            what = f"{content_type or 'no Content-Type'}" if content else "no file"
            return xml_response(element("fileUploadResponse", *_result(1, f"{what} cannot be uploaded")), 400)
        letter = imports.add_letter(order.id, content_type, len(content))
        words = f"LOA file uploaded successfully for order {order.id}"
        name = element("filename", letter.filename)
        return xml_response(element("fileUploadResponse", name, *_result(0, words)), 201)

    @api.get("/<order_id>/loas")
    def list_letters(order_id: str) -> Response:
        letters = imports.get(order_id).letters
        root = element("fileListResponse", element("fileCount", len(letters)))
        root.extend(element("fileNames", each.filename) for each in letters)
        root.extend(_result(0, "LOA file list successfully returned"))
        return xml_response(root)


def _result(code: int, words: str) -> list[etree._Element]:
    return [element("resultCode", code), element("resultMessage", words)]


def _order(order: ImportOrder, account: Account) -> etree._Element:
    shown = element("ImportTnOrder")
    shown.extend(order_header(order, account.config))
    shown.append(element("SiteId", order.site_id))
    if order.location_id:
        shown.append(element("SipPeerId", order.location_id))
    if order.subscriber is not None:
        shown.append(deepcopy(order.subscriber))
    shown.append(element("LoaAuthorizingPerson", order.loa_authorizing_person))
    shown.append(element("LoaType", order.loa_type))
    shown.append(numbers("TelephoneNumbers", order.numbers))
    shown.append(element("ProcessingStatus", order.status))
    shown.append(errors_with_numbers("Errors", "Error", order.errors))
    return shown
