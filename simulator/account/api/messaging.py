"""The Dashboard API's messaging features of a location, and the assignment of its application."""

import re
from collections.abc import Mapping

from flask import Blueprint, Response, request
from lxml import etree

from simulator.account.account import PROXY_PEER_ID, Account, Location, SmsFeature
from simulator.account.api.access import guard
from simulator.account.api.xml import element, parse, text, xml_response
from simulator.account.registrations import Registrations
from simulator.rejections import RejectedError

SMS_SETTINGS = ("TollFree", "ShortCode", "Protocol", "Zone1", "Zone2", "Zone3", "Zone4", "Zone5")
A2P_SETTINGS = ("A2pLongCode", "A2pMessageClass", "A2pCampaignId")
A2P_LONG_CODES = ("ON", "OFF", "DefaultOn", "DefaultOff")


def blueprint(account: Account, registrations: Registrations) -> Blueprint:
    path = "/accounts/<account_id>/sites/<site_id>/sippeers/<location_id>/products/messaging"
    api = Blueprint("messaging", __name__, url_prefix=path)
    roots = {"/sms": "SipPeerSmsFeatureResponse", "/mms": "MmsFeatureResponse"}
    guard(api, account, {**roots, "": "ApplicationsSettingsResponse"})
    _sms(api, account, registrations)
    _mms(api, account)
    _assignment(api, account)
    return api


def _sms(api: Blueprint, account: Account, registrations: Registrations) -> None:
    @api.route("/features/sms", methods=["POST", "PUT"])
    def enable_sms(site_id: str, location_id: str) -> Response:
        location = account.location(site_id, location_id)
        body = parse(request.get_data(), "SipPeerSmsFeature")
        settings = {name: text(body, f"SipPeerSmsFeatureSettings/{name}") or "" for name in SMS_SETTINGS}
        for name, value in settings.items():
            if not value:
                raise RejectedError(400, "1003", f"{name} is a required field.")
            if name != "Protocol" and value.lower() not in ("true", "false"):
                raise RejectedError(400, "1006", f"{name} must be true or false.")
        _check_http_settings(body, "HttpSettings")
        status = _feature_status(location.sms is not None)
        proxy_peer_id = _proxy_peer_id(text(body, "HttpSettings/ProxyPeerId"), account)
        a2p = {} if account.config.generation == "classic" else _a2p(body, settings, registrations)
        # The current samples have the A2P settings after ShortCode.
        order = (*SMS_SETTINGS[:2], *A2P_SETTINGS, *SMS_SETTINGS[2:])
        complete = settings | a2p
        ordered = {name: complete[name] for name in order if name in complete}
        account.enable_sms(location, SmsFeature(ordered, proxy_peer_id))
        return xml_response(_sms_feature(location), status)

    @api.get("/features/sms")
    def get_sms(site_id: str, location_id: str) -> Response:
        return xml_response(_sms_feature(account.location(site_id, location_id)))

    @api.delete("/features/sms")
    def disable_sms(site_id: str, location_id: str) -> Response:
        account.disable_sms(account.location(site_id, location_id))
        return Response(status=200)


def _mms(api: Blueprint, account: Account) -> None:
    @api.route("/features/mms", methods=["POST", "PUT"])
    def enable_mms(site_id: str, location_id: str) -> Response:
        location = account.location(site_id, location_id)
        body = parse(request.get_data(), "MmsFeature")
        # The document requires a lower-case `protocol`, but Bandwidth's clients send `Protocol`. Both work.
        protocol = text(body, "MmsSettings/protocol", "MmsSettings/Protocol")
        if not protocol:
            raise RejectedError(400, "1003", "protocol is a required field.")
        settings = "Protocols/HTTP/HttpSettings"
        _check_http_settings(body, settings)
        status = _feature_status(location.mms_proxy_peer_id is not None)
        proxy_peer_id = _proxy_peer_id(
            text(body, f"{settings}/ProxyPeerId", f"{settings}/proxyPeerId"), account
        )
        account.enable_mms(location, protocol, proxy_peer_id)
        return xml_response(_mms_feature(location), status)

    @api.get("/features/mms")
    def get_mms(site_id: str, location_id: str) -> Response:
        return xml_response(_mms_feature(account.location(site_id, location_id)))

    @api.delete("/features/mms")
    def disable_mms(site_id: str, location_id: str) -> Response:
        account.disable_mms(account.location(site_id, location_id))
        return Response(status=200)


