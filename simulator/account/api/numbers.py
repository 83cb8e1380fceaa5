"""The Dashboard API's lists of numbers: those in service, and those of a location."""

from flask import Blueprint, Response

from simulator.account.account import Account
from simulator.account.api.access import guard
from simulator.account.api.lists import paginate_numbers
from simulator.account.api.xml import element, numbers, xml_response

IN_SERVICE_SIZE = 500
LOCATION_SIZE = 50_000


def blueprint(account: Account) -> Blueprint:
    """Return the lists of the account's numbers. As published, they have owned and hosted numbers."""
    api = Blueprint("numbers", __name__, url_prefix="/accounts/<account_id>")
    guard(api, account, {"/tns": "SipPeerTelephoneNumbersResponse", "": "TNs"})

    @api.get("/inserviceNumbers")
    def in_service_numbers() -> Response:
        found = account.list_numbers()
        shown, links = paginate_numbers(found, IN_SERVICE_SIZE)
        listed = numbers("TelephoneNumbers", [each.number for each in shown])
        listed.insert(0, element("Count", len(shown)))
        return xml_response(element("TNs", element("TotalCount", len(found)), links, listed))

    @api.get("/sites/<site_id>/sippeers/<location_id>/tns")
    def location_numbers(site_id: str, location_id: str) -> Response:
        location = account.location(site_id, location_id)
        shown, links = paginate_numbers(account.list_numbers(location_id=location.id), LOCATION_SIZE)
        listed = (element("SipPeerTelephoneNumber", element("FullNumber", each.number)) for each in shown)
        root = element("SipPeerTelephoneNumbersResponse", links, element("SipPeerTelephoneNumbers", *listed))
        return xml_response(root)

    return api
