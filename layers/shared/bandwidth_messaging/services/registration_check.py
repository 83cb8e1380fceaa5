"""Looking up whether carriers take our numbers' texts: at a set-up's end, on a schedule, and by hand."""

import logging
from collections.abc import Iterable, Sequence
from http import HTTPStatus

from bandwidth_messaging.bandwidth.errors import BandwidthError, BandwidthUnauthorized
from bandwidth_messaging.bandwidth.registration_center import Registrations
from bandwidth_messaging.domain import registration
from bandwidth_messaging.domain.registration import Registration
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.runtime import wiring

logger = logging.getLogger(__name__)


# A set-up does not wait long for it: the schedule looks again.
_SECONDS_AT_A_SETUPS_END = 20
_NEEDS_NONE = "it is not a number of the United States, whose carriers ask for registration"


def of_new(numbers: Sequence[str]) -> dict[str, Registration]:
    """Return the registration of each number (E.164) that has just come; nothing in the classic generation.

    Never raises what Bandwidth does: the registration is then unknown.
    """
    if not (wiring.is_current() and numbers):
        return {}
    try:
        found = look_up(numbers, wiring.registrations(seconds=_SECONDS_AT_A_SETUPS_END))
    except BandwidthError as error:
        logger.warning("registration not looked up", extra={"reason": str(error)})
        at = now()
        return {number: registration.unknown(number, str(error), at) for number in numbers}
    return {number: registration.of_new(each) for number, each in found.items()}


def look_up(numbers: Iterable[str], registrations: Registrations) -> dict[str, Registration]:
    """Return the registration of each number (E.164); unknown where Bandwidth does not let us see (403).

    Raises the other errors of `Registrations`.
    """
    by_kind: dict[str, list[str]] = {"10dlc": [], "toll_free": [], "none": []}
    for number in numbers:
        by_kind[registration.kind_of(number)].append(number)
    at = now()
    found = {number: registration.unknown(number, _NEEDS_NONE, at) for number in by_kind["none"]}
    for kind, look in (("10dlc", _of_campaigns), ("toll_free", _of_verifications)):
        if not by_kind[kind]:
            continue
        try:
            found |= look(by_kind[kind], registrations, at)
        except BandwidthUnauthorized as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            logger.warning("registration not to be seen", extra={"kind": kind, "reason": str(error)})
            reason = f"Bandwidth does not let these credentials see it: {error.words}"
            found |= {number: registration.unknown(number, reason, at) for number in by_kind[kind]}
    return found


def _of_campaigns(numbers: Iterable[str], registrations: Registrations, at: str) -> dict[str, Registration]:
    listed: dict[str, Registration] = {}
    for campaign_id, status in registrations.campaigns().items():
        if registration.may_have_numbers(status):
            for number, number_status in registrations.numbers_of(campaign_id).items():
                found = registration.of_campaign(campaign_id, status, number_status, at)
                if number not in listed or found["state"] == "registered":
                    listed[number] = found
    return {number: listed.get(number) or registration.of_no_campaign(at) for number in numbers}


def _of_verifications(
    numbers: Iterable[str], registrations: Registrations, at: str
) -> dict[str, Registration]:
    found = {}
    for number in numbers:
        status, reason = registrations.verification(number) or (None, None)
        found[number] = registration.of_verification(status, reason, at)
    return found
