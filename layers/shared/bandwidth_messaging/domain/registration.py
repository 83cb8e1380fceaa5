"""Registration of numbers with carriers in the United States: 10DLC campaigns and toll-free verification.

Carriers accept messages of a local number in a REGISTERED 10DLC campaign and of a VERIFIED toll-free number.
Bandwidth accepts messages of other numbers too, and the carriers reject them.
"""

import re
from enum import StrEnum
from typing import Final, NotRequired, TypedDict


class RegistrationState(StrEnum):
    """Whether carriers accept messages of a number."""

    REGISTERED = "registered"
    PENDING = "pending"
    UNREGISTERED = "unregistered"
    UNKNOWN = "unknown"


class RegistrationKind(StrEnum):
    """How a number is registered."""

    TEN_DLC = "10dlc"
    TOLL_FREE = "toll_free"
    NONE = "none"


class SubmissionOutcome(StrEnum):
    """What a request to verify a toll-free number did."""

    SUBMITTED = "submitted"
    RESUBMITTED = "resubmitted"
    UNCHANGED = "unchanged"
    """Carriers have verified the number, or review it."""


_TOLL_FREE: Final = re.compile(r"\+18(00|33|44|55|66|77|88)[0-9]{7}")
_LOCAL: Final = re.compile(r"\+1[2-9][0-9]{9}")
# Area codes of +1 outside the United States and its territories: Canada, then the Caribbean and Bermuda.
# A test compares them with the phonenumbers library, which takes too long to load for each message.
_CANADA: Final = (
    "204 226 236 249 250 257 263 273 289 306 343 354 365 367 368 382 403 416 418 428 431 437 438 450 468 474"
    " 506 514 519 548 579 581 584 587 600 604 613 622 633 639 647 672 683 705 709 742 753 778 780 782 807 819"
    " 825 867 873 879 902 905 942"
)
_CARIBBEAN: Final = "242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876"
_OUTSIDE_THE_US: Final = frozenset(f"{_CANADA} {_CARIBBEAN}".split())
_NUMBER_STATES: Final = {
    "SUCCESS": RegistrationState.REGISTERED,
    "PROCESSING": RegistrationState.PENDING,
    "FAILURE": RegistrationState.UNREGISTERED,
}
_CAMPAIGN_STATES: Final = {
    "REGISTERED": RegistrationState.REGISTERED,
    "SUCCESS": RegistrationState.REGISTERED,
    "REGISTERING": RegistrationState.PENDING,
    "PENDING": RegistrationState.PENDING,
    "UNREGISTERING": RegistrationState.PENDING,
    "DECLINED": RegistrationState.UNREGISTERED,
    "REJECTED": RegistrationState.UNREGISTERED,
    "EXPIRED": RegistrationState.UNREGISTERED,
    "SUSPENDED": RegistrationState.UNREGISTERED,
    "ERROR": RegistrationState.UNREGISTERED,
}
_ENDED_CAMPAIGN_STATUSES: Final = ("DECLINED", "EXPIRED", "REJECTED")
_VERIFICATION_STATES: Final = {
    "VERIFIED": RegistrationState.REGISTERED,
    "PENDING": RegistrationState.PENDING,
    "UNVERIFIED": RegistrationState.UNREGISTERED,
    "REJECTED": RegistrationState.UNREGISTERED,
    "DENIED": RegistrationState.UNREGISTERED,
    "RESTRICTED": RegistrationState.UNREGISTERED,
}


class Registration(TypedDict):
    """The registration of a number at its last look-up (`checkedAt`, RFC 3339)."""

    kind: RegistrationKind
    state: RegistrationState
    checkedAt: str
    campaignId: NotRequired[str]
    reason: NotRequired[str]


def classify_number(number: str) -> RegistrationKind:
    """Return how a number (E.164) is registered.

    Carriers require 10DLC only for numbers of the United States and its territories, such as Puerto Rico.
    Numbers of other countries, also those of +1, need no registration.
    """
    if _TOLL_FREE.fullmatch(number):
        return RegistrationKind.TOLL_FREE
    if _LOCAL.fullmatch(number) and number[2:5] not in _OUTSIDE_THE_US:
        return RegistrationKind.TEN_DLC
    return RegistrationKind.NONE


def may_have_numbers(campaign_status: str) -> bool:
    """Return whether a campaign with this status can have numbers. Ended campaigns accumulate."""
    return campaign_status.upper() not in _ENDED_CAMPAIGN_STATUSES


