"""The Dashboard API under /api: applications, locations, their messaging features and assignment.

Paths, bodies and answers are those of Bandwidth's "Messaging 2.0 API Setup", one section per heading.
"""

from http import HTTPStatus

from flask import Blueprint, Response, g, request
from lxml import etree

from local.bandwidth.access import may_use_account
from local.bandwidth.account import (
    PROXY_PEER_ID,
    SERVICE_TYPE,
    Account,
    Application,
    Location,
    RefusedError,
    SmsFeature,
)
from local.bandwidth.dashboard_xml import answer, element, order_refusal, parse, refusal, text

SMS_SETTINGS = ("TollFree", "ShortCode", "Protocol", "Zone1", "Zone2", "Zone3", "Zone4", "Zone5")
LOCATION_PATH = "/sites/<site_id>/sippeers/<location_id>"
MESSAGING_PATH = f"{LOCATION_PATH}/products/messaging"


def guard(blueprint: Blueprint, account: Account) -> None:
    """Credentials and the account's id on every path of a blueprint, and refusals as XML."""

    @blueprint.url_value_preprocessor
    def take_account_id(_: str | None, values: dict[str, str] | None) -> None:
        g.account_id = (values or {}).pop("account_id", None)

    @blueprint.before_request
    def check() -> Response | None:
        config = account.config
        if not may_use_account(account):
            scheme = "Bearer" if config.generation == "current" else "Basic"
            return Response(status=401, headers={"WWW-Authenticate": f'{scheme} realm="Bandwidth"'})
        if g.account_id != config.account_id:
            raise RefusedError(403, "1001", "Access denied.")
        return None

    @blueprint.errorhandler(RefusedError)
    def refuse(refused: RefusedError) -> Response:
        root = _root(request.path)
        is_order = "/orders" in request.path or "/disconnects" in request.path
        if is_order and refused.status == HTTPStatus.BAD_REQUEST:
            return order_refusal(root, refused)
        return refusal(root, refused)


def blueprint(account: Account) -> Blueprint:
    api = Blueprint("dashboard", __name__, url_prefix="/api/accounts/<account_id>")
    guard(api, account)
    _applications(api, account)
    _locations(api, account)
    _sms(api, account)
    _mms(api, account)
    _assignment(api, account)
    return api


def _applications(api: Blueprint, account: Account) -> None:
    @api.post("/applications")
    def create_application() -> Response:
        body = parse(request.get_data(), "Application")
        application = account.create_application(
            name=text(body, "AppName") or "",
            callback_url=text(body, "CallbackUrl") or "",
            callback_user=text(body, "CallbackCreds/UserId"),
            callback_password=text(body, "CallbackCreds/Password"),
            service_type=text(body, "ServiceType") or SERVICE_TYPE,
        )
        return answer(element("ApplicationProvisioningResponse", _application(application)), 201)

    @api.get("/applications")
    def list_applications() -> Response:
        found = element("ApplicationList", *map(_application, account.applications()))
        return answer(element("ApplicationProvisioningResponse", found))

    @api.get("/applications/<application_id>")
    def get_application(application_id: str) -> Response:
        application = account.application(application_id)
        return answer(element("ApplicationProvisioningResponse", _application(application)))

    @api.delete("/applications/<application_id>")
    def delete_application(application_id: str) -> Response:
        account.delete_application(application_id)
        return Response(status=200)


def _locations(api: Blueprint, account: Account) -> None:
    @api.post("/sites/<site_id>/sippeers")
    def create_location(site_id: str) -> Response:
        body = parse(request.get_data(), "SipPeer")
        is_default = (text(body, "IsDefaultPeer") or "false").lower() == "true"
        location = account.create_location(site_id, text(body, "PeerName") or "", is_default)
        return Response(status=201, headers={"Location": f"{request.base_url}/{location.id}"})

    @api.get("/sites/<site_id>/sippeers")
    def list_locations(site_id: str) -> Response:
        found = element("SipPeers", *map(_sip_peer, account.locations(site_id)))
        return answer(element("TNSipPeersResponse", found))

    @api.get(LOCATION_PATH)
    def get_location(site_id: str, location_id: str) -> Response:
        return answer(element("SipPeerResponse", _sip_peer(account.location(site_id, location_id))))

    @api.delete(LOCATION_PATH)
    def delete_location(site_id: str, location_id: str) -> Response:
        account.delete_location(account.location(site_id, location_id))
        return Response(status=200)


def _sms(api: Blueprint, account: Account) -> None:
    @api.route(f"{MESSAGING_PATH}/features/sms", methods=["POST", "PUT"])
    def enable_sms(site_id: str, location_id: str) -> Response:
        location = account.location(site_id, location_id)
        body = parse(request.get_data(), "SipPeerSmsFeature")
        settings = {name: text(body, f"SipPeerSmsFeatureSettings/{name}") or "" for name in SMS_SETTINGS}
        for name, value in settings.items():
            if not value:
                raise RefusedError(400, "1003", f"{name} is a required field.")
            if name != "Protocol" and value.lower() not in ("true", "false"):
                raise RefusedError(400, "1006", f"{name} must be true or false.")
        if body.find("HttpSettings") is None:
            raise RefusedError(400, "13608", "Protocol HTTP needs HttpSettings.")
        status = _feature_status(location.sms is not None)
        proxy_peer_id = text(body, "HttpSettings/ProxyPeerId") or PROXY_PEER_ID
        account.enable_sms(location, SmsFeature(settings, proxy_peer_id))
        return answer(_sms_feature(location), status)

    @api.get(f"{MESSAGING_PATH}/features/sms")
    def get_sms(site_id: str, location_id: str) -> Response:
        return answer(_sms_feature(account.location(site_id, location_id)))

    @api.delete(f"{MESSAGING_PATH}/features/sms")
    def disable_sms(site_id: str, location_id: str) -> Response:
        account.disable_sms(account.location(site_id, location_id))
        return Response(status=200)


