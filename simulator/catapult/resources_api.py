"""The V1 (Catapult) API's applications and phoneNumbers: "Create Application" and "Import Number"."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from simulator.account.account import Account
from simulator.catapult.catapult import PROVIDER, Catapult, CatapultApplication, PhoneNumber
from simulator.catapult.errors import invalid, missing
from simulator.catapult.json_api import guard, json_object, page, required_text
from simulator.rate_limits import RateLimits
from simulator.telephone_numbers import e164
from simulator.timestamps import timestamp


def blueprint(account: Account, catapult: Catapult, rate_limits: RateLimits) -> Blueprint:
    api = Blueprint("catapult", __name__, url_prefix="/v1/users/<user_id>")
    guard(api, account)
    _applications(api, account, catapult, rate_limits)
    _phone_numbers(api, account, catapult, rate_limits)
    return api


def _applications(api: Blueprint, account: Account, catapult: Catapult, rate_limits: RateLimits) -> None:
    path = f"/v1/users/{account.config.user_id}/applications"

    @api.post("/applications")
    def create_application() -> Response:
        rate_limits.take_request("applications")
        application = catapult.create_application(json_object())
        # The document's Location is a path here, and a URL in the response to an import.
        return Response(status=201, headers={"Location": f"{path}/{application.id}"})

    @api.get("/applications")
    def list_applications() -> Response:
        rate_limits.take_request("applications")
        found, headers = page("application", catapult.applications())
        response = jsonify([_application(each) for each in found])
        response.headers.update(headers)
        return response

    @api.get("/applications/<application_id>")
    def get_application(application_id: str) -> Response:
        rate_limits.take_request("applications")
        return jsonify(_application(catapult.application(application_id)))

    @api.post("/applications/<application_id>")
    def update_application(application_id: str) -> Response:
        rate_limits.take_request("applications")
        catapult.update_application(application_id, json_object())
        return Response(status=200)

    @api.delete("/applications/<application_id>")
    def delete_application(application_id: str) -> Response:
        rate_limits.take_request("applications")
        catapult.delete_application(application_id)
        return Response(status=200)


def _phone_numbers(api: Blueprint, account: Account, catapult: Catapult, rate_limits: RateLimits) -> None:
    def shown(number: PhoneNumber) -> dict[str, Any]:
        body: dict[str, Any] = {"id": number.id}
        if application := catapult.find_application(number.application_id):
            users = f"{request.host_url}v1/users/{account.config.user_id}"
            body["application"] = f"{users}/applications/{application.id}"
        digits = number.number.removeprefix("+1")
        body |= {
            "number": number.number,
            "nationalNumber": f"({digits[:3]}) {digits[3:6]}-{digits[6:]}",
            "name": number.name,
            "createdTime": timestamp(number.created),
            "numberState": number.state,
        }
        return {name: value for name, value in body.items() if value is not None}

    @api.post("/phoneNumbers")
    def import_number() -> Response:
        rate_limits.take_import()
        body = json_object()
        number = _number(body)
        application_id = required_text("phoneNumber", body, "applicationId")
        properties = _provider_properties(body)
        imported = catapult.import_number(
            number,
            application_id,
            body.get("name"),
            account_id=required_text("provider", properties, "accountId"),
            user=required_text("provider", properties, "userName"),
            password=required_text("provider", properties, "password"),
        )
        return Response(status=201, headers={"Location": f"{request.base_url.rstrip('/')}/{imported.id}"})

    @api.get("/phoneNumbers")
    def list_numbers() -> Response:
        wanted = request.args
        numbers = [
            each
            for each in catapult.numbers(wanted.get("numberState", "enabled"))
            if wanted.get("applicationId") in (None, each.application_id)
            and wanted.get("name") in (None, each.name)
        ]
        found, headers = page("phoneNumber", numbers)
        response = jsonify([shown(each) for each in found])
        response.headers.update(headers)
        return response

    @api.get("/phoneNumbers/<name>")
    def get_number(name: str) -> Response:
        return jsonify(shown(catapult.number(name)))

    @api.post("/phoneNumbers/<name>")
    def update_number(name: str) -> Response:
        rate_limits.take_request("phoneNumbers")
        changes = json_object()
        if unknown := sorted(changes.keys() - {"applicationId", "name", "fallbackNumber"}):
            raise invalid(f"Bad parameters: {', '.join(unknown)}")
        catapult.update_number(name, changes)
        return Response(status=200)

    @api.delete("/phoneNumbers/<name>")
    def release_number(name: str) -> Response:
        rate_limits.take_request("phoneNumbers")
        catapult.release(name)
        return Response(status=200)


def _application(application: CatapultApplication) -> dict[str, Any]:
    defaults = {
        "incomingMessageUrlCallbackTimeout": application.timeout,
        "callbackHttpMethod": "POST",
        "autoAnswer": True,
    }
    return {"id": application.id, **defaults, **application.properties}


def _number(body: dict[str, Any]) -> str:
    number = required_text("phoneNumber", body, "number")
    if not number.startswith("+1") or e164(number) is None:
        raise invalid("Invalid phone number")
    return number


def _provider_properties(body: dict[str, Any]) -> dict[str, Any]:
    provider = body.get("provider")
    if not isinstance(provider, dict):
        raise missing("phoneNumber", "provider")
    if required_text("provider", provider, "providerName") != PROVIDER:
        words = "The 'provider' resource property 'providerName' must be one of the following values"
        raise invalid(f"{words}: {PROVIDER}")
    properties = provider.get("properties")
    if not isinstance(properties, dict):
        raise missing("provider", "properties")
    return properties
