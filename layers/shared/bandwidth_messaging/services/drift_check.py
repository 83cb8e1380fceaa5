"""Looks for drift: numbers at our locations that we do not know, and numbers of ours that are gone or mute.

Only reads, here and at Bandwidth.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bandwidth_messaging.domain.drift import Finding, What, in_order
from bandwidth_messaging.domain.numbers import NumberItem, NumberState
from bandwidth_messaging.runtime import wiring

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.locations import Locations

# Theirs too are at Bandwidth, or may be.
_KNOWN = frozenset({NumberState.ACTIVE, NumberState.PENDING, NumberState.RELEASING})
Place = tuple[str, str]
"""A site's id and a location's."""


def find() -> list[Finding]:
    """Return the differences between our active numbers and the account's, in order.

    Raises what keeps Bandwidth from telling.
    """
    ours = {item["number"]: item for item in wiring.numbers().list_all_by_state(NumberState.ACTIVE)}
    found = list(_at_locations(ours, wiring.dashboard())) if ours else []
    if old := {number: item for number, item in ours.items() if item["api"] == "v1"}:
        found += _at_catapult(old, ours, wiring.catapult())
    return in_order(_confirmed(found))


def _at_locations(ours: Mapping[str, NumberItem], account: "Locations") -> Iterator[Finding]:
    expected: defaultdict[Place, dict[str, NumberItem]] = defaultdict(dict)
    for number, item in ours.items():
        if "locationId" in item:
            expected[item["siteId"], item["locationId"]][number] = item
    there = {place: account.location_numbers(*place) for place in expected}
    whereabouts = {number: place for place, listed in there.items() for number in listed or ()}
    for place, items in expected.items():
        yield from _at_location(place, items, there[place], ours, whereabouts, account)


def _at_location(
    place: Place,
    items: Mapping[str, NumberItem],
    listed: Mapping[str, bool | None] | None,
    ours: Mapping[str, NumberItem],
    whereabouts: Mapping[str, Place],
    account: "Locations",
) -> Iterator[Finding]:
    _, location_id = place
    if listed is None:
        yield _mute(place, len(items), f"location {location_id} is gone")
        return
    for number in items.keys() - listed.keys():
        moved = f"it is at location {whereabouts[number][1]} now" if number in whereabouts else None
        yield _finding("vanished", number, moved or f"location {location_id} does not list it", place)
    # V1 sends without the location, which need not be ours alone then.
    texting = {number: item for number, item in items.items() if item["api"] == "v2"}
    if not texting:
        return
    for number in listed.keys() - ours.keys():
        yield _finding("appeared", number, f"location {location_id} lists it", place)
    if here := {number: item for number, item in texting.items() if number in listed}:
        yield from _messaging(place, here, listed, account)


def _messaging(
    place: Place, items: Mapping[str, NumberItem], listed: Mapping[str, bool | None], account: "Locations"
) -> Iterator[Finding]:
    _, location_id = place
    if account.sms(*place) is None:
        yield _mute(place, len(items), f"SMS is off at location {location_id}")
    else:
        for number in items:
            if listed[number] is False:
                yield _finding("lostMessaging", number, "SMS is off for it", place)
    assigned = account.assigned_application(*place)
    for application_id, numbers in Counter(item.get("applicationId") for item in items.values()).items():
        if application_id not in {assigned, None}:
            has = f"the application {assigned}" if assigned else "no application"
            yield _mute(place, numbers, f"location {location_id} has {has}; it should have {application_id}")


def _at_catapult(
    items: Mapping[str, NumberItem], ours: Mapping[str, NumberItem], catapult: "Catapult"
) -> Iterator[Finding]:
    """Yield what differs for the numbers of V1, whose messages go by their application in Catapult."""
    listed = catapult.numbers()
    applications = {item.get("applicationId") for item in items.values()} - {None}
    for number, item in items.items():
        application_id = item.get("applicationId")
        if number not in listed:
            yield _finding("vanished", number, "Catapult does not list it")
        elif listed[number] != application_id:
            has = f"the application {listed[number]}" if listed[number] else "no application"
            yield _finding(
                "lostMessaging", number, f"it has {has} in Catapult; it should have {application_id}"
            )
    for number in listed.keys() - ours.keys():
        if listed[number] in applications:
            yield _finding("appeared", number, f"it has the application {listed[number]} in Catapult")


def _finding(what: What, number: str, reason: str, place: Place | None = None) -> Finding:
    finding: Finding = {"what": what, "number": number, "reason": reason}
    if place:
        finding["siteId"], finding["locationId"] = place
    return finding


def _mute(place: Place, numbers: int, reason: str) -> Finding:
    site_id, location_id = place
    return {
        "what": "lostMessaging",
        "numbers": numbers,
        "siteId": site_id,
        "locationId": location_id,
        "reason": reason,
    }


def _confirmed(found: list[Finding]) -> Iterator[Finding]:
    """Yield the findings without those about numbers whose records have changed on the way, or explain it."""
    numbers = list({finding["number"]: None for finding in found if "number" in finding})
    records = wiring.numbers().get_all(numbers, consistent=True)
    states = {item["number"]: item["state"] for item in records}
    for finding in found:
        state = states.get(finding.get("number", ""))
        if "number" not in finding:
            yield finding
        elif finding["what"] != "appeared":
            if state == NumberState.ACTIVE:
                yield finding
        elif state is None:
            yield finding
        elif state not in _KNOWN:
            yield {**finding, "reason": f"{finding['reason']}, and our record says {state}"}
