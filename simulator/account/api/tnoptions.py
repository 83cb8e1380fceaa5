"""The Dashboard API's tnoptions: options of numbers (page on TN options)."""

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account
from simulator.account.api.access import guard
from simulator.account.api.lists import filter_orders, summaries
from simulator.account.api.xml import (
    element,
    error_list,
    numbers,
    order_header,
    order_rejection,
    parse,
    text,
    texts,
    xml_response,
)
from simulator.account.number_options import (
    ALREADY_ON,
    NumberOptionsOrders,
    OptionGroup,
    OptionsOrder,
)

ROOT = "TnOptionOrderResponse"


def blueprint(account: Account, options: NumberOptionsOrders) -> Blueprint:
    api = Blueprint("tnoptions", __name__, url_prefix="/accounts/<account_id>/tnoptions")
    guard(api, account, {"": ROOT}, order_rejection)

    @api.post("")
    def place_order() -> Response:
        body = parse(request.get_data(), "TnOptionOrder")
        groups = [_group(each) for each in body.iterfind("TnOptionGroups/TnOptionGroup")]
        order = options.place(groups, text(body, "CustomerOrderId"))
        root = element(ROOT, _order(order, account))
        return xml_response(root, 201, f"{request.base_url}/{order.id}")

    @api.get("")
    def list_orders() -> Response:
        found = filter_orders(options.find)
        return xml_response(summaries("TnOptionOrders", "TnOptionOrderSummary", "tn_option", found, account))

    @api.get("/<order_id>")
    def get_order(order_id: str) -> Response:
        return xml_response(_order(options.get(order_id), account))

    return api


def _group(group: etree._Element) -> OptionGroup:
    settings = group.find("A2pSettings")
    action = None
    if settings is not None:
        # Settings without an Action apply as specified.
        action = text(settings, "Action") or "asSpecified"
    return OptionGroup(
        numbers=texts(group, "TelephoneNumbers/TelephoneNumber"),
        sms=text(group, "Sms") or None,
        action=action,
        message_class=text(group, "A2pSettings/MessageClass") or None,
        campaign_id=text(group, "A2pSettings/CampaignId") or None,
    )


def _order(order: OptionsOrder, account: Account) -> etree._Element:
    shown = element("TnOptionOrder")
    shown.extend(order_header(order, account.config))
    shown.append(element("ProcessingStatus", order.status))
    shown.append(element("TnOptionGroups", *map(_shown_group, order.groups)))
    shown.append(error_list(order.errors))
    if order.warned:
        shown.append(element("Warnings", *map(_warning, order.warned)))
    return shown


def _shown_group(group: OptionGroup) -> etree._Element:
    shown = element("TnOptionGroup")
    if group.sms is not None:
        shown.append(element("Sms", group.sms))
    if group.action is not None:
        requested = {
            "MessageClass": group.message_class,
            "CampaignId": group.campaign_id,
            "Action": group.action,
        }
        settings = (element(name, value) for name, value in requested.items() if value)
        shown.append(element("A2pSettings", *settings))
    shown.append(numbers("TelephoneNumbers", group.numbers))
    return shown


def _warning(number: str) -> etree._Element:
    return element("Warning", element("TelephoneNumber", number), element("Description", ALREADY_ON))
