"""The Dashboard API's sites and locations (sippeers): "Create location", read and delete."""

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account, Site
from simulator.account.api.access import guard
from simulator.account.api.xml import element, parse, sip_peer, text, xml_response
from simulator.rejections import RejectedError


def blueprint(account: Account) -> Blueprint:
    api = Blueprint("locations", __name__, url_prefix="/accounts/<account_id>/sites")
    guard(api, account, {"/sippeers": "SipPeerResponse", "": "SiteResponse"})
    _sites(api, account)
    _locations(api, account)
    return api


def _sites(api: Blueprint, account: Account) -> None:
    @api.get("")
    def list_sites() -> Response:
        return xml_response(element("SitesResponse", element("Sites", *map(_site, account.sites()))))

    @api.get("/<site_id>")
    def get_site(site_id: str) -> Response:
        return xml_response(element("SiteResponse", _site(account.site(site_id))))


def _locations(api: Blueprint, account: Account) -> None:
    @api.post("/<site_id>/sippeers")
    def create_location(site_id: str) -> Response:
        body = parse(request.get_data(), "SipPeer")
        is_default = (text(body, "IsDefaultPeer") or "false").lower() == "true"
        location = account.create_location(site_id, text(body, "PeerName") or "", is_default)
        return Response(status=201, headers={"Location": f"{request.base_url}/{location.id}"})

    @api.get("/<site_id>/sippeers")
    def list_locations(site_id: str) -> Response:
        found = element("SipPeers", *map(sip_peer, account.locations(site_id)))
        return xml_response(element("TNSipPeersResponse", found))

    @api.get("/<site_id>/sippeers/<location_id>")
    def get_location(site_id: str, location_id: str) -> Response:
        return xml_response(element("SipPeerResponse", sip_peer(account.location(site_id, location_id))))

    @api.delete("/<site_id>/sippeers/<location_id>")
    def delete_location(site_id: str, location_id: str) -> Response:
        try:
            location = account.location(site_id, location_id)
        except RejectedError as rejected:
            # The specification has a 404 only here.
            raise RejectedError(404, rejected.code, rejected.description) from None
        account.delete_location(location)
        return Response(status=200)


def _site(site: Site) -> etree._Element:
    return element("Site", element("Id", site.id), element("Name", site.name))
