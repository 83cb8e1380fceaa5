"""Control of registration: campaigns, toll-free verifications, enforcement, and read permissions."""

from typing import Annotated, Literal

from flask import Blueprint, jsonify
from pydantic import AfterValidator, BaseModel, ConfigDict

from simulator.account.registrations import Campaign, Denial, Verification
from simulator.control.models import number, read_body, us_digits
from simulator.json_responses import JsonResponse
from simulator.rejections import RejectedError
from simulator.simulator import Simulator


class CampaignInput(BaseModel):
    """A campaign of the account. Numbers are on it by their options or their location's; those named here
    have another status than SUCCESS."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["REGISTERED", "PENDING", "REJECTED", "SUSPENDED", "EXPIRED"]
    numbers: dict[Annotated[str, AfterValidator(number)], Literal["SUCCESS", "PROCESSING", "FAILURE"]] = {}
    external: bool = False


class VerificationInput(BaseModel):
    """What became of a toll-free number's verification."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["VERIFIED", "UNVERIFIED", "PENDING", "PARTIALLY_VERIFIED", "INVALID_STATUS"]
    decline_reason: str | None = None
    blocked_reason: str | None = None


class Switches(BaseModel):
    """`enforce_registration`: messages of numbers without a registration fail. `denied`: asking about
    campaigns is a 403, for want of a role or of the account's feature; `toll_free_denied` likewise.
    `location_campaign_required`: enabling A2P at a location without a campaign is rejected."""

    model_config = ConfigDict(extra="forbid")
    enforce_registration: bool = False
    denied: Denial | None = None
    toll_free_denied: bool = False
    location_campaign_required: bool = False


def add(control: Blueprint, simulator: Simulator) -> None:
    registrations = simulator.registrations

    @control.put("/campaigns/<campaign_id>")
    def set_campaign(campaign_id: str) -> JsonResponse:
        given = read_body(CampaignInput)
        numbers = {us_digits(each): status for each, status in given.numbers.items()}
        registrations.set_campaign(Campaign(campaign_id, given.status, numbers, given.external))
        return jsonify(id=campaign_id, **given.model_dump()), 200

    @control.delete("/campaigns/<campaign_id>")
    def drop_campaign(campaign_id: str) -> JsonResponse:
        if not registrations.drop_campaign(campaign_id):
            raise RejectedError(404, None, f"There is no campaign {campaign_id}.")
        return jsonify({}), 200

    @control.put("/toll-free/<toll_free>")
    def set_verification(toll_free: str) -> JsonResponse:
        given = read_body(VerificationInput)
        registrations.set_verification(us_digits(toll_free), Verification(**given.model_dump()))
        return jsonify(given.model_dump(exclude_none=True)), 200

    @control.put("/registration")
    def set_switches() -> JsonResponse:
        given = read_body(Switches)
        registrations.enforced = given.enforce_registration
        registrations.denied = given.denied
        registrations.toll_free_denied = given.toll_free_denied
        registrations.location_campaign_required = given.location_campaign_required
        return jsonify(given.model_dump()), 200