def _assignment(api: Blueprint, account: Account) -> None:
    @api.put("/applicationSettings")
    def assign_application(site_id: str, location_id: str) -> Response:
        location = account.location(site_id, location_id)
        body = parse(request.get_data(), "ApplicationsSettings")
        # The document has REMOVE in the root, error 13628 suggests the element. Both detach.
        application_id = text(body, "HttpMessagingV2AppId") or (body.text or "").strip()
        account.assign_application(location, application_id)
        return xml_response(_settings(location))

    @api.get("/applicationSettings")
    def get_assignment(site_id: str, location_id: str) -> Response:
        return xml_response(_settings(account.location(site_id, location_id)))


def _a2p(body: etree._Element, settings: Mapping[str, str], registrations: Registrations) -> dict[str, str]:
    """Return the current API's campaign settings of a location. Raises RejectedError (error list)."""
    a2p = {name: text(body, f"SipPeerSmsFeatureSettings/{name}") or "" for name in A2P_SETTINGS}
    long_code, message_class, campaign_id = a2p.values()
    if long_code and long_code not in A2P_LONG_CODES:
        words = f"Valid values are: {', '.join(A2P_LONG_CODES)}."
        raise RejectedError(400, "13636", f"A2pLongCode value is invalid. {words}")
    is_off = long_code in ("", "OFF")
    has_other_features = any(settings[each].lower() == "true" for each in ("TollFree", "ShortCode"))
    if campaign_id and is_off and not has_other_features:
        raise RejectedError(
            400, "13637", "CampaignID shouldn't be present if all of its features are disabled."
        )
    if message_class and is_off:
        words = "A2P Message Class shouldn't be present if 'A2pLongCode' is disabled."
        raise RejectedError(400, "13642", words)
    # A published sample of DefaultOff has neither campaign nor message class.
    is_required = not is_off and (long_code != "DefaultOff" or registrations.location_campaign_required)
    if is_required and not campaign_id:
        raise RejectedError(400, "13638", "CampaignID is required if 'A2pLongCode' is enabled.")
    if is_required and not message_class:
        raise RejectedError(400, "13641", "A2P Message Class is required if 'A2pLongCode' is enabled.")
    campaign = registrations.campaign(campaign_id)
    if campaign_id and campaign is None:
        words = f"Campaign ID '{campaign_id}' was not found in list of authorized Campaign IDs."
        raise RejectedError(400, "13639", words)
    if campaign is not None and campaign.is_external:
        words = (
            f"Campaign ID '{campaign_id}' is not an internal campaign and cannot be assigned to a location."
        )
        raise RejectedError(400, "13682", words)
    if message_class and not re.fullmatch(r"[A-Za-z0-9]{1,64}", message_class):
        words = f"A2P Message Class '{message_class}' was not found in list of authorized Message Classes."
        raise RejectedError(400, "13640", words)
    return {name: value for name, value in a2p.items() if value}


def _check_http_settings(body: etree._Element, path: str) -> None:
    if body.find(path) is None:
        raise RejectedError(400, "13608", "Protocol HTTP needs HttpSettings.")


def _proxy_peer_id(requested: str | None, account: Account) -> str:
    """Return the requested ProxyPeerId or the default. The classic API has no default."""
    if not requested and account.config.generation == "classic":
        raise RejectedError(400, "1003", "ProxyPeerId is a required field.")
    return requested or PROXY_PEER_ID


def _feature_status(is_enabled: bool) -> int:
    """Return the HTTP status. POST creates or replaces the feature. PUT changes it."""
    if request.method == "POST":
        return 201
    if not is_enabled:
        raise RejectedError(404, "1016", "The feature is not enabled on this location.")
    return 200


def _sms_feature(location: Location) -> etree._Element:
    if location.sms is None:
        raise RejectedError(404, "13678", "SMS is not enabled on this location.")
    settings = element(
        "SipPeerSmsFeatureSettings", *(element(*setting) for setting in location.sms.settings.items())
    )
    http = element("HttpSettings", element("ProxyPeerId", location.sms.proxy_peer_id))
    return element("SipPeerSmsFeatureResponse", element("SipPeerSmsFeature", settings, http))


def _mms_feature(location: Location) -> etree._Element:
    if location.mms_proxy_peer_id is None:
        raise RejectedError(404, "1016", "MMS is not enabled on this location.")
    settings = element("MmsSettings", element("protocol", "HTTP"))
    http = element("HTTP", element("HttpSettings", element("proxyPeerId", location.mms_proxy_peer_id)))
    return element("MmsFeatureResponse", element("MmsFeature", settings, element("Protocols", http)))


def _settings(location: Location) -> etree._Element:
    settings = element("ApplicationsSettings")
    if location.application_id:
        settings.append(element("HttpMessagingV2AppId", location.application_id))
    return element("ApplicationsSettingsResponse", settings)
