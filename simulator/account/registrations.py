"""Registrations of the account's numbers: 10DLC campaigns and toll-free verifications."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from simulator.account.account import Account
from simulator.account.number_supply import TOLL_FREE
from simulator.account.numbers import AccountNumber

REGISTERED = "REGISTERED"
VERIFIED = "VERIFIED"
SUCCESS = "SUCCESS"
UNREGISTERED_CODE = 4476
UNVERIFIED_CODE = 4795
# With these values, a location's campaign applies to its numbers unless their own options differ.
FOR_ALL = ("ON", "DefaultOn")

Denial = Literal["role", "feature"]


@dataclass(frozen=True)
class Campaign:
    """`numbers` (ten digits) maps numbers to their status if it is not SUCCESS. An external campaign is
    registered elsewhere and shared with Bandwidth. It cannot be assigned to a location.
    """

    id: str
    status: str
    numbers: Mapping[str, str] = field(default_factory=dict)
    is_external: bool = False


@dataclass(frozen=True)
class Verification:
    """The verification of a toll-free number. `blocked_reason` is set if carriers block the number."""

    status: str
    decline_reason: str | None = None
    blocked_reason: str | None = None
    resubmit_allowed: bool = False
    submission: Mapping[str, Any] | None = None
    ticket: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    def denial(self) -> dict[str, Any]:
        """Return the members about a denial and a block, which responses and webhooks share."""
        shown: dict[str, Any] = {}
        if self.decline_reason is not None:
            shown |= {
                "declineReasonDescription": self.decline_reason,
                "resubmitAllowed": self.resubmit_allowed,
            }
        if self.blocked_reason is not None:
            shown |= {"blocked": True, "blockedReason": self.blocked_reason}
        return shown


class Registrations:
    """The registrations of the account.

    With `enforced`, messages of unregistered numbers fail. `denied` rejects campaign queries because the role
    or the feature is missing. `toll_free_denied` does the same for toll-free verifications. With
    `location_campaign_required`, a location with A2P needs a campaign and a message class.
    """

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

    def delete_campaign(self, campaign_id: str) -> bool:
        """Delete a campaign. Returns False if it does not exist."""
        with self._account.lock:
            return self._campaigns.pop(campaign_id, None) is not None

    def campaigns(self) -> list[Campaign]:
        with self._account.lock:
            return list(self._campaigns.values())

    def campaign(self, campaign_id: str) -> Campaign | None:
        with self._account.lock:
            return self._campaigns.get(campaign_id)

    def list_numbers(self, campaign: Campaign) -> dict[str, str]:
        """Return the numbers (E.164) of a campaign with the status of each."""
        return {
            each.e164: campaign.numbers.get(each.number, SUCCESS)
            for each in self._account.list_numbers()
            if not is_toll_free(each.number) and self.find_campaign_id(each) == campaign.id
        }

    def find_campaign_id(self, number: AccountNumber) -> str | None:
        """Return the campaign id of a number: its own, or that of its location."""
        match number.options.a2p:
            case "asSpecified":
                return number.options.campaign_id
            case "off":
                return None
        location = self._account.find_location(number.location_id or "")
        settings = location.sms.settings if location and location.sms else {}
        return settings.get("A2pCampaignId") if settings.get("A2pLongCode") in FOR_ALL else None

    def set_verification(self, number: str, verification: Verification) -> None:
        """Set the verification of a toll-free number (ten digits)."""
        with self._account.lock:
            self._verifications[number] = verification

    def verification(self, number: str) -> Verification | None:
        with self._account.lock:
            return self._verifications.get(number)

    def verifications(self) -> dict[str, Verification]:
        with self._account.lock:
            return dict(self._verifications)

    def failure(self, number: str) -> int | None:
        """Return the error code of messages from an unregistered number (E.164).

        Returns None if the number is registered or registration is not enforced.
        """
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
    """Return whether a number (ten digits) is toll-free."""
    return number[:3] in TOLL_FREE