def _mms(api: Blueprint, account: Account) -> None:
    @api.route(f"{MESSAGING_PATH}/features/mms", methods=["POST", "PUT"])
    def enable_mms(site_id: str, location_id: str) -> Response:
        location = account.location(site_id, location_id)
        body = parse(request.get_data(), "MmsFeature")
        # The document insists on a lower-case `protocol`; Bandwidth's clients send `Protocol`: both work.
        protocol = text(body, "MmsSettings/protocol", "MmsSettings/Protocol")
        if not protocol:
            raise RefusedError(400, "1003", "protocol is a required field.")
        settings = "Protocols/HTTP/HttpSettings"
        if body.find(settings) is None:
            raise RefusedError(400, "13608", "Protocol HTTP needs HttpSettings.")
        status = _feature_status(location.mms_proxy_peer_id is not None)
        proxy_peer_id = text(body, f"{settings}/ProxyPeerId", f"{settings}/proxyPeerId") or PROXY_PEER_ID
        account.enable_mms(location, protocol, proxy_peer_id)
        return answer(_mms_feature(location), status)

    @api.get(f"{MESSAGING_PATH}/features/mms")
    def get_mms(site_id: str, location_id: str) -> Response:
        return answer(_mms_feature(account.location(site_id, location_id)))

    @api.delete(f"{MESSAGING_PATH}/features/mms")
    def disable_mms(site_id: str, location_id: str) -> Response:
        account.disable_mms(account.location(site_id, location_id))
        return Response(status=200)


def _assignment(api: Blueprint, account: Account) -> None:
    @api.put(f"{MESSAGING_PATH}/applicationSettings")
    def assign_application(site_id: str, location_id: str) -> Response:
        location = account.location(site_id, location_id)
        body = parse(request.get_data(), "ApplicationsSettings")
        # REMOVE is documented in the root, error 13628 suggests it in the element: both detach.
        application_id = text(body, "HttpMessagingV2AppId") or (body.text or "").strip()
        account.assign_application(location, application_id)
        return answer(_settings(location))

    @api.get(f"{MESSAGING_PATH}/applicationSettings")
    def get_assignment(site_id: str, location_id: str) -> Response:
        return answer(_settings(account.location(site_id, location_id)))


def _feature_status(is_there: bool) -> int:
    """POST creates, also over what is there (no refusal is documented); PUT changes what is there."""
    if request.method == "POST":
        return 201
    if not is_there:
        raise RefusedError(404, "1016", "The feature is not enabled on this location.")
    return 200


def _application(application: Application) -> etree._Element:
    credentials = element("CallbackCreds")
    if application.callback_user:
        credentials.append(element("UserId", application.callback_user))
    return element(
        "Application",
        element("ApplicationId", application.id),
        element("ServiceType", application.service_type),
        element("AppName", application.name),
        element("CallbackUrl", application.callback_url),
        credentials,
    )


def _sip_peer(location: Location) -> etree._Element:
    return element(
        "SipPeer",
        element("PeerId", location.id),
        element("PeerName", location.name),
        element("IsDefaultPeer", location.is_default),
    )


def _sms_feature(location: Location) -> etree._Element:
    if location.sms is None:
        raise RefusedError(404, "13678", "SMS is not enabled on this location.")
    settings = element(
        "SipPeerSmsFeatureSettings", *(element(*setting) for setting in location.sms.settings.items())
    )
    http = element("HttpSettings", element("ProxyPeerId", location.sms.proxy_peer_id))
    return element("SipPeerSmsFeatureResponse", element("SipPeerSmsFeature", settings, http))


def _mms_feature(location: Location) -> etree._Element:
    if location.mms_proxy_peer_id is None:
        raise RefusedError(404, "1016", "MMS is not enabled on this location.")
    settings = element("MmsSettings", element("protocol", "HTTP"))
    http = element("HTTP", element("HttpSettings", element("proxyPeerId", location.mms_proxy_peer_id)))
    return element("MmsFeatureResponse", element("MmsFeature", settings, element("Protocols", http)))


def _settings(location: Location) -> etree._Element:
    settings = element("ApplicationsSettings")
    if location.application_id:
        settings.append(element("HttpMessagingV2AppId", location.application_id))
    return element("ApplicationsSettingsResponse", settings)


def _root(path: str) -> str:
    """The root element of a resource's answers, which its refusals have too."""
    roots = {
        "applicationSettings": "ApplicationsSettingsResponse",
        "/features/sms": "SipPeerSmsFeatureResponse",
        "/features/mms": "MmsFeatureResponse",
        "/sippeers": "SipPeerResponse",
        "/orders": "OrderResponse",
        "/disconnects": "DisconnectTelephoneNumberOrderResponse",
        "/externalTns": "ExternalTnsOrderResponse",
    }
    return next((root for part, root in roots.items() if part in path), "ApplicationProvisioningResponse")