def build_campaign_registration(
    campaign_id: str, campaign_status: str, number_status: str, at: str
) -> Registration:
    """Return the registration of a local number in a campaign, from Bandwidth's status of each.

    The worse status counts. The state of an undocumented status is `unknown`.
    """
    number_state = _NUMBER_STATES.get(number_status.upper(), RegistrationState.UNKNOWN)
    campaign_state = _CAMPAIGN_STATES.get(campaign_status.upper(), RegistrationState.UNKNOWN)
    registration: Registration = {
        "kind": RegistrationKind.TEN_DLC,
        "state": number_state,
        "checkedAt": at,
        "campaignId": campaign_id,
    }
    if campaign_state != RegistrationState.REGISTERED:
        registration["state"] = campaign_state
        registration["reason"] = f"campaign {campaign_id} is {campaign_status}"
    elif number_state != RegistrationState.REGISTERED:
        registration["reason"] = f"the number's status in campaign {campaign_id} is {number_status}"
    return registration


def build_unlisted_registration(at: str) -> Registration:
    """Return the registration of a local number that no campaign lists."""
    return {
        "kind": RegistrationKind.TEN_DLC,
        "state": RegistrationState.UNREGISTERED,
        "checkedAt": at,
        "reason": "the number is in no 10DLC campaign",
    }


def build_assigned_registration(campaign_id: str, rejection: str | None, at: str) -> Registration:
    """Return the registration of a local number after an order to assign the number to a campaign.

    `rejection` is Bandwidth's reason if the order failed for the number.
    """
    registration: Registration = {
        "kind": RegistrationKind.TEN_DLC,
        "state": RegistrationState.PENDING,
        "checkedAt": at,
        "campaignId": campaign_id,
        "reason": f"the number was just assigned to campaign {campaign_id}",
    }
    if rejection is not None:
        registration["state"] = RegistrationState.UNREGISTERED
        registration["reason"] = f"Bandwidth did not assign campaign {campaign_id}: {rejection}"
    return registration


def build_toll_free_registration(status: str | None, reason: str | None, at: str) -> Registration:
    """Return the registration of a toll-free number from Bandwidth's verification status.

    `status` is None if no verification was requested; `reason` is Bandwidth's reason for a rejection.
    """
    if status is None:
        state = RegistrationState.UNREGISTERED
        explanation = "no toll-free verification was requested"
    else:
        state = _VERIFICATION_STATES.get(status.upper(), RegistrationState.UNKNOWN)
        explanation = f"the toll-free verification is {status}{f' ({reason})' if reason else ''}"
    registration: Registration = {"kind": RegistrationKind.TOLL_FREE, "state": state, "checkedAt": at}
    if state != RegistrationState.REGISTERED:
        registration["reason"] = explanation
    return registration


def build_unknown_registration(number: str, reason: str, at: str) -> Registration:
    """Return the registration of a number (E.164) that was not looked up, or that needs none."""
    return {
        "kind": classify_number(number),
        "state": RegistrationState.UNKNOWN,
        "checkedAt": at,
        "reason": reason,
    }


def allow_for_listing_delay(registration: Registration) -> Registration:
    """Return the registration of a number that was just activated: `pending` if no campaign lists it yet."""
    if registration["state"] != RegistrationState.UNREGISTERED or "campaignId" in registration:
        return registration
    reason = "the number is new, and Bandwidth does not list it as registered yet"
    return registration | {"state": RegistrationState.PENDING, "reason": reason}


def explain_unregistered(number: str, registration: Registration | None) -> str | None:
    """Return why carriers reject the messages of a number (E.164), None unless they are known to do so.

    Returns None also for a number that needs no registration, whatever its record holds.
    """
    if registration is None or registration["state"] != RegistrationState.UNREGISTERED:
        return None
    if classify_number(number) == RegistrationKind.NONE:
        return None
    return (
        f"{number} is not registered, so carriers reject its messages: {registration.get('reason')} "
        f"(checked at {registration['checkedAt']}). Register the number at Bandwidth, then run "
        "CheckRegistration or wait for the next scheduled check."
    )


def is_unchanged(known: Registration | None, looked_up: Registration) -> bool:
    """Return whether two registrations differ at most in `checkedAt`."""
    return known is not None and known | {"checkedAt": ""} == looked_up | {"checkedAt": ""}
