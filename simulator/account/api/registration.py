"""Registration in the current account API (JSON): 10DLC campaigns and their numbers, toll-free verification.

Paths, envelope and the members campaignId, brandId, phoneNumber and status are those that Bandwidth's command
line reads. The members of a verification are from its messaging specification.
"""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, g, jsonify, request

from simulator.access import may_use_account
from simulator.account.account import Account
from simulator.account.api.submissions import add_submissions
from simulator.account.registrations import Campaign, Registrations
from simulator.account.verifications import Verifications
from simulator.json_responses import JsonResponse
from simulator.telephone_numbers import ten_digits
from simulator.timestamps import timestamp

MAX_PAGE_SIZE = 250
DEFAULT_PAGE_SIZE = 50
DENIALS = {
    "role": "The user does not have access rights",
    "feature": "The account is not enabled for the Registration Center",
}


def blueprint(account: Account, registrations: Registrations, verifications: Verifications) -> Blueprint:
    api = Blueprint("registration", __name__, url_prefix="/api/v2/accounts/<account_id>")

    @api.url_value_preprocessor
    def take_account_id(_: str | None, values: dict[str, str] | None) -> None:
        g.account_id = (values or {}).pop("account_id", None)

    @api.before_request
    def check() -> JsonResponse | None:
        if not may_use_account(account):
            return _error(401, "Unauthorized")
        if g.account_id != account.config.account_id:
            return _error(403, DENIALS["role"])
        is_campaign = "/tendlc/" in request.path
        denial = registrations.denied if is_campaign else registrations.toll_free_denied and "role"
        return _error(403, DENIALS[denial]) if denial else None

    _campaigns(api, registrations)

    @api.get("/phoneNumbers/<number>/tollFreeVerification")
    def get_verification(number: str) -> JsonResponse:
        found = registrations.verification(ten_digits(number) or "")
        if found is None:
            return _error(404, "No verification of this number exists.")
        shown = {
            "phoneNumber": number,
            "status": found.status,
            "internalTicketNumber": found.ticket,
            "createdDateTime": timestamp(found.created),
            "modifiedDateTime": timestamp(found.modified),
            **found.denial(),
        }
        if found.submission is not None:
            shown["submission"] = found.submission
        return jsonify(shown), 200

    add_submissions(api, verifications)
    return api


def _campaigns(api: Blueprint, registrations: Registrations) -> None:
    @api.get("/tendlc/campaigns")
    def list_campaigns() -> JsonResponse:
        return _listed([_campaign(each) for each in registrations.campaigns()])

    @api.get("/tendlc/campaigns/<campaign_id>")
    def get_campaign(campaign_id: str) -> JsonResponse:
        found = registrations.campaign(campaign_id)
        return (jsonify(data=_campaign(found)), 200) if found else _error(404, "Campaign not found")

    @api.get("/tendlc/campaigns/<campaign_id>/phoneNumbers")
    def list_numbers(campaign_id: str) -> JsonResponse:
        found = registrations.campaign(campaign_id)
        if found is None:
            return _error(404, "Campaign not found")
        numbers = registrations.list_numbers(found).items()
        return _listed([{"phoneNumber": number, "status": status} for number, status in numbers])


def _campaign(campaign: Campaign) -> dict[str, str]:
    return {"campaignId": campaign.id, "brandId": "BSIMULATED", "status": campaign.status}


def _listed(items: Sequence[Any]) -> JsonResponse:
    """Return a page of items. `offset` counts items."""
    limit = request.args.get("limit", DEFAULT_PAGE_SIZE, type=int)
    offset = request.args.get("offset", 0, type=int)
    if not 1 <= limit <= MAX_PAGE_SIZE or offset < 0:
        return _error(400, f"limit must be from 1 to {MAX_PAGE_SIZE}, offset 0 or more")
    page = {
        "pageNumber": offset // limit,
        "pageSize": limit,
        "totalElements": len(items),
        "totalPages": -(-len(items) // limit),
    }
    return jsonify(data=list(items[offset : offset + limit]), page=page), 200


def _error(status: int, description: str) -> JsonResponse:
    return jsonify(errors=[{"description": description}]), status
