"""The Dashboard API's applications: "Create application", looking at them, changing and deleting them."""

from typing import Any

from flask import Blueprint, Response, request
from lxml import etree

from local.bandwidth.account import SERVICE_TYPE, Account, Application
from local.bandwidth.dashboard_access import guard
from local.bandwidth.dashboard_xml import answer, element, parse, text


def blueprint(account: Account) -> Blueprint:
    api = Blueprint("applications", __name__, url_prefix="/accounts/<account_id>/applications")
    guard(api, account, {"": "ApplicationProvisioningResponse"})

    @api.post("")
    def create_application() -> Response:
        application = account.create_application(**_given())
        return answer(element("ApplicationProvisioningResponse", _application(application)), 201)

    @api.get("")
    def list_applications() -> Response:
        found = element("ApplicationList", *map(_application, account.applications()))
        return answer(element("ApplicationProvisioningResponse", found))

    @api.get("/<application_id>")
    def get_application(application_id: str) -> Response:
        application = account.application(application_id)
        return answer(element("ApplicationProvisioningResponse", _application(application)))

    @api.put("/<application_id>")
    def update_application(application_id: str) -> Response:
        application = account.update_application(application_id, **_given())
        return answer(element("ApplicationProvisioningResponse", _application(application)))

    @api.delete("/<application_id>")
    def delete_application(application_id: str) -> Response:
        account.delete_application(application_id)
        return Response(status=200)

    return api


def _given() -> dict[str, Any]:
    """The properties that the request gives an application."""
    body = parse(request.get_data(), "Application")
    return {
        "name": text(body, "AppName") or "",
        "callback_url": text(body, "CallbackUrl") or "",
        "callback_user": text(body, "CallbackCreds/UserId"),
        "callback_password": text(body, "CallbackCreds/Password"),
        "service_type": text(body, "ServiceType") or SERVICE_TYPE,
    }


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
