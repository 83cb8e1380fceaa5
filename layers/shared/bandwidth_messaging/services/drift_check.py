"""Drift check: compares the numbers in Bandwidth's account with the stack's records. Changes neither."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bandwidth_messaging.domain.drift import DriftCause, DriftKind, Finding, count_findings, sort_findings
from bandwidth_messaging.domain.numbers import NumberItem, NumberState
from bandwidth_messaging.domain.times import now

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.locations import Locations
    from bandwidth_messaging.store.drift_store import Drift
    from bandwidth_messaging.store.number_store import Numbers

logger = logging.getLogger(__name__)

# Numbers in these states exist at Bandwidth, or may exist there.
_EXPECTED_STATES = frozenset({NumberState.ACTIVE, NumberState.PENDING, NumberState.RELEASING})
type Place = tuple[str, str]
"""The ids of a site and of a location."""


@dataclass(frozen=True)
class DriftResult:
    """All findings, sorted, and whether they differ from those of the last check."""

    findings: list[Finding]
    is_new: bool


@dataclass(frozen=True)
class DriftCheck:
    """Compares the account with the active numbers."""

    numbers: "Numbers"
    drift: "Drift"
    locations: "Callable[[], Locations]"
    catapult: "Callable[[], Catapult]"

    def check(self) -> DriftResult:
        """Find the differences and record them. Raises the errors of Bandwidth's clients."""
        findings = self._find()
        is_new = self.drift.record(findings, now())
        logger.info("drift checked", extra={"counts": count_findings(findings), "news": is_new})
        return DriftResult(findings, is_new)

    def _find(self) -> list[Finding]:
        active = {item["number"]: item for item in self.numbers.list_all_by_state(NumberState.ACTIVE)}
        findings: list[Finding] = []
        if active:
            findings += _check_locations(active, self.locations())
        if classic := {number: item for number, item in active.items() if item["api"] == "v1"}:
            findings += _check_catapult(classic, active, self.catapult())
        return sort_findings(self._drop_outdated(findings))

    def _drop_outdated(self, findings: list[Finding]) -> Iterator[Finding]:
        """Yield the findings that still hold now that the records are read again.

        An appeared number with a record, such as a released one, keeps the state of the record.
        """
        numbers = list(dict.fromkeys(finding.number for finding in findings if finding.number))
        records = self.numbers.get_all(numbers, consistent=True)
        states = {item["number"]: NumberState(item["state"]) for item in records}
        for finding in findings:
            state = states.get(finding.number) if finding.number else None
            if finding.number is None:
                yield finding
            elif finding.kind != DriftKind.APPEARED:
                if state == NumberState.ACTIVE:
                    yield finding
            elif state not in _EXPECTED_STATES:
                yield replace(finding, recorded_state=state)


def _check_locations(active: "Mapping[str, NumberItem]", account: "Locations") -> Iterator[Finding]:
    expected: defaultdict[Place, dict[str, NumberItem]] = defaultdict(dict)
    for number, item in active.items():
        if "locationId" in item:
            expected[item["siteId"], item["locationId"]][number] = item
    listings = {place: account.list_location_numbers(*place) for place in expected}
    locations = {number: place[1] for place, listed in listings.items() for number in listed or ()}
    for place, items in expected.items():
        site_id, location_id = place
        listed = listings[place]
        if listed is None:
            yield _lost_messaging(place, len(items), DriftCause.LOCATION_MISSING)
            continue
        for number in items.keys() - listed.keys():
            yield Finding(
                DriftKind.VANISHED,
                DriftCause.MOVED if number in locations else DriftCause.NOT_LISTED_AT_LOCATION,
                number,
                site_id=site_id,
                location_id=location_id,
                other_location_id=locations.get(number),
            )
        # V1 sends independently of the location, so other numbers may share a V1 number's location.
        if texting := {number: item for number, item in items.items() if item["api"] == "v2"}:
            yield from _check_messaging(place, texting, listed, active, account)


def _check_messaging(
    place: Place,
    items: "Mapping[str, NumberItem]",
    listed: Mapping[str, bool | None],
    active: "Mapping[str, NumberItem]",
    account: "Locations",
) -> Iterator[Finding]:
    """Check the numbers that send with V2 at a location that lists numbers."""
    site_id, location_id = place
    for number in listed.keys() - active.keys():
        yield Finding(
            DriftKind.APPEARED,
            DriftCause.LISTED_AT_LOCATION,
            number,
            site_id=site_id,
            location_id=location_id,
        )
    present = {number: item for number, item in items.items() if number in listed}
    if not present:
        return
    if account.find_sms(*place) is None:
        yield _lost_messaging(place, len(present), DriftCause.SMS_OFF_AT_LOCATION)
    else:
        for number in present:
            if listed[number] is False:
                yield Finding(
                    DriftKind.LOST_MESSAGING,
                    DriftCause.SMS_OFF_FOR_NUMBER,
                    number,
                    site_id=site_id,
                    location_id=location_id,
                )
    assigned = account.find_assigned_application(*place)
    applications = Counter(item.get("applicationId") for item in present.values())
    for expected_id, count in applications.items():
        if expected_id not in {assigned, None}:
            finding = _lost_messaging(place, count, DriftCause.LOCATION_APPLICATION)
            yield replace(finding, application_id=assigned, expected_application_id=expected_id)


def _check_catapult(
    items: "Mapping[str, NumberItem]", active: "Mapping[str, NumberItem]", catapult: "Catapult"
) -> Iterator[Finding]:
    """Check the numbers that send with V1: Catapult assigns the application to each number."""
    listed = catapult.list_numbers()
    applications = {item.get("applicationId") for item in items.values()} - {None}
    for number, item in items.items():
        expected_id = item.get("applicationId")
        if number not in listed:
            yield Finding(DriftKind.VANISHED, DriftCause.NOT_LISTED_IN_CATAPULT, number)
        elif listed[number] != expected_id:
            yield Finding(
                DriftKind.LOST_MESSAGING,
                DriftCause.CATAPULT_APPLICATION,
                number,
                application_id=listed[number],
                expected_application_id=expected_id,
            )
    for number in listed.keys() - active.keys():
        if listed[number] in applications:
            yield Finding(
                DriftKind.APPEARED,
                DriftCause.LISTED_IN_CATAPULT,
                number,
                application_id=listed[number],
            )


def _lost_messaging(place: Place, numbers: int, cause: DriftCause) -> Finding:
    site_id, location_id = place
    return Finding(DriftKind.LOST_MESSAGING, cause, numbers=numbers, site_id=site_id, location_id=location_id)
