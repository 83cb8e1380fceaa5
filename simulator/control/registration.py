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
    """A campaign of the account. A number belongs to it by its own options or by those of its location.
    `numbers` names the numbers whose status is not SUCCESS.
    """

    model_config = ConfigDict(extra="forbid")
    status: Literal["REGISTERED", "PENDING", "REJECTED", "SUSPENDED", "EXPIRED"]
    numbers: dict[Annotated[str, AfterValidator(number)], Literal["SUCCESS", "PROCESSING", "FAILURE"]] = {}
    external: bool = False


class VerificationInput(BaseModel):
    """The verification of a toll-free number. A decision is reported to the webhook subscriptions."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["VERIFIED", "UNVERIFIED", "PENDING", "PARTIALLY_VERIFIED", "INVALID_STATUS"]
    decline_reason: str | None = None
    blocked_reason: str | None = None
    resubmit_allowed: bool = False


class Switches(BaseModel):
    """Settings of registration.

    `enforce_registration` makes messages of unregistered numbers fail. `denied` makes campaign queries return
    403, because the role or the account's feature is missing. `toll_free_denied` does the same for toll-free
    verifications. With `location_campaign_required`, A2P at a location without a campaign is rejected.
    """

    model_config = ConfigDict(extra="forbid")
    enforce_registration: bool = False
    denied: Denial | None = None
    toll_free_denied: bool = False
    location_campaign_required: bool = False


def add(control: Blueprint, simulator: Simulator) -> None:
    registrations = simulator.registrations

    @control.put("/campaigns/<campaign_id>")
    def set_campaign(campaign_id: str) -> JsonResponse:
        campaign = read_body(CampaignInput)
        numbers = {us_digits(each): status for each, status in campaign.numbers.items()}
        registrations.set_campaign(Campaign(campaign_id, campaign.status, numbers, campaign.external))
        return jsonify(id=campaign_id, **campaign.model_dump()), 200

    @control.delete("/campaigns/<campaign_id>")
    def delete_campaign(campaign_id: str) -> JsonResponse:
        if not registrations.delete_campaign(campaign_id):
            raise RejectedError(
                404,
                None,
                f"Campaign {campaign_id} does not exist. GET /_simulator/account lists the campaigns.",
            )
        return jsonify({}), 200

    @control.put("/toll-free/<toll_free>")
    def set_verification(toll_free: str) -> JsonResponse:
        verification = read_body(VerificationInput)
        simulator.verifications.decide(us_digits(toll_free), Verification(**verification.model_dump()))
        return jsonify(verification.model_dump(exclude_none=True)), 200

    @control.put("/registration")
    def set_switches() -> JsonResponse:
        switches = read_body(Switches)
        registrations.enforced = switches.enforce_registration
        registrations.denied = switches.denied
        registrations.toll_free_denied = switches.toll_free_denied
        registrations.location_campaign_required = switches.location_campaign_required
        return jsonify(switches.model_dump()), 200
