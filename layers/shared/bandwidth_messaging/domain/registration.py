"""Registration: whether carriers in the United States take a number's texts, and if not, why.

A local number texts for a 10DLC campaign that is REGISTERED, a toll-free number once it is VERIFIED (wire
facts: 10DLC, toll-free verification). Bandwidth takes the texts of all others too, and then they fail.
"""

import re
from typing import Final, Literal, NotRequired, TypedDict

State = Literal["registered", "pending", "unregistered", "unknown"]
Kind = Literal["10dlc", "toll_free", "none"]

UNREGISTERED: Final = "unregistered"

_TOLL_FREE: Final = re.compile(r"\+18(00|33|44|55|66|77|88)[0-9]{7}")
_LOCAL: Final = re.compile(r"\+1[2-9][0-9]{9}")
# Area codes of +1 outside the United States and its territories: Canada, then the Caribbean and Bermuda.
# A test compares them with the phonenumbers library, which is too slow to load for every message.
_CANADA: Final = (
    "204 226 236 249 250 257 263 273 289 306 343 354 365 367 368 382 403 416 418 428 431 437 438 450 468 474"
    " 506 514 519 548 579 581 584 587 600 604 613 622 633 639 647 672 683 705 709 742 753 778 780 782 807 819"
    " 825 867 873 879 902 905 942"
)
_CARIBBEAN: Final = "242 246 264 268 284 345 441 473 649 658 664 721 758 767 784 809 829 849 868 869 876"
_OUTSIDE_THE_US: Final = frozenset(f"{_CANADA} {_CARIBBEAN}".split())
_NUMBER_STATES: Final[dict[str, State]] = {
    "SUCCESS": "registered",
    "PROCESSING": "pending",
    "FAILURE": "unregistered",
}
_CAMPAIGN_STATES: Final[dict[str, State]] = {
    "REGISTERED": "registered",
    "SUCCESS": "registered",
    "REGISTERING": "pending",
    "PENDING": "pending",
    "UNREGISTERING": "pending",
    "DECLINED": "unregistered",
    "REJECTED": "unregistered",
    "EXPIRED": "unregistered",
    "SUSPENDED": "unregistered",
    "ERROR": "unregistered",
}
_ON_NONE: Final = "it is on no 10DLC campaign that carriers know"
_DEAD: Final = ("DECLINED", "EXPIRED", "REJECTED")
_VERIFICATION_STATES: Final[dict[str, State]] = {
    "VERIFIED": "registered",
    "PENDING": "pending",
    "UNVERIFIED": "unregistered",
    "REJECTED": "unregistered",
    "DENIED": "unregistered",
    "RESTRICTED": "unregistered",
}


class Registration(TypedDict):
    """What is known of a number's registration, and when it was last looked up (RFC 3339)."""

    kind: Kind
    state: State
    checkedAt: str
    campaignId: NotRequired[str]
    reason: NotRequired[str]


def kind_of(number: str) -> Kind:
    """Return what a number (E.164) is registered as.

    `none` for numbers of other countries, also those of +1: carriers in the United States demand 10DLC of its
    numbers only. Its territories, such as Puerto Rico, count as the United States.
    """
    if _TOLL_FREE.fullmatch(number):
        return "toll_free"
    is_local = _LOCAL.fullmatch(number) and number[2:5] not in _OUTSIDE_THE_US
    return "10dlc" if is_local else "none"


def may_have_numbers(campaign_status: str) -> bool:
    """Tell whether a campaign's numbers are worth asking for; what is over and done with piles up."""
    return campaign_status.upper() not in _DEAD


def of_campaign(campaign_id: str, campaign_status: str, number_status: str, at: str) -> Registration:
    """Return the registration of a local number that a campaign lists, by Bandwidth's words for both.

    The worse of both counts; a word that is not documented is `unknown`.
    """
    number = _NUMBER_STATES.get(number_status.upper(), "unknown")
    campaign = _CAMPAIGN_STATES.get(campaign_status.upper(), "unknown")
    found: Registration = {"kind": "10dlc", "state": number, "checkedAt": at, "campaignId": campaign_id}
    if campaign != "registered":
        return found | {"state": campaign, "reason": f"campaign {campaign_id} is {campaign_status}"}
    if number != "registered":
        found["reason"] = f"its registration with campaign {campaign_id} is {number_status}"
    return found


def of_no_campaign(at: str) -> Registration:
    """Return the registration of a local number that no campaign lists."""
    return {"kind": "10dlc", "state": "unregistered", "checkedAt": at, "reason": _ON_NONE}


def of_options(campaign_id: str, refusal: str | None, at: str) -> Registration:
    """Return the registration of a local number that was just put into a campaign, or was not, and why."""
    found: Registration = {"kind": "10dlc", "state": "pending", "checkedAt": at, "campaignId": campaign_id}
    if refusal is None:
        return found | {"reason": f"it was just put into campaign {campaign_id}"}
    return found | {"state": "unregistered", "reason": f"not put into campaign {campaign_id}: {refusal}"}


def of_verification(status: str | None, reason: str | None, at: str) -> Registration:
    """Return the registration of a toll-free number by Bandwidth's word for it; None: nobody asked for it."""
    if status is None:
        state: State = "unregistered"
        reason = "nobody has asked for its toll-free verification"
    else:
        state = _VERIFICATION_STATES.get(status.upper(), "unknown")
        reason = None if state == "registered" else f"its verification is {status}{_more(reason)}"
    found: Registration = {"kind": "toll_free", "state": state, "checkedAt": at}
    return found | {"reason": reason} if reason else found


def of_new(found: Registration) -> Registration:
    """Return the registration of a number that came just now: not listed yet, it may well be on its way."""
    if found["state"] != "unregistered" or "campaignId" in found:
        return found
    return found | {"state": "pending", "reason": "it is new, and not listed as registered yet"}


def unknown(number: str, reason: str, at: str) -> Registration:
    """Return the registration of a number that nobody could look up, or that needs none."""
    return {"kind": kind_of(number), "state": "unknown", "checkedAt": at, "reason": reason}


def warning_of(number: str, found: Registration | None) -> str | None:
    """Return in words why carriers will refuse a number's texts; None where that is not known.

    None also for a number that needs no registration, whatever was once recorded of it.
    """
    if found is None or found["state"] != UNREGISTERED or kind_of(number) == "none":
        return None
    return (
        f"{number} is not registered, and carriers refuse its texts: {found.get('reason')} (looked up at "
        f"{found['checkedAt']}); register it at Bandwidth, then run CheckRegistration or wait for its turn"
    )


def says_the_same(one: Registration | None, other: Registration) -> bool:
    """Tell whether two differ in nothing but the time."""
    return one is not None and one | {"checkedAt": ""} == other | {"checkedAt": ""}


def _more(reason: str | None) -> str:
    return f" ({reason})" if reason else ""
