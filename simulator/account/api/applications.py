"""The Dashboard API's applications: "Create application", read, update and delete.

The document's form has one callback URL. The current form has one for each direction, with credentials of its
own, and the requested event types. A response has the request's form. The current account uses its own.
"""

from dataclasses import replace

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import Account, Location, Site
from simulator.account.api.access import guard
from simulator.account.api.xml import answer, element, parse, text, texts
from simulator.account.applications import MESSAGING, Application
from simulator.callbacks import Endpoint
from simulator.rejections import RejectedError

ROOT = "ApplicationProvisioningResponse"


def blueprint(account: Account) -> Blueprint:
    api = Blueprint("applications", __name__, url_prefix="/accounts/<account_id>/applications")
    guard(api, account, {"/associatedsippeers": "AssociatedSipPeersResponse", "": ROOT})
    is_today = account.config.generation == "current"

    def taken(body: etree._Element, service_type: str, application_id: str | None = None) -> Application:
        """The application of the request's body, which the account has now."""
        _check_forms(body)
        application = _given(body, service_type, knows_today=account.config.generation != "classic")
        if application_id is not None:
            application = replace(application, id=application_id)
        account.add_application(application, names_type=text(body, "ServiceType") is not None)
        return application

    @api.post("")
    def create_application() -> Response:
        application = taken(parse(request.get_data(), "Application"), MESSAGING)
        return answer(element(ROOT, _application(application, is_today)), 201)

    @api.get("")
    def list_applications() -> Response:
        shown = (_application(each, is_today) for each in account.applications())
        return answer(element(ROOT, element("ApplicationList", *shown)))

    @api.get("/<application_id>")
    def get_application(application_id: str) -> Response:
        return answer(element(ROOT, _application(account.application(application_id), is_today)))

    @api.get("/<application_id>/associatedsippeers")
    def list_associated_locations(application_id: str) -> Response:
        try:
            account.application(application_id)
        except RejectedError:
            raise RejectedError(404, "13629", f"Application with id '{application_id}' not found") from None
        shown = map(_associated, account.list_assigned_locations(application_id))
        return answer(element("AssociatedSipPeersResponse", element("AssociatedSipPeers", *shown)))

    @api.put("/<application_id>")
    def update_application(application_id: str) -> Response:
        with account.lock:
            before = account.application(application_id)
            body = parse(request.get_data(), "Application")
            application = taken(body, before.service_type, application_id)
        return answer(element(ROOT, _application(application, is_today)))

    @api.delete("/<application_id>")
    def delete_application(application_id: str) -> Response:
        account.delete_application(application_id)
        return Response(status=200)

    return api


def _check_forms(body: etree._Element) -> None:
    """What of the two forms cannot stand together (error list)."""
    both = {
        "13065": ("MsgCallbackUrl", "InboundCallbackUrl", "OutboundCallbackUrl"),
        "13066": ("CallbackCreds/UserId", "InboundCallbackCreds/UserId", "OutboundCallbackCreds/UserId"),
    }
    for code, (older, *todays) in both.items():
        if text(body, older) and any(text(body, each) for each in todays):
            name = older.partition("/")[0]
            raise RejectedError(400, code, f"{name} can't be present with today's elements for it.")


def _given(body: etree._Element, service_type: str, *, knows_today: bool) -> Application:
    types = body.find("RequestedCallbackTypes") if knows_today else None
    return Application(
        name=text(body, "AppName") or "",
        callback_url=text(body, "CallbackUrl", "MsgCallbackUrl") or "",
        callback_user=text(body, "CallbackCreds/UserId") or None,
        callback_password=text(body, "CallbackCreds/Password"),
        service_type=text(body, "ServiceType") or service_type,
        inbound=_endpoint(body, "Inbound") if knows_today else None,
        outbound=_endpoint(body, "Outbound") if knows_today else None,
        callback_types=None if types is None else texts(types, "CallbackType"),
    )


def _endpoint(body: etree._Element, direction: str) -> Endpoint | None:
    url, credentials = text(body, f"{direction}CallbackUrl"), f"{direction}CallbackCreds"
    if not url:
        return None
    return Endpoint(url, text(body, f"{credentials}/UserId") or None, text(body, f"{credentials}/Password"))


def _application(application: Application, is_today: bool) -> etree._Element:
    """As it is answered: user names are shown, passwords never."""
    shown = element(
        "Application",
        element("ApplicationId", application.id),
        element("ServiceType", application.service_type),
        element("AppName", application.name),
    )
    if application.callback_url:
        shown.append(element("CallbackUrl", application.callback_url))
        shown.append(_credentials("CallbackCreds", application.callback_user))
    has_todays_form = is_today or application.inbound or application.outbound
    for name, endpoint in (
        ("Inbound", application.endpoint("in")),
        ("Outbound", application.endpoint("out")),
    ):
        if has_todays_form and endpoint:
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
