"""Registration check: looks up the registration of numbers at Bandwidth, after a set-up and on a schedule."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bandwidth_messaging.bandwidth.errors import BandwidthError, BandwidthUnauthorized
from bandwidth_messaging.domain.numbers import NumberItem, NumberState
from bandwidth_messaging.domain.registration import (
    Registration,
    RegistrationKind,
    RegistrationState,
    allow_for_listing_delay,
    build_campaign_registration,
    build_toll_free_registration,
    build_unknown_registration,
    build_unlisted_registration,
    classify_number,
    is_unchanged,
    may_have_numbers,
)
from bandwidth_messaging.domain.times import now
from bandwidth_messaging.services.parallel import for_each

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.registration_center import Registrations
    from bandwidth_messaging.store.number_store import Numbers

logger = logging.getLogger(__name__)

# The function may run for 300 seconds; the rest is for recording.
CHECK_SECONDS: Final = 200
# A set-up does not wait longer: the scheduled check looks the numbers up again.
SETUP_SECONDS: Final = 20
# A registered toll-free number is looked up, and an unchanged registration is written, once per period.
RECHECK_PERIOD: Final = timedelta(days=1)
# Each toll-free number costs a request.
MAX_TOLL_FREE_PER_RUN: Final = 200
_NOT_REQUIRED: Final = "carriers require registration only for numbers of the United States"


@dataclass(frozen=True)
class RegistrationCheck:
    """Looks up registrations.

    `registrations` returns a client whose requests take at most that many seconds in total; None in the
    classic generation, whose API does not show registrations.
    """

    numbers: "Numbers"
    registrations: "Callable[[float], Registrations] | None"

    def check(self, requested: Iterable[str] | None) -> dict[str, int]:
        """Look up the requested numbers (E.164), or all that are due, and record what changed.

        Returns counts: numbers looked up, numbers per state, registrations written. An unchanged registration
        is written again once per RECHECK_PERIOD. Raises the errors of `Registrations`.
        """
        counts: Counter[str] = Counter()
        if self.registrations:
            client = self.registrations(CHECK_SECONDS)
            # BatchGetItem rejects duplicate keys.
            numbers = list(dict.fromkeys(requested or ()))
            items = self._read_active(numbers)
            toll_free = [number for number in items if classify_number(number) == RegistrationKind.TOLL_FREE]
            others = [number for number in items if number not in set(toll_free)]
            for batch in (others, toll_free if numbers else _select_due(toll_free, items)):
                counts.update(self._check_batch(batch, items, client))
        logger.info("registrations looked up", extra={"counts": counts})
        return dict(counts)

    def look_up_new(self, numbers: Sequence[str]) -> dict[str, Registration]:
        """Return the registrations of numbers (E.164) that were just activated; none if not available.

        Never raises errors of Bandwidth: a failed look-up returns `unknown` registrations.
        """
        if not (self.registrations and numbers):
            return {}
        try:
            found = look_up(numbers, self.registrations(SETUP_SECONDS))
        except BandwidthError as error:
            logger.warning("registration look-up failed", extra={"reason": str(error)})
            at = now()
            return {number: build_unknown_registration(number, str(error), at) for number in numbers}
        return {number: allow_for_listing_delay(registration) for number, registration in found.items()}

    def _read_active(self, numbers: Sequence[str]) -> "dict[str, NumberItem]":
        """Return the items of the given numbers, or of all, that are active and send with V2.

        V1 does not support campaigns, and V1 numbers may be registered with another carrier.
        """
        items = (
            self.numbers.get_all(numbers) if numbers else self.numbers.list_all_by_state(NumberState.ACTIVE)
        )
        return {
            item["number"]: item
            for item in items
            if item["state"] == NumberState.ACTIVE and item["api"] == "v2"
        }

    def _check_batch(
        self, numbers: Sequence[str], items: "Mapping[str, NumberItem]", client: "Registrations"
    ) -> Counter[str]:
        found = {
            number: _keep_recent_assignment(items[number].get("registration"), registration)
            for number, registration in look_up(numbers, client).items()
        }
        changed = [
            number
            for number, registration in found.items()
            if _must_write(items[number].get("registration"), registration)
        ]
        for_each(changed, lambda number: self.numbers.record_registration(number, found[number]))
        counts = Counter(str(registration["state"]) for registration in found.values())
        counts.update({"numbers": len(found), "written": len(changed)})
        return counts


def look_up(numbers: Iterable[str], client: "Registrations") -> dict[str, Registration]:
    """Return the registration of each number (E.164); `unknown` if Bandwidth denies access (403).

    Raises the other errors of `Registrations`.
    """
    by_kind: dict[RegistrationKind, list[str]] = {kind: [] for kind in RegistrationKind}
    for number in numbers:
        by_kind[classify_number(number)].append(number)
    at = now()
    found = {
        number: build_unknown_registration(number, _NOT_REQUIRED, at)
        for number in by_kind[RegistrationKind.NONE]
    }
    for kind, look_up_kind in (
        (RegistrationKind.TEN_DLC, _look_up_campaigns),
        (RegistrationKind.TOLL_FREE, _look_up_verifications),
    ):
        if not by_kind[kind]:
            continue
        try:
            found |= look_up_kind(by_kind[kind], client, at)
        except BandwidthUnauthorized as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            logger.warning("registration access denied", extra={"kind": kind, "reason": str(error)})
            reason = f"Bandwidth denies these credentials access to registrations: {error.words}"
            found |= {number: build_unknown_registration(number, reason, at) for number in by_kind[kind]}
    return found


def _look_up_campaigns(numbers: Iterable[str], client: "Registrations", at: str) -> dict[str, Registration]:
    listed: dict[str, Registration] = {}
    for campaign_id, status in client.list_campaigns().items():
        if may_have_numbers(status):
            for number, number_status in client.list_campaign_numbers(campaign_id).items():
                registration = build_campaign_registration(campaign_id, status, number_status, at)
                # A number can be in several campaigns; one registered campaign is enough.
                if number not in listed or registration["state"] == RegistrationState.REGISTERED:
                    listed[number] = registration
    return {number: listed.get(number) or build_unlisted_registration(at) for number in numbers}


def _look_up_verifications(
    numbers: Iterable[str], client: "Registrations", at: str
) -> dict[str, Registration]:
    found = {}
    for number in numbers:
        verification = client.get_verification(number)
        status, reason = (verification.status, verification.reason) if verification else (None, None)
        found[number] = build_toll_free_registration(status, reason, at)
    return found


def _select_due(toll_free: Iterable[str], items: "Mapping[str, NumberItem]") -> list[str]:
    """Return the toll-free numbers to look up, those with the oldest look-up first."""
    due = [number for number in toll_free if not _was_registered_recently(items[number].get("registration"))]
    due.sort(key=lambda number: str(items[number].get("registration", {}).get("checkedAt", "")))
    return due[:MAX_TOLL_FREE_PER_RUN]


def _was_registered_recently(known: Registration | None) -> bool:
    return known is not None and known["state"] == RegistrationState.REGISTERED and _is_recent(known)


def _is_recent(known: Registration) -> bool:
    age = datetime.fromisoformat(now()) - datetime.fromisoformat(known["checkedAt"])
    return age < RECHECK_PERIOD


def _keep_recent_assignment(known: Registration | None, looked_up: Registration) -> Registration:
    """Return the known registration if a recent assignment to a campaign is not listed yet."""
    if known is None or "campaignId" not in known or "campaignId" in looked_up:
        return looked_up
    is_assigned = known["state"] == RegistrationState.PENDING and _is_recent(known)
    return known if is_assigned else looked_up


def _must_write(known: Registration | None, looked_up: Registration) -> bool:
    return known is None or not is_unchanged(known, looked_up) or not _is_recent(known)
