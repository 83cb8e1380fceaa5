"""The Dashboard API's tns: details of one number. The simulator has only numbers of the account."""

import re

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account, Location
from simulator.account.api.access import guard
from simulator.account.api.lists import paginate_numbers
from simulator.account.api.xml import element, sip_peer, xml_response
from simulator.account.api_version import read_number
from simulator.account.numbers import AccountNumber
from simulator.rejections import RejectedError
from simulator.timestamps import timestamp

DEFAULT_SIZE = 500
LARGEST_SIZE = 2500
# See Assumptions in simulator/README.md.
UNKNOWN_NUMBER = ("5071", "Telephone number is not available on the system.")


def blueprint(account: Account) -> Blueprint:
    api = Blueprint("tns", __name__, url_prefix="/tns")
    guard(api, account, {"": "TelephoneNumberResponse"})

    @api.get("")
    def list_numbers() -> Response:
        statuses = [each for each in request.args.get("status", "").split(",") if each]
        found = [each for each in _all(account) if not statuses or each.status in statuses]
        if request.args.get("accountId") not in (None, account.config.account_id):
            found = []
        shown, links = paginate_numbers(found, DEFAULT_SIZE, LARGEST_SIZE)
        listed = element("TelephoneNumbers", *(_listed(each, account) for each in shown))
        root = element("TelephoneNumbersResponse", element("TelephoneNumberCount", len(found)), links, listed)
        return xml_response(root)

    @api.get("/<number>")
    def get_number(number: str) -> Response:
        return xml_response(_number(_find(account, number), account))

    @api.get("/<number>/tndetails")
    def get_details(number: str) -> Response:
        return xml_response(element("TelephoneNumberResponse", _details(_find(account, number), account)))

    @api.get("/<number>/sites")
    def get_site(number: str) -> Response:
        site = account.site(_find(account, number).site_id)
        return xml_response(element("Site", element("Id", site.id), element("Name", site.name)))

    @api.get("/<number>/sippeers")
    def get_location(number: str) -> Response:
        location = _find_location(_find(account, number), account)
        if location is None:
            raise RejectedError(404, *UNKNOWN_NUMBER)
        return xml_response(element("SipPeer", element("Id", location.id), element("Name", location.name)))

    return api


def _find(account: Account, number: str) -> AccountNumber:
    wanted = read_number(number)
    if not re.fullmatch(r"[2-9][0-9]{9}", wanted):
        raise RejectedError(400, "1022", f"'{number}' is not a telephone number.")
    if found := next((each for each in _all(account) if each.number == wanted), None):
        return found
    raise RejectedError(404, *UNKNOWN_NUMBER)


def _all(account: Account) -> list[AccountNumber]:
    with account.lock:
        return [*account.list_numbers(), *account.aging()]


def _listed(number: AccountNumber, account: Account) -> etree._Element:
    return element(
        "TelephoneNumber",
        element("FullNumber", number.number),
        element("Status", number.status),
        element("AccountId", account.config.account_id),
        element("LastModified", timestamp(number.since)),
    )


def _find_location(number: AccountNumber, account: Account) -> Location | None:
    return account.find_location(number.location_id) if number.location_id else None


def _number(number: AccountNumber, account: Account) -> etree._Element:
    """Return a number as published. The details and /tns/{number}/sippeers have the location."""
    root = element("TelephoneNumberResponse", element("TelephoneNumber", number.number))
    root.append(element("Status", number.status))
    root.append(element("LastModifiedDate", timestamp(number.since)))
    if number.order_id:
        root.append(element("OrderId", number.order_id))
    root.append(element("SiteId", number.site_id))
    root.append(element("AccountId", account.config.account_id))
    return root


def _details(number: AccountNumber, account: Account) -> etree._Element:
    details = element("TelephoneNumberDetails", element("FullNumber", number.number))
    details.append(element("Status", number.status))
    details.append(element("AccountId", account.config.account_id))
    site = account.site(number.site_id)
    details.append(element("Site", element("Id", site.id), element("Name", site.name)))
    if location := _find_location(number, account):
        details.append(sip_peer(location))
    if number.is_hosted:
        details.append(element("ServiceTypes", element("ServiceType", "Hosted Messaging")))
    details.append(_messaging_settings(number))
    details.append(element("LastModified", timestamp(number.since)))
    return details


def _messaging_settings(number: AccountNumber) -> etree._Element:
    options = number.options
    settings = element("MessagingSettings", element("SmsEnabled", options.sms))
    if options.campaign_id:
        settings.append(element("CampaignId", options.campaign_id))
    if options.message_class:
        settings.append(element("MessageClass", options.message_class))
    settings.append(element("A2pState", "systemDefault" if options.a2p == "systemDefault" else "overridden"))
    return settings
