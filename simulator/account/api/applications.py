"""The Dashboard API's applications: "Create application", read, update and delete.

The classic form has one callback URL. The current form has one for each direction, with credentials of its
own, and the requested event types. A response has the request's form. The current account uses its own.
"""

from dataclasses import replace

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account, Location, Site
from simulator.account.api.access import guard
from simulator.account.api.xml import element, parse, text, texts, xml_response
from simulator.account.applications import MESSAGING, Application
from simulator.callbacks import Endpoint
from simulator.rejections import RejectedError

ROOT = "ApplicationProvisioningResponse"


def blueprint(account: Account) -> Blueprint:
    api = Blueprint("applications", __name__, url_prefix="/accounts/<account_id>/applications")
    guard(api, account, {"/associatedsippeers": "AssociatedSipPeersResponse", "": ROOT})
    is_current = account.config.generation == "current"

    def add_application(
        body: etree._Element, service_type: str, application_id: str | None = None
    ) -> Application:
        """Add the application of the request body to the account."""
        _check_forms(body)
        application = _parse_application(
            body, service_type, has_current_form=account.config.generation != "classic"
        )
        if application_id is not None:
            application = replace(application, id=application_id)
        account.add_application(application, has_service_type=text(body, "ServiceType") is not None)
        return application

    @api.post("")
    def create_application() -> Response:
        application = add_application(parse(request.get_data(), "Application"), MESSAGING)
        return xml_response(element(ROOT, _application(application, is_current)), 201)

    @api.get("")
    def list_applications() -> Response:
        shown = (_application(each, is_current) for each in account.applications())
        return xml_response(element(ROOT, element("ApplicationList", *shown)))

    @api.get("/<application_id>")
    def get_application(application_id: str) -> Response:
        return xml_response(element(ROOT, _application(account.application(application_id), is_current)))

    @api.get("/<application_id>/associatedsippeers")
    def list_associated_locations(application_id: str) -> Response:
        try:
            account.application(application_id)
        except RejectedError:
            raise RejectedError(404, "13629", f"Application with id '{application_id}' not found") from None
        shown = map(_associated, account.list_assigned_locations(application_id))
        return xml_response(element("AssociatedSipPeersResponse", element("AssociatedSipPeers", *shown)))

    @api.put("/<application_id>")
    def update_application(application_id: str) -> Response:
        with account.lock:
            before = account.application(application_id)
            body = parse(request.get_data(), "Application")
            application = add_application(body, before.service_type, application_id)
        return xml_response(element(ROOT, _application(application, is_current)))

    @api.delete("/<application_id>")
    def delete_application(application_id: str) -> Response:
        account.delete_application(application_id)
        return Response(status=200)

    return api


def _check_forms(body: etree._Element) -> None:
    """Reject elements of the two forms that exclude each other (error list)."""
    both = {
        "13065": ("MsgCallbackUrl", "InboundCallbackUrl", "OutboundCallbackUrl"),
        "13066": ("CallbackCreds/UserId", "InboundCallbackCreds/UserId", "OutboundCallbackCreds/UserId"),
    }
    for code, (older, *current) in both.items():
        if text(body, older) and any(text(body, each) for each in current):
            name = older.partition("/")[0]
            raise RejectedError(400, code, f"{name} can't be present with the current elements for it.")


def _parse_application(body: etree._Element, service_type: str, *, has_current_form: bool) -> Application:
    types = body.find("RequestedCallbackTypes") if has_current_form else None
    return Application(
        name=text(body, "AppName") or "",
        callback_url=text(body, "CallbackUrl", "MsgCallbackUrl") or "",
        callback_user=text(body, "CallbackCreds/UserId") or None,
        callback_password=text(body, "CallbackCreds/Password"),
        service_type=text(body, "ServiceType") or service_type,
        inbound=_endpoint(body, "Inbound") if has_current_form else None,
        outbound=_endpoint(body, "Outbound") if has_current_form else None,
        callback_types=None if types is None else texts(types, "CallbackType"),
    )


def _endpoint(body: etree._Element, direction: str) -> Endpoint | None:
    url, credentials = text(body, f"{direction}CallbackUrl"), f"{direction}CallbackCreds"
    if not url:
        return None
    return Endpoint(url, text(body, f"{credentials}/UserId") or None, text(body, f"{credentials}/Password"))


def _application(application: Application, is_current: bool) -> etree._Element:
    """Return the response element. It contains user names, never passwords."""
    shown = element(
        "Application",
        element("ApplicationId", application.id),
        element("ServiceType", application.service_type),
        element("AppName", application.name),
    )
    if application.callback_url:
        shown.append(element("CallbackUrl", application.callback_url))
        shown.append(_credentials("CallbackCreds", application.callback_user))
    has_current_form = is_current or application.inbound or application.outbound
    for name, endpoint in (
        ("Inbound", application.endpoint("in")),
        ("Outbound", application.endpoint("out")),
    ):
        if has_current_form and endpoint:
            shown.append(element(f"{name}CallbackUrl", endpoint.url))
            shown.append(_credentials(f"{name}CallbackCreds", endpoint.user))
    if application.callback_types is not None:
        types = (element("CallbackType", each) for each in application.callback_types)
        shown.append(element("RequestedCallbackTypes", *types))
    return shown


def _associated(location: Location) -> etree._Element:
    return element(
        "AssociatedSipPeer",
        element("SiteId", location.site_id),
        element("SiteName", Site(location.site_id).name),
        element("PeerId", location.id),
        element("PeerName", location.name),
    )


def _credentials(tag: str, user: str | None) -> etree._Element:
    return element(tag, element("UserId", user)) if user else element(tag)
