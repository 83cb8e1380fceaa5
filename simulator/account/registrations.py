"""Registrations of the account's numbers: 10DLC campaigns and toll-free verifications."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from simulator.account.account import Account
from simulator.account.number_supply import TOLL_FREE
from simulator.account.numbers import AccountNumber

REGISTERED = "REGISTERED"
VERIFIED = "VERIFIED"
SUCCESS = "SUCCESS"
UNREGISTERED_CODE = 4476
UNVERIFIED_CODE = 4795
# What makes a location's campaign that of its numbers, unless they have their own way.
FOR_ALL = ("ON", "DefaultOn")

Denial = Literal["role", "feature"]


@dataclass(frozen=True)
class Campaign:
    """`numbers` (ten digits) have a status of their own where it is not SUCCESS. An external campaign, one
    registered elsewhere and shared with Bandwidth, cannot be a location's."""

    id: str
    status: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    is_external: bool = False


@dataclass(frozen=True)
class Verification:
    """A toll-free number's; `blocked_reason` if carriers block it, whatever its status."""

    status: str
    decline_reason: str | None = None
    blocked_reason: str | None = None


class Registrations:
    """The registrations of the account. `enforced`: messages of unregistered numbers fail. `denied`: who asks
    has not the role, or the account not the feature, for campaigns; `toll_free_denied` likewise.
    `location_campaign_required`: a location where A2P is on must have a campaign and a message class."""

    def __init__(self, account: Account, *, enforced: bool) -> None:
        self._account = account
        self._usually_enforced = enforced
        self._campaigns: dict[str, Campaign] = {}
        self._verifications: dict[str, Verification] = {}
        self.reset()

    def reset(self) -> None:
        self.enforced = self._usually_enforced
        self.denied: Denial | None = None
        self.toll_free_denied = False
        self.location_campaign_required = False
        self._campaigns.clear()
        self._verifications.clear()

    def set_campaign(self, campaign: Campaign) -> None:
        with self._account.lock:
            self._campaigns[campaign.id] = campaign

    def drop_campaign(self, campaign_id: str) -> bool:
        """Whether there was such a campaign."""
        with self._account.lock:
            return self._campaigns.pop(campaign_id, None) is not None

    def campaigns(self) -> list[Campaign]:
        with self._account.lock:
            return list(self._campaigns.values())

    def campaign(self, campaign_id: str) -> Campaign | None:
        with self._account.lock:
            return self._campaigns.get(campaign_id)

    def list_numbers(self, campaign: Campaign) -> dict[str, str]:
        """The numbers (E.164) of a campaign, and the status of each."""
        return {
            each.e164: campaign.numbers.get(each.number, SUCCESS)
            for each in self._account.list_numbers()
            if not is_toll_free(each.number) and self.find_campaign_id(each) == campaign.id
        }

    def find_campaign_id(self, number: AccountNumber) -> str | None:
        """The campaign that a number texts for: its own, or its location's."""
        match number.options.a2p:
            case "asSpecified":
                return number.options.campaign_id
            case "off":
                return None
        location = self._account.find_location(number.location_id or "")
        settings = location.sms.settings if location and location.sms else {}
        return settings.get("A2pCampaignId") if settings.get("A2pLongCode") in FOR_ALL else None

    def set_verification(self, number: str, verification: Verification) -> None:
        """Say what became of the verification of a toll-free number (ten digits)."""
        with self._account.lock:
            self._verifications[number] = verification

    def verification(self, number: str) -> Verification | None:
        with self._account.lock:
            return self._verifications.get(number)

    def verifications(self) -> dict[str, Verification]:
        with self._account.lock:
            return dict(self._verifications)

    def failure(self, number: str) -> int | None:
        """The error code with which messages from a number of the account (E.164) fail; None if they do not
        for want of a registration."""
        found = self._account.number(number)
        if not self.enforced or found is None:
            return None
        if is_toll_free(found.number):
            return None if self._is_verified(found.number) else UNVERIFIED_CODE
        return None if self._is_registered(found) else UNREGISTERED_CODE

    def _is_verified(self, number: str) -> bool:
        found = self.verification(number)
        return found is not None and found.status == VERIFIED and found.blocked_reason is None

    def _is_registered(self, number: AccountNumber) -> bool:
        campaign = self.campaign(self.find_campaign_id(number) or "")
        if campaign is None or campaign.status != REGISTERED:
            return False
        return campaign.numbers.get(number.number, SUCCESS) == SUCCESS


def is_toll_free(number: str) -> bool:
    """Whether a number (ten digits) is toll-free."""
    return number[:3] in TOLL_FREE
